// drop_column: new code no longer knows a column. Until contract the column stays, filled for rows that new code adds;
// then it goes.
import { z } from "zod"
import { columnOf } from "../evidence/catalog.ts"
import { displayName, quote, sqlName } from "../files/names.ts"
import { identifierField, letsGoField, sqlField, tableField } from "./parts/fields.ts"
import { inheritance, missingColumn, missingTable } from "./parts/objections.ts"
import { nothing } from "./operation.ts"
import type { Objection, Operation, Statement, Tables } from "./operation.ts"

export const schema = z.strictObject({
  table: tableField,
  column: identifierField,
  /** What old code finds in rows that new code has added; needed where the column takes no NULL and has no default. */
  fill: sqlField.optional(),
  lets_go: letsGoField,
})

type Spec = z.infer<typeof schema>

export function make(spec: Spec, id: string): Operation {
  const { table, column } = spec
  const hidden = quote(`conveyor_dropped_${id}`)
  const rename = (from: string, to: string) => `ALTER TABLE ${sqlName(table)} RENAME COLUMN ${from} TO ${to}`
  return {
    ...nothing,
    kind: "drop_column",
    id,
    tables: [table],
    takes: [{ kind: "column", table, column }],
    letsGo: { names: spec.lets_go, own: "along" },
    describe: () => `drop column ${column} of ${displayName(table)}`,
    objections: (tables) => objections(spec, tables),
    expand: (tables) => expand(spec, tables),
    contract: () => ({
      prepare: [],
      hide: { sql: [rename(quote(column), hidden)], show: [rename(hidden, quote(column))] },
      drop: [
        {
          key: "drop",
          how: "quick",
          lock: "ACCESS EXCLUSIVE",
          sql: `ALTER TABLE ${sqlName(table)} DROP COLUMN IF EXISTS ${quote(column)}, DROP COLUMN IF EXISTS ${hidden}`,
        },
      ],
    }),
  }
}

function objections({ table, column, fill }: Spec, tables: Tables): Objection[] {
  const facts = tables(table)
  if (facts === undefined) return [missingTable(table)]
  const there = columnOf(facts, column)
  if (there === undefined) return [missingColumn(facts, column)]
  if (facts.relatives.length > 0) return inheritance(facts)
  if (there.isNullable || there.default !== undefined || fill !== undefined) return []
  return [
    {
      message: `column "${column}" of ${displayName(table)} takes no NULL and has no default: inserts of the new version would fail`,
      hint: "Say in fill what old code is to find in rows of the new version.",
    },
  ]
}

/** A default takes effect for inserts alone, and costs no rewrite. */
function expand({ table, column, fill }: Spec, tables: Tables): Statement[] {
  if (fill === undefined) return []
  const facts = tables(table)
  const before = facts === undefined ? undefined : columnOf(facts, column)?.default
  const alter = `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${quote(column)}`
  const undo = before === undefined ? `${alter} DROP DEFAULT` : `${alter} SET DEFAULT ${before}`
  return [
    { key: "fill", how: "quick", lock: "ACCESS EXCLUSIVE", sql: `${alter} SET DEFAULT (${fill}\n)`, undo: { sql: undo, how: "quick" } },
  ]
}
