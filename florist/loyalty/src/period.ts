// Stretches of time that statistics are told by: days, weeks from Monday, months, years. In UTC. Called by the statistics.
import { invalid } from "@florist/kit/refusal"

export const units = ["year", "month", "week", "day"] as const
export type Unit = (typeof units)[number]

export interface Range {
  /** "2026-03-08"; both days are part of it. */
  from: string
  to: string
}

const most = 1_500
const dayMs = 86_400_000

/** The day that a unit of time begins with. */
export function beginningOf(unit: Unit, day: string): string {
  if (unit === "day") return day
  if (unit === "year") return `${day.slice(0, 4)}-01-01`
  if (unit === "month") return `${day.slice(0, 7)}-01`
  const at = new Date(day)
  return isoDay(at.getTime() - ((at.getUTCDay() + 6) % 7) * dayMs)
}

/** The first days of all stretches in the range; the first is the range's own first day. @throws Refusal 422 for too many or a range that ends before it begins. */
export function stretches(unit: Unit, { from, to }: Range, parameter: string): string[] {
  if (from > to) throw invalid(`${parameter}: the last day cannot lie before the first`, { parameter })
  const result = [from]
  for (let next = following(unit, beginningOf(unit, from)); next <= to; next = following(unit, next)) {
    result.push(next)
    if (result.length > most)
      throw invalid(`${parameter}: at most ${most} are told at once; ask for fewer days or longer stretches`, { parameter })
  }
  return result
}

/** Sums by the stretch that they belong to. `sums` has the first days as the database cut them. */
export function byStretch<T>(
  unit: Unit,
  days: readonly string[],
  sums: readonly (T & { day: string })[],
): { date: string; sum: T | undefined }[] {
  const byDay = new Map(sums.map((sum) => [sum.day, sum]))
  return days.map((date) => ({ date, sum: byDay.get(beginningOf(unit, date)) }))
}

const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** The usual range where a client says nothing: back from the last day. */
export function usualRange(given: { from: string | undefined; to: string | undefined }, days: number, now: Date): Range {
  const to = given.to ?? (given.from !== undefined && given.from > isoDay(now.getTime()) ? given.from : isoDay(now.getTime()))
  return { from: given.from ?? isoDay(Date.parse(to) - days * dayMs), to }
}

function following(unit: Unit, beginning: string): string {
  const at = new Date(beginning)
  if (unit === "day" || unit === "week") return isoDay(at.getTime() + (unit === "day" ? 1 : 7) * dayMs)
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()]
  return isoDay(unit === "month" ? Date.UTC(year, month + 1, 1) : Date.UTC(year + 1, 0, 1))
}
