// A file that a person wrote, with mistakes in it. Thrown by the reader of YAML; shown by the command line and the API.
import { ConveyorError } from "../errors.ts"

export interface Complaint {
  /** 1-based. */
  line: number
  column: number
  /** "services.payments.start", or "" for the whole file. */
  key: string
  /** What was found there, and what would be right. */
  message: string
}

/** All mistakes of a file, in the order of their places. */
export class BadFileError extends ConveyorError {
  readonly complaints: readonly Complaint[]

  constructor(file: string, complaints: readonly Complaint[], hint: string) {
    const lines = complaints.map((c) => `${file}:${c.line}:${c.column}: ${c.key === "" ? "" : `${c.key}: `}${c.message}`)
    super("bad-file", lines.join("\n"), { facts: { file, complaints }, hint })
    this.name = "BadFileError"
    this.complaints = complaints
  }
}
