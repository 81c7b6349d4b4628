import assert from "node:assert/strict"
import { test } from "node:test"
import { summarise } from "./summary.ts"

test("what was taken is summed by method without its change; what was given back is told apart, with its average", () => {
  const summary = summarise([
    { type: "payment", method: "cash", payments: 2, amount: 350_00n },
    { type: "change", method: "cash", payments: 1, amount: 50_00n },
    { type: "payment", method: "qr", payments: 1, amount: 500_50n },
    { type: "return", method: "cash", payments: 2, amount: 100_00n },
  ])
  assert.deepEqual(summary, {
    methods: [
      { method: "cash", payments: 2, amount: 300 },
      { method: "qr", payments: 1, amount: 500.5 },
    ],
    taken: 800.5,
    refunded: 100,
    averageRefund: 50,
  })
})
