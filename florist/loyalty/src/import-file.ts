// A file of customers as rows of text, whichever format it came in. Runs in a thread of its own: called by import-thread.ts alone.
import { Refusal } from "@florist/kit/refusal"
import { parse } from "csv-parse/sync"
import { readSheet } from "read-excel-file/node"
import { repacked } from "./archive.ts"

export const importFormats = ["csv", "xls", "xlsx", "ods"] as const
export type ImportFormat = (typeof importFormats)[number]

export interface ImportFile {
  content: Uint8Array
  format: ImportFormat
  /** Of csv alone: one character. */
  delimiter: string
  firstRow: "names" | "values"
}

const mostRows = 20_000
const mostColumns = 100
const longestField = 2_000
const unpacked = { mostBytes: 48 * 1024 * 1024, mostFiles: 500 }

/** @throws Refusal 400 that says what is wrong with the file. */
export async function readRows({ content, format, delimiter, firstRow }: ImportFile): Promise<string[][]> {
  const all = await readers[format](Buffer.from(content), delimiter)
  const rows = all.slice(firstRow === "names" ? 1 : 0).filter((row) => row.some((field) => field !== ""))
  if (rows.length === 0) throw unreadable("The file holds no rows of customers.", "/file")
  if (rows.length > mostRows) throw unreadable(`The file holds ${rows.length} rows; import at most ${mostRows} at once.`, "/file")
  if (rows.some((row) => row.length > mostColumns)) throw unreadable(`A row has more than ${mostColumns} columns.`, "/file")
  if (rows.some((row) => row.some((field) => field.length > longestField)))
    throw unreadable(`A field is longer than ${longestField} characters.`, "/file")
  return rows
}

type Reader = (content: Buffer, delimiter: string) => Promise<string[][]>

const readers: Record<ImportFormat, Reader> = {
  csv: async (content, delimiter) => readCsv(content, delimiter),
  xlsx: (content) => readXlsx(content),
  xls: () => refuseFormat("xls"),
  ods: () => refuseFormat("ods"),
}

async function refuseFormat(format: ImportFormat): Promise<never> {
  throw unreadable(`Files of the format ${format} are not read; save the table as xlsx or csv and import that.`, "/format")
}

function readCsv(content: Buffer, delimiter: string): string[][] {
  try {
    const rows: unknown = parse(textOf(content), {
      bom: true,
      delimiter,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      to: mostRows + 2,
    })
    return (rows as unknown[][]).map((row) => row.map((field) => cleaned(String(field))))
  } catch (cause) {
    throw unreadable(`The csv file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, "/file")
  }
}

/** Tables from Windows programs often come in its Cyrillic encoding. */
function textOf(content: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content)
  } catch {
    return new TextDecoder("windows-1251").decode(content)
  }
}

async function readXlsx(content: Buffer): Promise<string[][]> {
  try {
    const rows = await readSheet(await repacked(content, unpacked))
    return rows.map((row) => row.map((cell) => cleaned(cellText(cell))))
  } catch (cause) {
    throw unreadable(`The xlsx file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, "/file")
  }
}

function cellText(cell: unknown): string {
  if (cell instanceof Date) return cell.toISOString().slice(0, 10)
  if (typeof cell === "string") return cell
  return typeof cell === "number" || typeof cell === "boolean" ? String(cell) : ""
}

// oxlint-disable-next-line no-control-regex -- exactly these are meant
const unkeepable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g

/** What the database cannot keep is left out. */
const cleaned = (field: string): string => field.toWellFormed().replaceAll(unkeepable, "").trim()

export function unreadable(detail: string, pointer: string): Refusal {
  return new Refusal([{ status: 400, code: "unreadable-file", title: "Unreadable file", detail, source: { pointer } }])
}
