import assert from "node:assert/strict"
import { test } from "node:test"
import { tenderFromRow, tenderToRow } from "./tender.ts"
import type { Tender } from "./tender.ts"

test("a tender is read back as it was stored", () => {
  const tenders: Tender[] = [
    { method: "cash", amount: 100, providerRef: null },
    { method: "card", amount: 200, providerRef: "rrn:42" },
  ]
  for (const tender of tenders) assert.deepEqual(tenderFromRow({ amount: String(tender.amount), ...tenderToRow(tender) }), tender)
})

test("a row of a method that this version does not take is still shown", () => {
  const row = { amount: "100", method: "qr:AD10006" }
  assert.deepEqual(tenderFromRow(row), { method: "qr", amount: 100, providerRef: "AD10006" })
})
