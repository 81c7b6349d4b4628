// One schema change: a YAML file in `changes/`, parsed. Files are applied in the order of their names.
import type { Operation } from "./operations/operation.ts"

export interface Change {
  /** The file's name without its ending: "0002-payment-methods". */
  name: string
  file: string
  /** sha256 of the operations, as parsed: a change that was begun may not be edited. */
  digest: string
  /** What the file says it is for. */
  summary: string
  operations: readonly Operation[]
  /** Where the file's keys stand, by their path: "operations.0.sql.expand". */
  places: ReadonlyMap<string, Place>
}

export interface Place {
  line: number
  column: number
}
