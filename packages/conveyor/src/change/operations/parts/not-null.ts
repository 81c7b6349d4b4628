// NOT NULL on a column that is in use, without a scan under a lock. Used by derive_columns and add_constraint.
import { quote, shortId, sqlName } from "../../files/names.ts"
import type { TableName } from "../../files/names.ts"
import type { Statement } from "../operation.ts"

/** A check that is added unproven, proven beside the traffic, and then believed. */
export function notNull(name: TableName, id: string, column: string): Statement[] {
  const table = sqlName(name)
  const check = quote(`conveyor_${shortId(id, column)}`)
  const added = `ALTER TABLE ${table} ADD CONSTRAINT ${check} CHECK (${quote(column)} IS NOT NULL) NOT VALID`
  const undo = { sql: `ALTER TABLE IF EXISTS ${table} DROP CONSTRAINT IF EXISTS ${check}`, how: "quick" } as const
  return [
    { key: `check ${column}`, how: "quick", lock: "ACCESS EXCLUSIVE", sql: added, undo },
    {
      key: `validate ${column}`,
      how: "long",
      lock: "SHARE UPDATE EXCLUSIVE",
      work: "rows",
      sql: `ALTER TABLE ${table} VALIDATE CONSTRAINT ${check}`,
    },
    {
      key: `not null ${column}`,
      how: "quick",
      lock: "ACCESS EXCLUSIVE",
      sql: `ALTER TABLE ${table} ALTER COLUMN ${quote(column)} SET NOT NULL`,
      undo: { sql: `ALTER TABLE ${table} ALTER COLUMN ${quote(column)} DROP NOT NULL`, how: "quick" },
    },
    { key: `checked ${column}`, how: "quick", lock: "ACCESS EXCLUSIVE", sql: `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${check}` },
  ]
}
