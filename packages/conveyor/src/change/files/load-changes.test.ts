import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import fc from "fast-check"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { loadChanges, parseChange } from "./load-changes.ts"

const good = `summary: One payment, several methods
operations:
  - derive_columns:
      table: payments.payment
      from: { method: text }
      to:
        method_code: { type: smallint, nullable: false }
      up: { method_code: "length(method)" }
      down: { method: "repeat('x', method_code)" }
  - create_index: { table: payments.payment, name: payment_code, columns: [method_code] }
`

function fault(text: string): ConveyorError {
  let thrown: unknown = "the file was taken"
  try {
    parseChange("changes/0002-x.yml", "0002-x", text)
  } catch (caught) {
    thrown = caught
  }
  assert.ok(thrown instanceof ConveyorError, String(thrown))
  return thrown
}

test("changes are read in the order of their names, each with a digest of what its operations say", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-changes-"))
  try {
    await writeFile(join(folder, "0002-b.yml"), good)
    await writeFile(join(folder, "0001-a.yaml"), good.replace("several", "two"))
    await writeFile(join(folder, "0003-c.yml"), good.replace("nullable: false", "nullable: true"))
    await writeFile(join(folder, "README.md"), "not a change")
    const changes = await loadChanges(folder)
    assert.deepEqual(
      changes.map(({ name }) => name),
      ["0001-a", "0002-b", "0003-c"],
    )
    assert.equal(changes[0]?.digest, changes[1]?.digest)
    assert.notEqual(changes[1]?.digest, changes[2]?.digest)
    assert.deepEqual(
      changes[1]?.operations.map(({ kind }) => kind),
      ["derive_columns", "create_index"],
    )
    assert.deepEqual(await loadChanges(join(folder, "missing")), [])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("a fault is told with file, line, column, key and the way out", () => {
  const cases: [text: string, expected: RegExp][] = [
    [good.replace("from:", "form:"), /changes\/0002-x.yml:5:7: operations.0.derive_columns.form: no such key here; did you mean "from"\?/],
    [
      good.replace("table: payments.payment\n", "table: payment\n"),
      /:4:7: operations.0.derive_columns.table: "payment" is not a table with its schema/,
    ],
    [
      good.replace("create_index", "make_index"),
      /:10:5: operations.1.make_index: there is no operation "make_index"; there are .*create_index/,
    ],
    [good.replace('method_code: "length', 'code: "length'), /:8:\d+: operations.0.derive_columns.up: says nothing about "method_code"/],
    [good.replace(/ {6}down.*\n/, ""), /derive_columns.down: says nothing about "method"/],
    [good.replace("nullable: false", "nullable: perhaps"), /:7:\d+: operations.0.derive_columns.to.method_code.nullable: /],
    [
      good.replace("type: smallint", "type: smallint; DROP TABLE x"),
      /:7:\d+: operations.0.derive_columns.to.method_code.type: this is not a type/,
    ],
    [good.replace("summary:", "title:"), /title: no such key here; there are summary or operations/],
    ["", /:1:1: found nothing; right is: a summary and operations/],
    ["summary: [", /:1:\d+: .*close every bracket/],
    ["- 1", /0002-x.yml:1:1: /],
    ["summary: x\noperations: []", /:2:1: operations: a change needs at least one operation/],
    ["summary: x\noperations:\n  - {}\n", /:3:5: operations.0: an operation is one key with its settings under it; this has none/],
    [
      "summary: x\noperations:\n  - add_column: { table: a.b, column: c, type: int, nullable: false }\n",
      /add_column.nullable: .*give it a default/,
    ],
  ]
  for (const [text, expected] of cases) {
    const thrown = fault(text)
    assert.match(thrown.message, expected)
    assert.equal(thrown.code, "bad-change")
    assert.ok(thrown.hint)
  }
})

test("what is missing or of another kind is told with what would be right, in words for people", () => {
  const operation = (text: string) => `summary: x\noperations:\n  - ${text}\n`
  const cases: [text: string, expected: RegExp][] = [
    ["[]", /:1:1: found an empty list; right is: a summary and operations/],
    [
      "summary: [a]\noperations: x",
      /:1:1: summary: found a list; right is: one line .*\n.*:2:1: operations: found "x"; right is: a list of operations/,
    ],
    ["summary: x\noperations: [x]", /:2:14: operations.0: found "x"; right is: one key with its settings/],
    ["summary: x\nsummary: y\noperations: []", /:2:1: summary: the key stands here for the second time/],
    ["summary: x\n---\noperations: []", /:2:1: a second document begins here/],
    ["\uFFFD\uFFFDs\0u\0", /:1:1: this is UTF-16/],
    [operation("add_column:"), /:3:5: operations.0.add_column: found no value/],
    [operation("add_column: { table: 5, column: c, type: int }"), /add_column.table: "5" is not a table with its schema/],
    [
      operation("add_column: { table: [a], column: c, type: int }"),
      /:3:19: .*table: found a list; right is: a table with its schema, such as/,
    ],
    [operation("add_column: { table: a.b, column: c }"), /:3:5: .*add_column.type: is missing: a type as in CREATE TABLE/],
    [operation("add_column: { table: a.b, column: c, type: int, default: null }"), /default: found no value; right is: SQL.*'NULL'/],
    [operation("add_column: { table: a.b, column: c, typ: int }"), /typ: no such key here; did you mean "type"\?/],
    [operation("add_colum: {}"), /there is no operation "add_colum"; did you mean "add_column"\?/],
    [operation("create_index: { table: a.b, name: x, columns: [] }"), /columns: names no column/],
    [operation("create_index: { table: a.b, name: x, columns: id }"), /columns: found "id"; right is: a list of columns, such as \[id\]/],
    [operation("create_index: { table: a.b, name: x, columns: [id], method: btre }"), /method: found "btre"; right is: btree, hash/],
    [operation("create_index: { table: a.b, name: x, columns: [id], unique: maybe }"), /unique: found "maybe"; right is: true or false/],
    [operation("sql: { expand: [], undo: x }"), /expand: has no statement/],
    [operation("add_enum_value: { type: a.b }"), /value: is missing: a value of the type/],
    [operation("drop_column: { table: a.b, column: c, lets_go: x }"), /lets_go: found "x"; right is: a list of names/],
  ]
  for (const [text, expected] of cases) {
    const { message } = fault(text)
    assert.match(message, expected)
    assert.doesNotMatch(message, /expected|received|invalid|undefined|\bobject\b|regex/i)
  }
})

test("a number is SQL as it is written, however many digits it has", () => {
  for (const written of ["12345678901234567890", "1.50", "0.10", "007", "1e400"]) {
    const text = `summary: x\noperations:\n  - add_column: { table: a.b, column: c, type: numeric, nullable: false, default: ${written} }\n`
    const [operation] = parseChange("changes/0002-x.yml", "0002-x", text).operations
    assert.match(
      JSON.stringify(operation?.expand({ table: () => undefined } as never)),
      new RegExp(`DEFAULT \\(${written.replace(".", "\\.")}\\D`),
    )
  }
})

test("every fault of a file is told at once", () => {
  const thrown = fault(good.replace("from:", "form:").replace("columns: [method_code]", "columns: []"))
  assert.match(thrown.message, /no such key here/)
  assert.match(thrown.message, /names no column; name at least one/)
})

test("whatever a file holds, it gives a change or an error with a place, never anything else", () => {
  const mutated = fc
    .tuple(
      fc.array(
        fc.tuple(
          fc.nat(good.length),
          fc.nat(20),
          fc.oneof(fc.string(), fc.constantFrom(": ", "\n  - ", "{", "[", "&a ", "*a", "!!map ", "null", "\0", "\t")),
        ),
        { maxLength: 4 },
      ),
    )
    .map(([cuts]) => cuts.reduce((text, [at, length, put]) => text.slice(0, at) + put + text.slice(at + length), good))
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string(), fc.json()), (text) => {
      try {
        parseChange("changes/0002-x.yml", "0002-x", text)
      } catch (thrown) {
        assert.ok(thrown instanceof ConveyorError, thrown instanceof Error ? thrown.stack : String(thrown))
        assert.match(thrown.message, /^changes\/0002-x.yml:\d+:\d+: /)
      }
    }),
    { numRuns: 500 },
  )
})
