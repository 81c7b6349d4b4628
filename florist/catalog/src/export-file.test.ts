import assert from "node:assert/strict"
import { test } from "node:test"
import { formats } from "./export-file.ts"
import type { ExportedItem } from "./export-file.ts"

const rose: ExportedItem = {
  id: "r1",
  title: 'Rose "Red", <60 & more>',
  category: "Flowers / Roses",
  categoryId: "c1",
  priceMin: "120.50",
  priceMax: "150.00",
  measure: "st",
  vendorCodes: ["a1", "a2"],
  barcodes: ["90311017"],
  isPublic: true,
}

test("a line of CSV keeps commas and quotation marks within its cells, and nothing in it is a formula", () => {
  assert.equal(formats.csv.item(rose), 'r1,"Rose ""Red"", <60 & more>",Flowers / Roses,120.50,150.00,st,a1 a2,90311017,yes\r\n')
  assert.match(formats.csv.item({ ...rose, title: "=1+1" }), /,'=1\+1,/)
})

test("an offer of YML is XML whatever the title holds", () => {
  const offer = formats.yml.item(rose)
  assert.match(offer, /<name>Rose &quot;Red&quot;, &lt;60 &amp; more&gt;<\/name><price>120.50<\/price>/)
  assert.ok(!formats.yml.item({ ...rose, priceMin: undefined }).includes("<price>"))
})
