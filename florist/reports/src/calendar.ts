// Days of a store: "2026-03-08", by the store's own clock. Spans of days, and how a span falls into whole months and single days. Pure.

/** Stores whose time zone nobody told. */
export const standardZone = "Europe/Moscow"

/** "2026-03-08" */
export type Day = string

export interface LocalTime {
  day: Day
  /** 0 to 23. */
  hour: number
  /** 1 is Monday, 7 Sunday. */
  weekday: number
}

/** Both ends are within it. */
export interface Span {
  from: Day
  to: Day
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    hourCycle: "h23",
  })
  formats.set(zone, made)
  return made
}

export function isZone(zone: unknown): zone is string {
  if (typeof zone !== "string" || zone.length > 60) return false
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

export function localTime(at: Date, zone: string = standardZone): LocalTime {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  const day = `${(parts.get("year") ?? "").padStart(4, "0")}-${parts.get("month") ?? ""}-${parts.get("day") ?? ""}`
  return { day, hour: Number(parts.get("hour")), weekday: weekdayOf(day) }
}

const dayMs = 86_400_000
const numberOf = (day: Day): number => Date.parse(`${day}T00:00:00Z`) / dayMs

export const plusDays = (day: Day, days: number): Day => new Date((numberOf(day) + days) * dayMs).toISOString().slice(0, 10)

export const daysIn = ({ from, to }: Span): number => numberOf(to) - numberOf(from) + 1

export const weekdayOf = (day: Day): number => ((numberOf(day) + 3) % 7) + 1

export const monthOf = (day: Day): Day => `${day.slice(0, 7)}-01`

export function nextMonth(day: Day): Day {
  const [year = 0, month = 0] = day.split("-").map(Number)
  return month === 12 ? `${String(year + 1)}-01-01` : `${String(year)}-${String(month + 1).padStart(2, "0")}-01`
}

/** The same number of days, right before. */
export const previousOf = (span: Span): Span => ({ from: plusDays(span.from, -daysIn(span)), to: plusDays(span.from, -1) })

/** First days of the whole months within it: from the first to before the second. Equal where there are none. */
export function wholeMonths({ from, to }: Span): Span {
  const first = from === monthOf(from) ? from : nextMonth(from)
  const after = monthOf(plusDays(to, 1))
  return first < after ? { from: first, to: after } : { from, to: from }
}

export type Step = "day" | "month"

/** First days of the steps that the span touches. */
export function stepsOf({ from, to }: Span, step: Step): Day[] {
  const steps: Day[] = []
  let at = step === "month" ? monthOf(from) : from
  while (at <= to) {
    steps.push(at)
    at = step === "month" ? nextMonth(at) : plusDays(at, 1)
  }
  return steps
}
