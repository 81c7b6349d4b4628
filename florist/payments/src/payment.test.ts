import assert from "node:assert/strict"
import { test } from "node:test"
import { firstDifference, paymentOf, paymentRequest } from "./payment.ts"
import type { Payment, PaymentRequest } from "./payment.ts"
import { tenderToRow } from "./tender.ts"

const asked = {
  id: "0198f2aa-0000-7000-8000-000000000001",
  shop: 17,
  order: "0198f2aa-0000-7000-8000-000000000002",
  amount: 150_000,
  currency: "RUB",
  method: "card",
  providerRef: "rrn42",
  occurredAt: "2026-03-08T09:30:00.000Z",
}

test("the same request twice is the same payment", () => {
  const request = paymentRequest.parse(asked)
  assert.equal(firstDifference(request, stored(request)), undefined)
  assert.equal(firstDifference(paymentRequest.parse({ ...asked, occurredAt: undefined }), stored(request)), undefined)
})

test("a request that differs in any field is named by it", () => {
  const paid = stored(paymentRequest.parse(asked))
  const others = {
    order: { order: asked.id },
    amount: { amount: 1 },
    tenders: { method: "cash" },
    cashier: { cashier: "Olga" },
    customer: { customer: asked.id },
    note: { note: "red" },
    occurredAt: { occurredAt: "2026-03-08T09:30:01.000Z" },
  }
  for (const [field, change] of Object.entries(others)) {
    assert.equal(firstDifference(paymentRequest.parse({ ...asked, ...change }), paid), field)
  }
  assert.equal(firstDifference(paymentRequest.parse({ ...asked, providerRef: "rrn43" }), paid), "tenders")
})

test("amounts are whole kopecks within reason, and a request has no field that nobody reads", () => {
  for (const amount of [0, -1, 0.5, 1e18, "100", null]) assert.equal(paymentRequest.safeParse({ ...asked, amount }).success, false)
  assert.equal(paymentRequest.safeParse({ ...asked, discount: 10 }).success, false)
  assert.equal(paymentRequest.safeParse({ ...asked, currency: "USD" }).success, false)
})

function stored(request: PaymentRequest): Payment {
  const rows = request.tenders.map((tender, line) => ({
    id: request.id,
    shop_id: String(request.shop),
    line,
    order_id: request.order,
    currency: request.currency,
    status: "paid",
    cashier: request.cashier,
    customer_id: request.customer,
    note: request.note,
    occurred_at: request.occurredAt,
    amount: String(tender.amount),
    ...tenderToRow(tender),
  }))
  const payment = paymentOf(rows)
  assert.ok(payment)
  return payment
}
