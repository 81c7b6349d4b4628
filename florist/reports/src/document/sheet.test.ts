import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { test } from "node:test"
import { readSheet } from "read-excel-file/node"
import { russian } from "./head.ts"
import { xlsxOf } from "./sheet-xlsx.ts"
import { csvOf, dialects } from "./sheet.ts"
import type { Sheet } from "./sheet.ts"

const sheet: Sheet = {
  columns: [
    { name: "item", title: "Item", kind: "text" },
    { name: "qty", title: "Quantity", kind: "quantity" },
    { name: "amount", title: "Amount", kind: "amount" },
    { name: "day", title: "Day", kind: "day" },
  ],
  rows: [
    ['Rose "Red"; 60, cm', 2.5, 150, "2026-03-08"],
    ["=1+1", -1, -0.5, null],
    [null, 0, null, null],
  ],
}

test("a sheet as CSV for programs: RFC 4180, amounts with two decimals, nothing that a spreadsheet would run", () => {
  assert.equal(
    csvOf(sheet, dialects.standard),
    'Item,Quantity,Amount,Day\r\n"Rose ""Red""; 60, cm",2.5,150.00,2026-03-08\r\n\'=1+1,-1,-0.50,\r\n,0,,\r\n',
  )
})

test("a sheet as CSV opens in Excel in Russian: byte order mark, semicolons, decimal commas, Russian heads", () => {
  assert.equal(
    csvOf(sheet, dialects.excel),
    '\uFEFFТовар;Количество товара;Сумма;День\r\n"Rose ""Red""; 60, cm";2,5;150,00;2026-03-08\r\n\'=1+1;-1;-0,50;\r\n;0;;\r\n',
  )
})

test("a sheet as xlsx holds numbers as numbers, days as days, and texts as texts", async () => {
  const read = await readSheet(await xlsxOf(sheet, "ru"))
  assert.deepEqual(read, [
    ["Товар", "Количество товара", "Сумма", "День"],
    ['Rose "Red"; 60, cm', 2.5, 150, new Date("2026-03-08")],
    ["=1+1", -1, -0.5, null],
    [null, 0, null, null],
  ])
})

test("every column of every report has a Russian head", async () => {
  const written = await readFile(new URL("report-type.ts", import.meta.url), "utf8")
  const titles = Array.from(written.matchAll(/\bcolumn\("[^"]*", "([^"]*)"/g), ([, title = ""]) => title)
  assert.ok(titles.length > 40)
  assert.deepEqual(
    titles.filter((title) => russian[title] === undefined),
    [],
  )
})
