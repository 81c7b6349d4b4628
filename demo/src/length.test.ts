import assert from "node:assert/strict"
import { test } from "node:test"
import { partsOf, roughly, secondsOf } from "./length.ts"

test("at its defaults the demo is told to take at most four minutes, and longer with more rows", () => {
  const usual = secondsOf(partsOf({ rows: 200_000 }))
  assert.ok(usual <= 240, `${usual} s`)
  assert.ok(secondsOf(partsOf({ rows: 2_000_000 })) > usual + 120)
})

test("a length is told to the quarter of a minute", () => {
  assert.deepEqual([1, 40, 75, 232, 247].map(roughly), ["15 s", "45 s", "1 m 15 s", "3 m 45 s", "4 m"])
})
