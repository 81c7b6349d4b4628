import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { partsBack } from "./parts-back.ts"

const paid = (method: "cash" | "card" | "bonus", amount: number, refunded = 0) => ({ method, amount, refunded })
const shares = (payments: ReturnType<typeof paid>[], owed: number) =>
  partsBack(payments, owed).map(({ payment, amount }) => [payment.method, amount])

test("what is owed goes back to each payment in proportion; a part of a point is paid in money", () => {
  assert.deepEqual(shares([paid("bonus", 30_000), paid("card", 70_000)], 20_000), [
    ["bonus", 6_000],
    ["card", 14_000],
  ])
  assert.deepEqual(shares([paid("bonus", 30_000), paid("card", 70_000)], 10_150), [
    ["bonus", 3_000],
    ["card", 7_150],
  ])
  assert.deepEqual(shares([paid("cash", 50_000, 50_000), paid("card", 50_000)], 10_000), [["card", 10_000]])
  assert.deepEqual(shares([paid("card", 50_000)], 0), [])
})

const payments = fc.array(
  fc
    .record({
      method: fc.constantFrom("cash" as const, "card" as const, "bonus" as const),
      roubles: fc.integer({ min: 1, max: 5_000 }),
      back: fc.nat(100),
    })
    .map(({ method, roubles, back }) => paid(method, roubles * 100, Math.floor((roubles * back) / 100) * 100)),
  { maxLength: 5 },
)

test("property: never more than is owed nor than is left of a payment, all of it where money can make up for points, and points whole", () => {
  fc.assert(
    fc.property(payments, fc.integer({ min: -1_000, max: 1_000_000 }), (given, owed) => {
      const parts = partsBack(given, owed)
      const total = parts.reduce((sum, { amount }) => sum + amount, 0)
      assert.ok(total <= Math.max(0, owed))
      for (const { payment, amount } of parts) {
        assert.ok(amount > 0 && amount <= payment.amount - payment.refunded)
        if (payment.method === "bonus") assert.equal(amount % 100, 0)
      }
      const left = given.reduce((sum, { amount, refunded }) => sum + amount - refunded, 0)
      const hasRoom = given.every(({ method }) => method !== "bonus")
      if (hasRoom) assert.equal(total, Math.max(0, Math.min(owed, left)))
    }),
  )
})
