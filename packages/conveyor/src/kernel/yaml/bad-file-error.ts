// A file that a person wrote, with mistakes in it. Thrown by the reader of YAML; shown by the command line and the API.
import { ConveyorError } from "../errors/errors.ts"

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

  constructor(file: string, found: readonly Complaint[], hint: string) {
    const complaints = found
      .toSorted((a, b) => a.line - b.line || a.column - b.column)
      .map((each) => ({ ...each, key: shortened(printable(each.key)), message: printable(each.message) }))
    const lines = complaints.map((c) => `${file}:${c.line}:${c.column}: ${c.key === "" ? "" : `${c.key}: `}${c.message}`)
    super("bad-file", lines.join("\n"), { facts: { file, complaints }, hint })
    this.name = "BadFileError"
    this.complaints = complaints
  }
}

const longestKey = 200
const shortened = (key: string) => (key.length > longestKey ? `${key.slice(0, longestKey)}…` : key)

/** What a file holds is not to move the cursor of whoever reads what is wrong with it, nor to turn the text round. */
const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
