import assert from "node:assert/strict"
import { test } from "node:test"
import { burning, wakes, wastes } from "./burn-rate.ts"
import type { BurnRule, Traffic } from "./burn-rate.ts"

const minute = 60_000
const perMinute = 2_222

/** Minute by minute, from a share of failures for each hour. */
function played(shares: readonly number[], rules: readonly BurnRule[]): string {
  const history: Traffic[] = [{ at: 0, requests: 0, failed: 0 }]
  for (const [hour, share] of shares.entries()) {
    for (let i = 1; i <= 60; i++) {
      const last = history.at(-1) ?? { requests: 0, failed: 0 }
      history.push({ at: (hour * 60 + i) * minute, requests: last.requests + perMinute, failed: last.failed + perMinute * share })
    }
  }
  const now = history.pop()
  assert.ok(now)
  return burning(history, now, 0.9995, rules).is
}
const hours = (count: number, share: number) => Array.from({ length: count }, () => share)

for (const [what, shares, rules, is] of [
  ["no failure", hours(8, 0), wakes, "within"],
  ["1% for an hour", [...hours(8, 0), 0.01], wakes, "burning"],
  ["0.5% for an hour is not 0.72%", [...hours(8, 0), 0.005], wakes, "within"],
  ["0.4% for six hours", [...hours(8, 0), ...hours(6, 0.004)], wakes, "burning"],
  ["1% an hour ago, over since", [...hours(8, 0), 0.01, 0], wakes, "within"],
  ["0.2% for a day wakes nobody", hours(24, 0.002), wakes, "within"],
  ["0.2% for a day wastes the budget", hours(24, 0.002), wastes, "burning"],
  ["0.04% for three days is within the goal", hours(72, 0.0004), wastes, "within"],
] as const) {
  test(`${what}: ${is}`, () => assert.equal(played(shares, rules), is))
}

test("where nobody asks nothing is known", () => {
  assert.equal(burning([{ at: 0, requests: 5, failed: 0 }], { at: minute, requests: 5, failed: 0 }, 0.9995, wakes).is, "unknown")
  assert.equal(burning([], { at: 0, requests: 5, failed: 5 }, 0.9995, wakes).is, "unknown")
})

test("three failures among five requests of a night are no rate", () => {
  assert.equal(burning([{ at: 0, requests: 0, failed: 0 }], { at: minute, requests: 5, failed: 3 }, 0.9995, wakes).is, "within")
})
