// The result of a report: a table with typed columns, as it is kept and given as JSON, and as CSV. Pure; sheet-xlsx.ts makes a workbook of it.
import { headOf } from "./head.ts"
import type { Language } from "./head.ts"

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

interface Dialect {
  /** A byte order mark tells spreadsheets that it is UTF-8. */
  mark: string
  separator: string
  decimal: string
  language: Language
}

export const dialects = {
  /** As spreadsheets open it where the decimal sign is a comma, as in Russia. */
  excel: { mark: "\uFEFF", separator: ";", decimal: ",", language: "ru" },
  /** RFC 4180, for programs. */
  standard: { mark: "", separator: ",", decimal: ".", language: "en" },
} as const satisfies Record<string, Dialect>
export const dialectNames = ["excel", "standard"] as const

/** UTF-8. Amounts have two decimals. */
export function csvOf({ columns, rows }: Sheet, { mark, separator, decimal, language }: Dialect): string {
  const lines = [
    columns.map((column) => quoted(headOf(column, language))),
    ...rows.map((row) =>
      row.map((cell, index) =>
        typeof cell === "number" ? numberText(cell, columns[index]?.kind).replace(".", decimal) : quoted(cell ?? ""),
      ),
    ),
  ]
  return mark + lines.map((line) => `${line.join(separator)}\r\n`).join("")
}

const numberText = (value: number, kind: Kind | undefined): string =>
  kind === "amount" || kind === "share" ? value.toFixed(2) : String(value)

/** A text that a spreadsheet would take for a formula is told to be text. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
