import assert from "node:assert/strict"
import { test } from "node:test"
import { csvOf, dialects } from "./sheet.ts"

test("a sheet as CSV: amounts with two decimals, texts quoted where they must be, nothing that a spreadsheet would run", () => {
  const columns = [
    { name: "item", title: "Item", kind: "text" },
    { name: "qty", title: "Quantity, pcs", kind: "quantity" },
    { name: "amount", title: "Amount", kind: "amount" },
  ] as const
  const rows = [
    ['Rose "Red", 60 cm', 2.5, 150],
    ["=1+1", -1, -0.5],
    [null, 0, null],
  ]
  assert.equal(
    csvOf({ columns, rows }, dialects.standard),
    'Item,"Quantity, pcs",Amount\r\n"Rose ""Red"", 60 cm",2.5,150.00\r\n\'=1+1,-1,-0.50\r\n,0,\r\n',
  )
  assert.equal(
    csvOf({ columns, rows }, dialects.excel),
    '\uFEFFItem;"Quantity, pcs";Amount\r\n"Rose ""Red"", 60 cm";2,5;150,00\r\n\'=1+1;-1;-0,50\r\n;0;\r\n',
  )
})
