import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { z } from "zod"
import { BadFileError } from "./bad-file-error.ts"
import { parseCheckedYaml } from "./checked-yaml.ts"

const schema = z.strictObject({
  name: z.string(),
  copies: z.int().min(1).default(1),
  services: z.record(z.string(), z.strictObject({ start: z.string(), routes: z.array(z.string()) })).default({}),
  how: z.union([z.literal("none"), z.strictObject({ every: z.int() })]).optional(),
})

const parse = (text: string) => parseCheckedYaml(text, schema, { file: "shop.yml", hint: "See the reference." })

function complaintsOf(text: string) {
  try {
    parse(text)
  } catch (thrown) {
    if (thrown instanceof BadFileError) return thrown.complaints
    throw thrown
  }
  return []
}

const places = (text: string) => complaintsOf(text).map(({ line, column, key }) => [line, column, key])

test("a good file comes out with its defaults", () => {
  assert.deepEqual(parse("name: shop\n"), { name: "shop", copies: 1, services: {} })
})

test("a complaint names file, line, column and key, and the error ends with the way out", () => {
  assert.throws(
    () => parse("name: shop\nservices:\n  web:\n    start: 5\n    routes: [/]\n"),
    (thrown) => {
      assert.ok(thrown instanceof BadFileError)
      assert.match(thrown.message, /^shop\.yml:4:5: services\.web\.start: /)
      assert.equal(thrown.hint, "See the reference.")
      return true
    },
  )
})

test("what is missing is placed at the nearest thing around it that is there", () => {
  assert.deepEqual(places("name: shop\nservices:\n  web: { start: run }\n"), [[3, 3, "services.web.routes"]])
  assert.deepEqual(places("copies: 2\n"), [[1, 1, "name"]])
  assert.deepEqual(places(""), [[1, 1, ""]])
})

test("an item of a list is placed at itself", () => {
  assert.deepEqual(places("name: shop\nservices:\n  web:\n    start: run\n    routes:\n      - /\n      - 7\n"), [
    [7, 9, "services.web.routes.1"],
  ])
})

test("several mistakes are told in the order of the file", () => {
  assert.deepEqual(places("extra: 1\nname: 2\ncopies: 0\n"), [
    [1, 1, "extra"],
    [2, 1, "name"],
    [3, 1, "copies"],
  ])
})

test("of several forms the one that was meant is complained about", () => {
  assert.deepEqual(places("name: shop\nhow: { every: often }\n"), [[2, 8, "how.every"]])
})

test("a key that stands twice is a mistake", () => {
  assert.deepEqual(places("name: shop\nname: store\n")[0]?.slice(0, 2), [2, 1])
})

test("an alias without its anchor is placed where it stands", () => {
  assert.deepEqual(places("name: shop\nservices: *all\n")[0]?.slice(0, 2), [2, 11])
})

test("an alias that unfolds without end is refused, not followed", () => {
  const bomb = ["name: shop", "services:", "  a: &a [x, x, x, x, x, x, x, x, x]"]
  for (const [i, letter] of "bcdefghij".split("").entries()) {
    const before = "abcdefghij"[i] ?? "a"
    bomb.push(`  ${letter}: &${letter} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`)
  }
  assert.equal(complaintsOf(bomb.join("\n")).length > 0, true)
})

const pieces = [
  "name: shop",
  "services:",
  "  web:",
  "    start: run",
  "    routes: [/, 7]",
  "how: {every: 1}",
  "- x",
  "? [a, b]",
  ": 5",
  "&a x",
  "*a",
]
const odd = [
  "!!binary x",
  "<<: *a",
  "---",
  "...",
  "%YAML 1.2",
  "|",
  ">-",
  '"\\x',
  "'",
  "\t",
  "{",
  "]",
  "__proto__: 1",
  "1: 2",
  "null: ~",
  "#",
]
const yamlLike = fc
  .array(fc.tuple(fc.constantFrom("", " ", "  ", "      "), fc.constantFrom(...pieces, ...odd, "é", "\u0000")), { maxLength: 12 })
  .map((lines) => lines.map(([indent, piece]) => indent + piece).join("\n"))

test("whatever the text, there is a value or a list of placed complaints, and never another error", () => {
  fc.assert(
    fc.property(fc.oneof(yamlLike, fc.string({ unit: "binary" }), fc.json()), (text) => {
      const lines = text.split(/\r\n|\r|\n/).length
      for (const { line, column, message } of complaintsOf(text)) {
        assert.ok(line >= 1 && line <= lines + 1, `line ${line} of ${lines}`)
        assert.ok(column >= 1)
        assert.notEqual(message, "")
        assert.doesNotMatch(message, /\n\s+at /)
      }
    }),
    { numRuns: 1_500 },
  )
})
