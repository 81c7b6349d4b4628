// The slots of derive_rows: which row of the new table a set of old columns stands for. Used by the operation and its triggers.
import { z } from "zod"
import { quote } from "../../files/names.ts"
import type { TableName } from "../../files/names.ts"
import { identifierField, record, sqlField } from "../parts/fields.ts"

export const slotField = z.strictObject({
  /** Columns of the new table that tell this slot's row from the others, each with a constant. */
  is: record(sqlField, "column"),
  /** New column -> old column. The row is there while one of the old columns is not NULL. */
  values: record(identifierField, "column"),
})

export type Slot = z.infer<typeof slotField>

export interface SlotSpec {
  from: TableName
  to: TableName
  parent: Readonly<Record<string, string>>
  columns: Readonly<Record<string, string>>
  slots: Readonly<Record<string, Slot>>
}

/** Columns that tell one row of the new table from all others. */
export const rowKey = ({ parent, slots }: SlotSpec): string[] => [...Object.keys(parent), ...Object.keys(Object.values(slots)[0]?.is ?? {})]

/** True on rows `row` of the new table that are the slot's row of `owner`. */
export function isSlotOf({ parent }: SlotSpec, { is }: Slot, row: string, owner: string): string {
  const family = Object.entries(parent).map(([column, key]) => `${row}.${quote(column)} = ${owner}.${quote(key)}`)
  return [...family, ...Object.entries(is).map(([column, sql]) => `${row}.${quote(column)} = (${sql}\n)`)].join(" AND ")
}

/** True where the old table's row says that the slot has a row. */
export const isPresent = ({ values }: Slot, owner: string): string =>
  `(${Object.values(values)
    .map((old) => `${owner}.${quote(old)} IS NOT NULL`)
    .join(" OR ")})`
