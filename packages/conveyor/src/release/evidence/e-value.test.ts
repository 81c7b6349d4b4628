import assert from "node:assert/strict"
import { test } from "node:test"
import { eValue, highestRate } from "./e-value.ts"
import { chances } from "./testing.ts"

test("nothing seen says nothing, and what is as expected says less than nothing", () => {
  assert.equal(eValue(0, 0, 0.5), 1)
  assert.ok(eValue(50, 100, 0.5) < 1)
  assert.ok(eValue(0, 100, 0.01) < 1)
})

test("fourteen to sixteen of as many on one side is beyond chance at one in 3,000; four are not", () => {
  const needed = [...Array(30).keys()].find((n) => eValue(n, n, 0.5) >= 3_000)
  assert.ok(needed !== undefined && needed >= 14 && needed <= 16, String(needed))
  assert.ok(eValue(4, 4, 0.5) < 20)
})

const looks = 500
const everReaches = (random: () => number, rate: number, isReached: (failed: number, n: number) => boolean): boolean => {
  for (let n = 1, failed = 0; n <= looks; n++) {
    if (random() < rate) failed++
    if (isReached(failed, n)) return true
  }
  return false
}
const shareOf = (seed: number, rate: number, isReached: (failed: number, n: number) => boolean): number => {
  const random = chances(seed)
  const runs = 2_000
  return Array.from({ length: runs }, () => everReaches(random, rate, isReached)).filter(Boolean).length / runs
}

for (const rate of [0.5, 0.05, 0.01]) {
  test(`looked at after each of ${looks} trials at a rate of ${rate}, it reaches 20 in at most one run of 20`, () => {
    const share = shareOf(3, rate, (failed, n) => eValue(failed, n, rate) >= 20)
    assert.ok(share <= 0.05, `${share * 100}% did`)
  })
}

test("(control) a z-test at 5% that is looked at as often cries wolf in far more than one run of 20", () => {
  const share = shareOf(3, 0.5, (failed, n) => n >= 10 && (failed - n / 2) / Math.sqrt(n / 4) > 1.645)
  assert.ok(share > 0.2, `only ${share * 100}% did: the simulation would not notice a test that is wrong`)
})

test("the highest believable rate falls with what was seen, and is never below what was", () => {
  assert.equal(highestRate(0, 0), 1)
  assert.ok(highestRate(0, 1_000) < 0.011 && highestRate(0, 1_000) > 0.001)
  for (const [failed, requests] of [
    [1, 10],
    [50, 1_000],
    [10, 10],
  ] as const) {
    assert.ok(highestRate(failed, requests) >= failed / requests)
  }
})
