// Which days are asked for: filter[range], and for a custom one filter[rangeFrom] and filter[rangeTo]. Pure.
import { day, instant } from "@florist/kit/input"
import { invalid } from "@florist/kit/refusal"
import { z } from "zod"
import { daysIn, localTime, monthOf, plusDays, weekdayOf } from "../calendar.ts"
import type { Day, Span, Step } from "../calendar.ts"

/** A day as it is, or a moment, which is a day by the store's clock. */
const bound = z.union([day.transform((value) => ({ day: value })), instant.transform((at) => ({ at }))]).optional()
type Bound = z.output<typeof bound>

export const ranges = ["day", "week", "month", "year", "custom"] as const

export const rangeQuery = { "filter[range]": z.enum(ranges), "filter[rangeFrom]": bound, "filter[rangeTo]": bound }

export interface RangeQuery {
  "filter[range]": (typeof ranges)[number]
  "filter[rangeFrom]"?: Bound
  "filter[rangeTo]"?: Bound
}

/** Ten years. */
const mostDays = 3_660
const mostDaysByDay = 62

/**
 * From the first day of the running day, week (from Monday), month or year up to today; a custom range as it is given, both days included. A range's end
 * at midnight ends with the day before.
 * @throws Refusal 422
 */
export function spanOf(
  { "filter[range]": range, "filter[rangeFrom]": from, "filter[rangeTo]": to }: RangeQuery,
  now: Date,
  zone: string,
): Span {
  const today = localTime(now, zone).day
  if (range !== "custom") return { from: firstDays[range](today), to: today }
  if (from === undefined || to === undefined) {
    const missing = from === undefined ? "filter[rangeFrom]" : "filter[rangeTo]"
    throw invalid(`A custom range needs ${missing}, as 2026-03-08 or 2026-03-08T00:00:00+03:00.`, { parameter: missing })
  }
  const span = { from: firstDay(from, zone), to: lastDay(to, firstDay(from, zone), zone) }
  if (span.to < span.from) throw invalid("filter[rangeTo] lies before filter[rangeFrom].", { parameter: "filter[rangeTo]" })
  if (daysIn(span) > mostDays) throw invalid(`A range has at most ${mostDays} days.`, { parameter: "filter[rangeTo]" })
  return span
}

const firstDays = {
  day: (today: Day) => today,
  week: (today: Day) => plusDays(today, 1 - weekdayOf(today)),
  month: monthOf,
  year: (today: Day) => `${today.slice(0, 4)}-01-01`,
}

const firstDay = (given: NonNullable<Bound>, zone: string): Day => ("day" in given ? given.day : localTime(given.at, zone).day)

function lastDay(given: NonNullable<Bound>, from: Day, zone: string): Day {
  if ("day" in given) return given.day
  const before = localTime(new Date(given.at.getTime() - 1), zone).day
  return before < from ? localTime(given.at, zone).day : before
}

export const stepOf = (range: RangeQuery["filter[range]"], span: Span): Step =>
  range === "year" || daysIn(span) > mostDaysByDay ? "month" : "day"
