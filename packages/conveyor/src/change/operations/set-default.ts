// set_default: what an insert that does not name a column gives it. Both versions get the same, so it changes in expand
// where new code needs it, or at contract where old code must not see it.
import { z } from "zod"
import { columnOf } from "../evidence/catalog.ts"
import { displayName, quote, sqlName } from "../files/names.ts"
import { cast, identifierField, sqlField, tableField } from "./parts/fields.ts"
import { missingColumn, missingTable } from "./parts/objections.ts"
import { nothing } from "./operation.ts"
import type { Operation, Statement } from "./operation.ts"

export const schema = z.strictObject({
  table: tableField,
  column: identifierField,
  /** null takes the default away. */
  default: sqlField.nullable(),
  when: z.enum(["expand", "contract"]).default("expand"),
})

export function make({ table, column, default: value, when }: z.infer<typeof schema>, id: string): Operation {
  const alter = `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${quote(column)}`
  const setting = (expression: string | null | undefined) =>
    expression === null || expression === undefined ? `${alter} DROP DEFAULT` : `${alter} SET DEFAULT ${expression}`
  const statement: Statement = {
    key: "default",
    how: "quick",
    lock: "ACCESS EXCLUSIVE",
    sql: setting(value === null ? null : `(${value}\n)`),
  }
  return {
    ...nothing,
    kind: "set_default",
    id,
    tables: [table],
    takes: when === "contract" ? [{ kind: "other", what: `the old default of ${displayName(table)}.${column}` }] : [],
    fills: when === "expand" && value !== null ? [{ table, column }] : [],
    describe: () => `${value === null ? "drop the default" : `set the default ${value}`} of ${displayName(table)}.${column}`,
    objections: (tables) => {
      const facts = tables(table)
      if (facts === undefined) return [missingTable(table)]
      return columnOf(facts, column) === undefined ? [missingColumn(facts, column)] : []
    },
    proofs: (tables) => {
      const facts = tables(table)
      const type = facts === undefined ? undefined : columnOf(facts, column)?.type
      return value === null ? [] : [{ key: "default", sql: `SELECT ${cast(value, type ?? "text")} LIMIT 0` }]
    },
    expand: (tables) => {
      const facts = tables(table)
      const before = facts === undefined ? undefined : columnOf(facts, column)?.default
      return when === "expand" ? [{ ...statement, undo: { sql: setting(before), how: "quick" } }] : []
    },
    contract: () => (when === "contract" ? { prepare: [], hide: undefined, drop: [statement] } : undefined),
  }
}
