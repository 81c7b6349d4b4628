import assert from "node:assert/strict"
import { test } from "node:test"
import { tenderFromRow, tendersOf, tenderToRow } from "./tender.ts"
import type { Tender } from "./tender.ts"

test("a tender is read back as it was stored", () => {
  const tenders: Tender[] = [
    { method: "cash", amount: 100, providerRef: null },
    { method: "card", amount: 200, providerRef: "rrn:42" },
    { method: "qr", amount: 300, providerRef: "AD10006" },
  ]
  for (const tender of tenders) assert.deepEqual(tenderFromRow({ amount: String(tender.amount), ...tenderToRow(tender) }), tender)
})

test("a row of a method that this version does not know is an error, never another method", () => {
  assert.throws(() => tenderFromRow({ amount: "1", method_code: 99, provider_ref: null }), /99/)
})

test("a page that knows one method only is still understood", () => {
  assert.deepEqual(tendersOf({ amount: 100, method: "cash", providerRef: null }), [{ method: "cash", amount: 100, providerRef: null }])
})

test("a request that says how it is paid twice, or not at all, is not guessed at", () => {
  const tenders: Tender[] = [{ method: "qr", amount: 100, providerRef: null }]
  assert.equal(tendersOf({ amount: 100, method: "cash", providerRef: null, tenders }), undefined)
  assert.equal(tendersOf({ amount: 100, providerRef: "x", tenders }), undefined)
  assert.equal(tendersOf({ amount: 100, providerRef: null }), undefined)
})
