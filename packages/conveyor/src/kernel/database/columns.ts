// What a row of SQLite gives, read as what may be missing: NULL is undefined. Used by whoever turns rows into records.
import type { SQLOutputValue } from "node:sqlite"

export type Row = Record<string, SQLOutputValue>

export const optionalNumber = (value: SQLOutputValue | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Number(value)

export const optionalText = (value: SQLOutputValue | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value)
