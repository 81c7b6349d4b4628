import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { daysIn, isZone, localTime, nextMonth, plusDays, previousOf, stepsOf, weekdayOf, wholeMonths } from "./calendar.ts"

test("a moment falls on the store's own day, hour and weekday", () => {
  const at = new Date("2026-03-20T20:30:00Z")
  assert.deepEqual(localTime(at), { day: "2026-03-20", hour: 23, weekday: 5 })
  assert.deepEqual(localTime(at, "Asia/Vladivostok"), { day: "2026-03-21", hour: 6, weekday: 6 })
  assert.deepEqual(localTime(new Date("2026-03-20T21:00:00Z")), { day: "2026-03-21", hour: 0, weekday: 6 })
})

test("a time zone that nobody knows is none", () => {
  assert.deepEqual(["Asia/Omsk", "Europe/Nowhere", "", 7, "x".repeat(100)].map(isZone), [true, false, false, false, false])
})

test("whole months and the days around them are the span, each day once", () => {
  const day = fc.integer({ min: 0, max: 1_500 }).map((days) => plusDays("2024-01-01", days))
  fc.assert(
    fc.property(day, fc.nat(800), (from, length) => {
      const span = { from, to: plusDays(from, length) }
      const { from: first, to: after } = wholeMonths(span)
      const months = first === after ? [] : stepsOf({ from: first, to: plusDays(after, -1) }, "month")
      const inMonths = months.flatMap((month) => stepsOf({ from: month, to: plusDays(nextMonth(month), -1) }, "day"))
      const all = [...stepsOf({ from, to: plusDays(first, -1) }, "day"), ...inMonths, ...stepsOf({ from: after, to: span.to }, "day")]
      assert.deepEqual(all, stepsOf(span, "day"))
      assert.ok(all.length - inMonths.length <= 61, "at most two months by day")
    }),
  )
})

test("the days before are as many, and end right before", () => {
  const span = { from: "2026-03-01", to: "2026-03-20" }
  assert.deepEqual(previousOf(span), { from: "2026-02-09", to: "2026-02-28" })
  assert.equal(daysIn(previousOf(span)), daysIn(span))
  assert.deepEqual(["2026-03-16", "2026-03-22"].map(weekdayOf), [1, 7])
})
