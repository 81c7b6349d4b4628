import assert from "node:assert/strict"
import { test } from "node:test"
import { paymentRequest } from "./payment.ts"

const asked = {
  id: "0198f2aa-0000-7000-8000-000000000001",
  shop: 17,
  order: "0198f2aa-0000-7000-8000-000000000002",
  amount: 150_000,
  currency: "RUB",
}

test("a payment is split between methods whose amounts make its own", () => {
  const tenders = [
    { method: "bonus", amount: 50_000 },
    { method: "qr", amount: 100_000, providerRef: "AD10006" },
  ]
  assert.equal(paymentRequest.parse({ ...asked, tenders }).tenders.length, 2)
  const refusal = paymentRequest.safeParse({ ...asked, amount: 150_001, tenders })
  assert.match(refusal.error?.issues[0]?.message ?? "", /150000/)
})

test("a payment has between one tender and ten", () => {
  assert.equal(paymentRequest.safeParse({ ...asked, tenders: [] }).success, false)
  const eleven = Array.from({ length: 11 }, () => ({ method: "cash", amount: 1 }))
  assert.equal(paymentRequest.safeParse({ ...asked, amount: 11, tenders: eleven }).success, false)
})
