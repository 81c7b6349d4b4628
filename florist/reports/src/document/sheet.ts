// The result of a report: a table with typed columns, as JSON and as CSV. Pure.

/** Amounts in roubles, quantities in units, shares in per cent. */
export type Kind = "text" | "day" | "amount" | "quantity" | "count" | "share"

export interface Column {
  name: string
  title: string
  kind: Kind
}

export type Cell = string | number | null

export interface Sheet {
  columns: readonly Column[]
  rows: readonly (readonly Cell[])[]
}

/** RFC 4180, in UTF-8. Amounts have two decimals. */
export function csvOf({ columns, rows }: Sheet): string {
  const lines = [
    columns.map(({ title }) => quoted(title)),
    ...rows.map((row) =>
      row.map((cell, index) => (typeof cell === "number" ? numberText(cell, columns[index]?.kind) : quoted(cell ?? ""))),
    ),
  ]
  return lines.map((line) => `${line.join(",")}\r\n`).join("")
}

const numberText = (value: number, kind: Kind | undefined): string =>
  kind === "amount" || kind === "share" ? value.toFixed(2) : String(value)

/** A text that a spreadsheet would take for a formula is told to be text. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
