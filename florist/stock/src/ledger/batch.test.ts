import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { costOfPart, pick } from "./batch.ts"
import type { Batch, Expired } from "./batch.ts"

const at = new Date("2026-03-08T09:00:00Z")
const days = (count: number) => new Date(at.getTime() + count * 86_400_000)

function batch(id: string, more: Partial<Batch> = {}): Batch {
  const place = { storeId: "s", itemId: "i", bouquetId: null, documentId: "d", documentNo: "1", lineId: "1", turn: 1 }
  return { id, ...place, receivedAt: days(-5), freshUntil: null, unitCost: 10, shortOf: null, qty: 1_000, cost: 10, ...more }
}

const ids = (batches: readonly Batch[], expired: Expired, qty = 100_000) =>
  pick(batches, qty, { at, expired }).picked.map((part) => part.batch.id)

test("what withers first goes first, then what came first, then by id; what never withers goes last", () => {
  const batches = [
    batch("e"),
    batch("d", { freshUntil: days(2), receivedAt: days(-1) }),
    batch("c", { freshUntil: days(2), receivedAt: days(-2) }),
    batch("b", { freshUntil: days(2), receivedAt: days(-2) }),
    batch("a", { freshUntil: days(1), receivedAt: days(0) }),
  ]
  assert.deepEqual(ids(batches, "leave"), ["a", "b", "c", "d", "e"])
})

test("what is past its freshness is left, or taken after everything that is fresh, or before it", () => {
  const batches = [batch("old", { freshUntil: days(0) }), batch("new", { freshUntil: days(1) }), batch("short", { qty: -5, cost: -5 })]
  assert.deepEqual(ids(batches, "leave"), ["new"])
  assert.deepEqual(ids(batches, "take"), ["new", "old"])
  assert.deepEqual(ids(batches, "first"), ["old", "new"])
  assert.equal(pick(batches, 1_500, { at, expired: "leave" }).missing, 500)
})

test("however a batch is taken apart, its cost is taken exactly, and no part costs less than nothing", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 0, max: 1e12 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      (qty, cost, cuts) => {
        const left = { qty, cost }
        let taken = 0
        for (const cut of [...cuts, 1]) {
          if (left.qty === 0) break
          const part = Math.max(1, Math.round(left.qty * cut))
          const price = costOfPart(part, left)
          assert.ok(price >= 0 && price <= left.cost)
          taken += price
          left.qty -= part
          left.cost -= price
        }
        assert.deepEqual([taken, left], [cost, { qty: 0, cost: 0 }])
      },
    ),
  )
})
