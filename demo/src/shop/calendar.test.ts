import assert from "node:assert/strict"
import { test } from "node:test"
import { at, dateOf, seasonDays } from "./calendar.ts"

test("a season has the days it was asked for, the holidays among them, and ends now", () => {
  const now = new Date("2026-11-21T12:30:00Z")
  const days = seasonDays(32, now)
  assert.equal(days.length, 32)
  assert.deepEqual(
    days.map(({ date }) => date),
    days.map(({ date }) => date).toSorted(),
  )
  assert.equal(new Set(days.map(({ date }) => date)).size, 32)
  const [first, second] = days.toSorted((a, b) => b.demand - a.demand)
  assert.deepEqual([first?.date, second?.date], ["2026-03-08", "2026-03-07"])
  assert.ok(days.some(({ date, demand }) => date === "2026-02-14" && demand === 4))
  const last = days.at(-1)
  assert.equal(last?.date, "2026-11-21")
  assert.equal(at(last.date, last.closes).toISOString(), now.toISOString())
})

test("no day is later than now, at any hour and on any day of the year", () => {
  for (let hour = 0; hour < 24 * 400; hour += 7) {
    const now = new Date(Date.UTC(2026, 0, 1, hour, 13))
    for (const count of [1, 3, 12]) {
      const days = seasonDays(count, now)
      assert.equal(new Set(days.map(({ date }) => date)).size, count)
      for (const { date, opens, closes } of days) {
        assert.ok(opens <= closes, `${date} opens before it closes`)
        assert.ok(at(date, closes) <= now, `${date} ends before ${now.toISOString()}`)
      }
    }
  }
})

test("a moment's day is the shop's own", () => {
  assert.equal(dateOf(new Date("2026-03-07T21:30:00Z")), "2026-03-08")
  assert.equal(at("2026-03-08", 30).toISOString(), "2026-03-07T21:30:00.000Z")
})
