import assert from "node:assert/strict"
import { test } from "node:test"
import { averageOf, changeOf, shareOf } from "./ratio.ts"

test("shares have two decimals, rounded half away from zero, and are 0 of nothing", () => {
  assert.deepEqual([shareOf(1, 3), shareOf(2, 3), shareOf(-1, 3), shareOf(1, 0), shareOf(1, 8_000_000)], [33.33, 66.67, -33.33, 0, 0])
  assert.equal(shareOf(36_364_251, 54_415_850), 66.83)
})

test("a change is against what was before: null where there was nothing, 0 where nothing became nothing", () => {
  assert.deepEqual([changeOf(100, 80), changeOf(80, 100), changeOf(5, 0), changeOf(0, 0), changeOf(-50, -100)], [25, -20, null, 0, 50])
})

test("an average is whole kopecks", () => {
  assert.deepEqual([averageOf(100, 3), averageOf(200, 3), averageOf(100, 0)], [33, 67, 0])
})
