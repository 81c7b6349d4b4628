import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { ReleaseKind, ReleaseRecord, ReleaseState } from "../store/records.ts"
import { aheadOf, nextRun } from "./queue.ts"

const run = (id: number, kind: ReleaseKind, state: ReleaseState = "queued"): ReleaseRecord => ({
  id,
  kind,
  version: "v1",
  commit: "a",
  change: undefined,
  requestedAt: 0,
  state,
  reason: undefined,
  endedAt: undefined,
})

test("an empty queue has nothing next", () => {
  assert.equal(nextRun([]), undefined)
})

test("what was under way is carried on before anything else, a rollback too", () => {
  assert.equal(nextRun([run(1, "rollback"), run(2, "release", "running")])?.id, 2)
})

test("a rollback overtakes releases and contracts, all others go first in, first out", () => {
  assert.equal(nextRun([run(3, "release"), run(1, "contract"), run(2, "rollback")])?.id, 2)
  assert.equal(nextRun([run(3, "release"), run(1, "contract")])?.id, 1)
})

test("every run comes out once, rollbacks before the rest, each kind in the order of asking", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom<ReleaseKind>("release", "rollback", "contract", "abort")), (kinds) => {
      let waiting = kinds.map((kind, i) => run(i, kind))
      const order: ReleaseRecord[] = []
      for (let next = nextRun(waiting); next !== undefined; next = nextRun(waiting)) {
        const { id } = next
        order.push(next)
        waiting = waiting.filter((each) => each.id !== id)
      }
      const expected = kinds
        .map((kind, i) => run(i, kind))
        .toSorted((a, b) => Number(b.kind === "rollback") - Number(a.kind === "rollback") || a.id - b.id)
      assert.deepEqual(order, expected)
    }),
  )
})

test("what goes before a queued run is what would come out before it; nothing goes before one that is under way or over", () => {
  const kinds = fc.constantFrom<ReleaseKind>("release", "rollback", "contract", "abort")
  const states = fc.constantFrom<ReleaseState>("queued", "promoted", "cancelled")
  fc.assert(
    fc.property(fc.array(fc.tuple(kinds, states)), fc.boolean(), (asked, isBusy) => {
      const all = asked.map(([kind, state], i) => run(i, kind, isBusy && i === 0 ? "running" : state))
      const order: number[] = []
      let waiting = all.filter(({ state }) => state === "queued" || state === "running")
      for (let next = nextRun(waiting); next !== undefined; next = nextRun(waiting)) {
        const { id } = next
        order.push(id)
        waiting = waiting.filter((each) => each.id !== id)
      }
      for (const { id, state } of all) {
        const expected = state === "queued" ? order.slice(0, order.indexOf(id)) : []
        assert.deepEqual(
          aheadOf(id, all).map((release) => release.id),
          expected,
        )
      }
    }),
  )
})
