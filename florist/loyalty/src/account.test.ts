import fc from "fast-check"
import assert from "node:assert/strict"
import { test } from "node:test"
import { credited, earnedPoints, reversed, taken } from "./account.ts"
import type { Account, Settled } from "./account.ts"

test("points are earned on what is paid in money, in whole points, rounded down", () => {
  assert.equal(earnedPoints({ total: 150_000, paidByPoints: 0, rate: 1_000 }), 150)
  assert.equal(earnedPoints({ total: 150_000, paidByPoints: 50_000, rate: 1_000 }), 100)
  assert.equal(earnedPoints({ total: 1_999, paidByPoints: 0, rate: 500 }), 0)
  assert.equal(earnedPoints({ total: 1_000, paidByPoints: 2_000, rate: 500 }), 0)
  assert.equal(earnedPoints({ total: 99_999_999_999, paidByPoints: 0, rate: 10_000 }), 999_999_999)
})

test("whatever happens, the balance is the sum of the lines, never negative, and nothing is owed while there are points", () => {
  const step = fc.record({ kind: fc.constantFrom("credit", "reverse", "take"), points: fc.integer({ min: 1, max: 50 }), order: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let account: Account = { balance: 0, debts: [] }
      let sum = 0
      let net = 0
      for (const [n, { kind, points, order }] of steps.entries()) {
        const orderId = `o${order}`
        const settled: Settled | undefined =
          kind === "credit"
            ? credited(account, { kind: "earned", orderId, sourceLine: `${n}`, points })
            : kind === "reverse"
              ? reversed(account, { kind: "earning-reversed", orderId, sourceLine: `${n}`, points: -points })
              : taken(account, { kind: "spent", orderId, sourceLine: `${n}`, points: -points })
        if (settled === undefined) continue
        net += kind === "credit" ? points : -points
        account = settled.account
        for (const line of settled.lines) {
          sum += line.points
          assert.equal(line.balance, sum)
          assert.ok(line.balance >= 0)
        }
      }
      const owed = account.debts.reduce((total, debt) => total + debt.points, 0)
      assert.equal(account.balance, sum)
      assert.equal(account.balance - owed, net)
      assert.ok(owed === 0 || account.balance === 0)
    }),
  )
})
