import assert from "node:assert/strict"
import { test } from "node:test"
import { toOrder } from "./plan.ts"

const need = { minimum: 0, balance: 0, onOrder: 0, sold: 0, days: 14, cover: 7 }

test("a plan fills up to the minimum, or to what sells while it has to last, in whole units", () => {
  assert.equal(toOrder(need), 0)
  assert.equal(toOrder({ ...need, minimum: 20_000, balance: 5_500 }), 15_000)
  assert.equal(toOrder({ ...need, minimum: 20_000, sold: 140_000, balance: 5_000 }), 65_000)
})

test("what is there and what is on its way is not ordered again; what was sold short is", () => {
  assert.equal(toOrder({ ...need, minimum: 20_000, balance: 5_000, onOrder: 15_000 }), 0)
  assert.equal(toOrder({ ...need, minimum: 20_000, balance: -5_000 }), 25_000)
  assert.equal(toOrder({ ...need, sold: -3_000 }), 0, "more came back than was sold")
})
