// A report's result as a workbook that table programs open whatever their language. Called by the operation that gives the file.
import writeXlsx from "write-excel-file/node"
import type { CellObject, SheetData } from "write-excel-file/node"
import { headOf } from "./head.ts"
import type { Language } from "./head.ts"
import type { Cell, Kind, Sheet } from "./sheet.ts"

const numberFormats: Partial<Record<Kind, string>> = { amount: "#,##0.00", share: "0.00" }

export async function xlsxOf({ columns, rows }: Sheet, language: Language): Promise<Buffer> {
  const heads = columns.map((column): CellObject => ({ value: headOf(column, language), type: String, fontWeight: "bold" }))
  const data: SheetData = [heads, ...rows.map((row) => row.map((cell, index) => cellOf(cell, columns[index]?.kind ?? "text")))]
  return writeXlsx(data, { stickyRowsCount: 1 }).toBuffer()
}

/** Days are days and numbers are numbers, so that they can be sorted and added up; a text is never a formula. */
function cellOf(cell: Cell, kind: Kind): CellObject | null {
  if (cell === null || cell === "") return null
  const format = numberFormats[kind]
  if (typeof cell === "number") return { value: cell, type: Number, ...(format === undefined ? {} : { format }) }
  if (kind === "day" && /^\d{4}-\d\d-\d\d$/.test(cell)) return { value: new Date(cell), type: Date, format: "dd.mm.yyyy" }
  return { value: cell, type: String }
}
