import assert from "node:assert/strict"
import { test } from "node:test"
import { paymentRows, secondTender, takenMethods } from "./payment-store.ts"

test("QR codes are not taken", () => {
  assert.deepEqual(takenMethods, ["cash", "card", "bonus", "gift_card"])
})

test("a second payment of an order is refused with the method of the first", () => {
  const { status, problems } = secondTender("qr")
  assert.equal(status, 422)
  assert.equal(problems[0]?.code, "one-method")
  assert.match(problems[0]?.detail ?? "", /paid by qr already/)
})

test("payments are read from their sale's own columns", () => {
  assert.match(paymentRows, /paid_by AS method[\s\S]*FROM payments\.sale\)$/)
})
