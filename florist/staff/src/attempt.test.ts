import assert from "node:assert/strict"
import { test } from "node:test"
import { limits, waitAfter } from "./attempt.ts"

test("a few mistakes cost nothing; then each one doubles the wait, up to a quarter of an hour", () => {
  const waits = Array.from({ length: 20 }, (_, n) => waitAfter(n, limits.username))
  assert.deepEqual(waits.slice(0, 9), [0, 0, 0, 0, 0, 0, 1_000, 2_000, 4_000])
  assert.equal(waits.at(-1), 900_000)
  assert.equal(waitAfter(1_000_000, limits.username), 900_000)
})
