import assert from "node:assert/strict"
import { test } from "node:test"
import { xlsxOf } from "./xlsx.ts"
import type { ImportFile } from "../src/import-file.ts"
import { ImportReader } from "../src/import-reader.ts"

const xlsx = (content: Uint8Array): ImportFile => ({ content, format: "xlsx", delimiter: ",", firstRow: "values" })

test("an archive that unpacks to more than its directory says costs no more than it says", async () => {
  const reader = new ImportReader()
  assert.deepEqual(await reader.rowsOf(xlsx(xlsxOf([["Olga", "1"]]))), [["Olga", "1"]])
  await assert.rejects(reader.rowsOf(xlsx(xlsxOf([["Olga"]], { hidesMb: 100 }))), /too many bytes/)
})

test("what takes too long or too much memory is given up, and told", async () => {
  await assert.rejects(new ImportReader({ withinMs: 1 }).rowsOf(xlsx(xlsxOf([["Olga"]]))), /takes more than 0.001 s/)
  const wide = Array.from({ length: 40_000 }, () => Array.from({ length: 20 }, () => "text of a cell"))
  await assert.rejects(new ImportReader({ memoryMb: 24 }).rowsOf(xlsx(xlsxOf(wide))), /takes too much memory/)
})

test("one file is read at a time, a few wait, and the next is asked to come again", async () => {
  const reader = new ImportReader({ mostWaiting: 1 })
  const asked = [1, 2, 3].map(() => reader.rowsOf(xlsx(xlsxOf([["Olga"]]))))
  const ends = await Promise.allSettled(asked)
  assert.deepEqual(
    ends.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected"],
  )
})
