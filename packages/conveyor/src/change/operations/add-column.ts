// add_column: a column that no running code knows. Nullable, or with a constant default, so that it costs no rewrite.
import type { z } from "zod"
import { columnOf } from "../evidence/catalog.ts"
import { displayName, quote, sqlName } from "../files/names.ts"
import { cast, columnDefinition, columnFacts, columnField, identifierField, tableField } from "./parts/fields.ts"
import { missingTable } from "./parts/objections.ts"
import { nothing } from "./operation.ts"
import type { Operation } from "./operation.ts"

export const schema = columnField.extend({ table: tableField, column: identifierField }).superRefine((spec, context) => {
  if (spec.nullable || spec.default !== undefined) return
  context.addIssue({
    code: "custom",
    path: ["nullable"],
    message: `"${spec.column}" is not nullable and has no default: rows that are there, and the running code's inserts, would fail; give it a default, or use derive_columns`,
  })
})

export function make(spec: z.infer<typeof schema>, id: string): Operation {
  const { table, column } = spec
  return {
    ...nothing,
    kind: "add_column",
    id,
    tables: [table],
    brings: [{ table, isNew: false, columns: [columnFacts(column, spec)] }],
    describe: () => `add column ${column} ${spec.type} to ${displayName(table)}`,
    objections: (tables) => {
      const facts = tables(table)
      if (facts === undefined) return [missingTable(table)]
      return columnOf(facts, column) === undefined
        ? []
        : [
            {
              message: `table ${displayName(table)} has a column "${column}" already`,
              hint: "Choose another name, or take the operation out.",
            },
          ]
    },
    texts: [
      { key: "type", use: "type", sql: spec.type },
      ...(spec.default === undefined ? [] : [{ key: "default", use: "default" as const, sql: spec.default }]),
    ],
    proofs: () => [
      { key: "type", sql: `SELECT NULL::${spec.type} LIMIT 0` },
      ...(spec.default === undefined ? [] : [{ key: "default", sql: `SELECT ${cast(spec.default, spec.type)} LIMIT 0` }]),
    ],
    expand: () => [
      {
        key: "column",
        how: "quick",
        lock: "ACCESS EXCLUSIVE",
        sql: `ALTER TABLE ${sqlName(table)} ADD COLUMN ${columnDefinition(column, spec)}`,
        undo: { sql: `ALTER TABLE IF EXISTS ${sqlName(table)} DROP COLUMN IF EXISTS ${quote(column)}`, how: "quick" },
      },
    ],
  }
}
