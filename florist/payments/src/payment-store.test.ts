import assert from "node:assert/strict"
import { test } from "node:test"
import { paymentMethods } from "@florist/kit/contracts/payments"
import { moneyColumns } from "./payment.ts"
import { paymentColumns, paymentRows, takenMethods } from "./payment-store.ts"

test("every method is taken", () => {
  assert.deepEqual(takenMethods, paymentMethods)
})

test("payments are read with every column that they share with what goes back of them", () => {
  for (const column of Object.keys(moneyColumns)) {
    assert.match(paymentRows, new RegExp(`\\b${column}\\b`))
    assert.ok(paymentColumns["payments.payment"]?.includes(column))
  }
})
