import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { Refusal } from "@florist/kit/refusal"
import { rangeQuery, spanOf, stepOf } from "./range.ts"

const now = new Date("2026-03-20T21:30:00Z")
const query = z.object(rangeQuery)
const asked = (range: string, from?: string, to?: string, zone = "Europe/Moscow") =>
  spanOf(query.parse({ "filter[range]": range, "filter[rangeFrom]": from, "filter[rangeTo]": to }), now, zone)

test("ranges run from their first day up to the store's today", () => {
  assert.deepEqual(asked("day"), { from: "2026-03-21", to: "2026-03-21" })
  assert.deepEqual(asked("day", undefined, undefined, "Europe/Kaliningrad"), { from: "2026-03-20", to: "2026-03-20" })
  assert.deepEqual(asked("week"), { from: "2026-03-16", to: "2026-03-21" })
  assert.deepEqual(asked("month"), { from: "2026-03-01", to: "2026-03-21" })
  assert.deepEqual(asked("year"), { from: "2026-01-01", to: "2026-03-21" })
})

test("a custom range includes both days; an end at midnight ends with the day before", () => {
  assert.deepEqual(asked("custom", "2026-02-01", "2026-02-28"), { from: "2026-02-01", to: "2026-02-28" })
  assert.deepEqual(asked("custom", "2026-02-01T00:00:00+03:00", "2026-03-01T00:00:00+03:00"), { from: "2026-02-01", to: "2026-02-28" })
  assert.deepEqual(asked("custom", "2026-02-01T10:00:00Z", "2026-02-01T10:00:00Z"), { from: "2026-02-01", to: "2026-02-01" })
})

test("a range without its ends, backwards or of more than ten years is refused", () => {
  const refused = (from?: string, to?: string) => assert.throws(() => asked("custom", from, to), Refusal)
  refused()
  refused("2026-02-01")
  refused("2026-02-02", "2026-02-01")
  refused("2000-01-01", "2026-01-01")
})

test("a year goes by months, a month by days", () => {
  assert.equal(stepOf("year", asked("year")), "month")
  assert.equal(stepOf("month", asked("month")), "day")
  assert.equal(stepOf("custom", { from: "2026-01-01", to: "2026-03-31" }), "month")
})
