// add_constraint: not null, check, unique or foreign key on a table in use. Existing rows are looked at first, then the
// constraint is added unproven, then proven beside the traffic. It holds from the end of the backfill on, so old code
// has to keep to it; `enforce: contract` waits until old code is gone.
import { z } from "zod"
import { columnOf } from "../evidence/catalog.ts"
import type { TableFacts } from "../evidence/catalog.ts"
import { displayName, literal, quote, quoteAll, sqlName } from "../files/names.ts"
import { buildIndex } from "./create-index.ts"
import { cast, columnsField, identifierField, rowOf, sqlField, tableField } from "./parts/fields.ts"
import { notNull } from "./parts/not-null.ts"
import { missingColumn, missingTable } from "./parts/objections.ts"
import { nothing } from "./operation.ts"
import type { Objection, Operation, Statement, Tables } from "./operation.ts"

const foreignKeyField = z.strictObject({
  columns: columnsField,
  references: tableField,
  to: columnsField,
  on_delete: z.enum(["no action", "restrict", "cascade", "set null"]).default("no action"),
})

export const schema = z
  .strictObject({
    table: tableField,
    name: identifierField,
    not_null: identifierField.optional(),
    check: sqlField.optional(),
    unique: columnsField.optional(),
    foreign_key: foreignKeyField.optional(),
    enforce: z.enum(["ready", "contract"]).default("ready"),
  })
  .superRefine((spec, context) => {
    const given = [spec.not_null, spec.check, spec.unique, spec.foreign_key].filter((one) => one !== undefined)
    if (given.length !== 1) context.addIssue({ code: "custom", message: "needs exactly one of not_null, check, unique and foreign_key" })
    if (spec.foreign_key !== undefined && spec.foreign_key.columns.length !== spec.foreign_key.to.length) {
      context.addIssue({ code: "custom", path: ["foreign_key", "to"], message: "has to name as many columns as columns does" })
    }
  })

type Spec = z.infer<typeof schema>

export function make(spec: Spec, id: string): Operation {
  const { table, name, enforce } = spec
  return {
    ...nothing,
    kind: "add_constraint",
    id,
    tables: [table],
    takes: enforce === "contract" ? [{ kind: "other", what: `rows of ${displayName(table)} that break ${name}` }] : [],
    describe: () => `add constraint ${name} to ${displayName(table)}`,
    texts: spec.check === undefined ? [] : [{ key: "check", use: "expression", sql: spec.check }],
    objections: (tables) => objections(spec, tables),
    proofs: (tables) => {
      const facts = tables(table)
      return spec.check === undefined || facts === undefined
        ? []
        : [{ key: "check", sql: `SELECT ${cast(spec.check, "boolean")} FROM ${rowOf(facts)} LIMIT 0` }]
    },
    finish: (tables) => (enforce === "ready" ? statements(spec, id, tables) : []),
    contract: (tables) => (enforce === "contract" ? { prepare: statements(spec, id, tables), hide: undefined, drop: [] } : undefined),
  }
}

function objections(spec: Spec, tables: Tables): Objection[] {
  const facts = tables(spec.table)
  if (facts === undefined) return [missingTable(spec.table)]
  const found = columnsOf(spec)
    .filter((column) => columnOf(facts, column) === undefined)
    .map((column) => missingColumn(facts, column))
  if (facts.constraints.some((constraint) => constraint.name === spec.name)) {
    found.push({ message: `table ${displayName(spec.table)} has a constraint "${spec.name}" already`, hint: "Choose another name." })
  }
  if (spec.not_null !== undefined && columnOf(facts, spec.not_null)?.isNullable === false) {
    found.push({
      message: `column "${spec.not_null}" of ${displayName(spec.table)} takes no NULL already`,
      hint: "Take the operation out.",
    })
  }
  if (facts.kind === "partitioned" && (spec.unique !== undefined || spec.foreign_key !== undefined)) {
    found.push({
      message: `${displayName(spec.table)} is partitioned: PostgreSQL cannot add this constraint to it beside the traffic`,
      hint: "Add it partition by partition with sql, or in a window without traffic.",
    })
  }
  return found
}

const columnsOf = ({ not_null: column, unique, foreign_key: key }: Spec): string[] => [
  ...(column === undefined ? [] : [column]),
  ...(unique ?? []),
  ...(key?.columns ?? []),
]

function statements(spec: Spec, id: string, tables: Tables): Statement[] {
  const { table, name, not_null: column, check, unique, foreign_key: key } = spec
  const rowsThat = (broken: string): Statement => ({
    key: `rows for ${name}`,
    how: "check",
    lock: "none",
    work: "rows",
    // Keys, and never the row: what it holds is nobody's here.
    sql: `SELECT ${keyOf(tables(table))} AS key FROM ${sqlName(table)} t WHERE ${broken}`,
  })
  if (column !== undefined) return [rowsThat(`${quote(column)} IS NULL`), ...notNull(table, id, column)]
  if (check !== undefined) return [rowsThat(`NOT (${check}\n)`), ...unproven(spec, `CHECK (${check}\n)`, "ACCESS EXCLUSIVE")]
  if (unique !== undefined) return uniqueByIndex(spec, unique, tables)
  if (key === undefined) return []
  const match = key.columns.map((from, i) => `r.${quote(key.to[i] ?? from)} = t.${quote(from)}`).join(" AND ")
  const given = key.columns.map((from) => `t.${quote(from)} IS NOT NULL`).join(" AND ")
  const definition = `FOREIGN KEY (${quoteAll(key.columns)}) REFERENCES ${sqlName(key.references)} (${quoteAll(key.to)}) ON DELETE ${key.on_delete.toUpperCase()}`
  return [
    rowsThat(`${given} AND NOT EXISTS (SELECT FROM ${sqlName(key.references)} r WHERE ${match})`),
    ...unproven(spec, definition, "SHARE ROW EXCLUSIVE"),
  ]
}

const keyOf = (facts: TableFacts | undefined): string =>
  facts === undefined || facts.primaryKey.length === 0
    ? "'row at ' || t.ctid::text"
    : `${literal(`(${facts.primaryKey.join(", ")}) = `)} || ROW(${facts.primaryKey.map((column) => `t.${quote(column)}`).join(", ")})::text`

/** Of rows that are equal: two of them. */
const keysOf = (facts: TableFacts | undefined): string => `'each other: ' || min(${keyOf(facts)}) || ' and ' || max(${keyOf(facts)})`

function unproven({ table, name }: Spec, definition: string, lock: Statement["lock"]): Statement[] {
  const alter = `ALTER TABLE ${sqlName(table)}`
  return [
    {
      key: `add ${name}`,
      how: "quick",
      lock,
      sql: `${alter} ADD CONSTRAINT ${quote(name)} ${definition} NOT VALID`,
      undo: { sql: `ALTER TABLE IF EXISTS ${sqlName(table)} DROP CONSTRAINT IF EXISTS ${quote(name)}`, how: "quick" },
    },
    {
      key: `validate ${name}`,
      how: "long",
      lock: "SHARE UPDATE EXCLUSIVE",
      work: "rows",
      sql: `${alter} VALIDATE CONSTRAINT ${quote(name)}`,
    },
  ]
}

function uniqueByIndex({ table, name }: Spec, columns: readonly string[], tables: Tables): Statement[] {
  const index = { name, columns: [...columns], unique: true, method: "btree" as const }
  return [
    {
      key: `rows for ${name}`,
      how: "check",
      lock: "none",
      work: "rows",
      sql: `SELECT ${keysOf(tables(table))} AS key FROM ${sqlName(table)} t WHERE ${columns.map((column) => `${quote(column)} IS NOT NULL`).join(" AND ")}
GROUP BY ${quoteAll(columns)} HAVING count(*) > 1`,
    },
    ...buildIndex(table, index, tables),
    {
      key: `add ${name}`,
      how: "quick",
      lock: "ACCESS EXCLUSIVE",
      sql: `ALTER TABLE ${sqlName(table)} ADD CONSTRAINT ${quote(name)} UNIQUE USING INDEX ${quote(name)}`,
      undo: { sql: `ALTER TABLE IF EXISTS ${sqlName(table)} DROP CONSTRAINT IF EXISTS ${quote(name)}`, how: "quick" },
    },
  ]
}
