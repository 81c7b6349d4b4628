import assert from "node:assert/strict"
import { test } from "node:test"
import { beginningOf, byStretch, stretches, usualRange } from "./period.ts"

test("a range is cut at weeks, months and years, and begins with its own first day", () => {
  assert.deepEqual(stretches("week", { from: "2022-07-01", to: "2022-07-28" }, "x"), [
    "2022-07-01",
    "2022-07-04",
    "2022-07-11",
    "2022-07-18",
    "2022-07-25",
  ])
  assert.deepEqual(stretches("month", { from: "2023-12-15", to: "2024-02-01" }, "x"), ["2023-12-15", "2024-01-01", "2024-02-01"])
  assert.deepEqual(stretches("year", { from: "2023-12-15", to: "2024-02-01" }, "x"), ["2023-12-15", "2024-01-01"])
  assert.deepEqual(stretches("day", { from: "2024-02-28", to: "2024-03-01" }, "x"), ["2024-02-28", "2024-02-29", "2024-03-01"])
})

test("a range that ends before it begins, and one of too many stretches, are refused", () => {
  assert.throws(() => stretches("day", { from: "2024-02-28", to: "2024-02-27" }, "x"), /before the first/)
  assert.throws(() => stretches("day", { from: "1950-01-01", to: "2024-02-27" }, "x"), /at most/)
})

test("sums go to the stretch that holds them, also where the range begins within it", () => {
  assert.equal(beginningOf("week", "2022-07-03"), "2022-06-27")
  const sums = [{ day: "2022-06-27", amount: 5 }]
  assert.deepEqual(byStretch("week", ["2022-07-01", "2022-07-04"], sums), [
    { date: "2022-07-01", sum: { day: "2022-06-27", amount: 5 } },
    { date: "2022-07-04", sum: undefined },
  ])
})

test("without a range it is the last days until now", () => {
  assert.deepEqual(usualRange({ from: undefined, to: undefined }, 30, new Date("2026-03-31T10:00:00Z")), {
    from: "2026-03-01",
    to: "2026-03-31",
  })
})
