import assert from "node:assert/strict"
import { test } from "node:test"
import { summarise } from "./summary.ts"

test("what was taken is summed by method; what was given back is told apart", () => {
  const summary = summarise([
    { method: "cash", status: "paid", payments: 2, amount: 300n },
    { method: "qr", status: "paid", payments: 1, amount: 500n },
    { method: "cash", status: "refunded", payments: 1, amount: 100n },
  ])
  assert.deepEqual(summary, {
    methods: [
      { method: "cash", payments: 2, amount: 300 },
      { method: "qr", payments: 1, amount: 500 },
    ],
    taken: 800,
    refunded: 100,
  })
})

test("a shop without payments took nothing", () => {
  assert.deepEqual(summarise([]), { methods: [], taken: 0, refunded: 0 })
})
