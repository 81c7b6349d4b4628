// What a bench is and what it gives: figures for programs, and rows for people, each with how it was got. Made by the
// benches, printed and written by main.ts.

export interface Bench {
  measures: string
  run: (context: BenchContext) => Promise<BenchReport>
}

export interface BenchContext {
  /** One line of progress. */
  log: (line: string) => void
  signal: AbortSignal
}

export interface BenchReport {
  rows: readonly Row[]
  /** Everything that was measured, as JSON. */
  figures: unknown
}

export interface Row {
  what: string
  value: string
  how: string
}

export function asTable(rows: readonly Row[]): string {
  const width = (column: "what" | "value") => Math.max(...rows.map((row) => row[column].length))
  const [what, value] = [width("what"), width("value")]
  return rows.map((row) => `${row.what.padEnd(what)}  ${row.value.padEnd(value)}  ${row.how}`).join("\n")
}
