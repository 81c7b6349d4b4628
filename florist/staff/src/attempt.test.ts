import assert from "node:assert/strict"
import { test } from "node:test"
import { leftAfter, limits, waitAfter } from "./attempt.ts"

test("a few mistakes cost nothing; then each one doubles the wait, up to a quarter of an hour", () => {
  const waits = Array.from({ length: 20 }, (_, n) => waitAfter(n, limits.pair))
  assert.deepEqual(waits.slice(0, 9), [0, 0, 0, 0, 0, 0, 1_000, 2_000, 4_000])
  assert.equal(waits.at(-1), 900_000)
  assert.equal(waitAfter(1_000_000, limits.pair), 900_000)
})

test("failures are forgiven one by one, and a clock that goes back forgives none", () => {
  const { forgivesEveryMs } = limits.pair
  assert.deepEqual(
    [-1, 0.9, 1, 2.5, 100].map((times) => leftAfter(7, times * forgivesEveryMs, limits.pair)),
    [7, 7, 6, 5, 0],
  )
})
