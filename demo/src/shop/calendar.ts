// Which days a season has, how busy each is, and moments of them by the shop's own clock. Called by the season.

export interface TradeDay {
  /** "2026-03-08", by the shop's clock. */
  date: string
  /** How many times a mean day's customers. */
  demand: number
  /** Minutes since midnight. */
  opens: number
  closes: number
}

/** Europe/Moscow, which has had no summer time since 2014. */
const zoneMinutes = 180
const minuteMs = 60_000
const dayMs = 1_440 * minuteMs
const opens = 9 * 60
const closes = 21 * 60

/** Days before which flowers are bought, by month and day, and how far the wave reaches: the day itself, the days before it. */
const holidays: readonly { month: number; day: number; wave: readonly number[] }[] = [
  { month: 2, day: 14, wave: [4, 2.2, 1.2] },
  { month: 3, day: 8, wave: [5, 4.5, 2.6, 1.5] },
]
const byWeekday = [0.9, 0.6, 0.6, 0.7, 0.8, 1.1, 1.1]

/** The moment so many minutes after the day's midnight. */
export const at = (date: string, minutes: number): Date => new Date(Date.parse(date) + Math.round((minutes - zoneMinutes) * minuteMs))

export const dateOf = (moment: Date): string => new Date(moment.getTime() + zoneMinutes * minuteMs).toISOString().slice(0, 10)

export const daysAfter = (date: string, days: number): string => new Date(Date.parse(date) + days * dayMs).toISOString().slice(0, 10)

/**
 * So many days in two runs: up to the day after the last 8 March, and up to this very hour, so that flowers are fresh and a shift is open. The second run is short;
 * where the two would meet they are one.
 */
export function seasonDays(count: number, now: Date): TradeDay[] {
  const today = dateOf(now)
  const recent = Math.min(count, 4)
  const firstRecent = daysAfter(today, 1 - recent)
  const lastHoliday = daysAfter(lastOccurrence(firstRecent, 3, 8), 1)
  const early = Math.max(0, count - recent)
  const end = lastHoliday < firstRecent ? lastHoliday : daysAfter(firstRecent, -1)
  const dates = [...consecutive(daysAfter(end, 1 - early), early), ...consecutive(firstRecent, recent)]
  return dates.map((date) => ({ date, demand: demandOn(date), ...(date === today ? untilNow(now) : { opens, closes }) }))
}

const consecutive = (first: string, count: number): string[] => Array.from({ length: count }, (_, index) => daysAfter(first, index))

/** A shop that opens late enough today has opened early, so that there is something to see. */
function untilNow(now: Date): { opens: number; closes: number } {
  const minutes = Math.floor((now.getTime() / minuteMs + zoneMinutes) % 1_440)
  const until = Math.min(minutes, closes)
  return { opens: Math.max(0, Math.min(opens, until - 180)), closes: until }
}

function lastOccurrence(before: string, month: number, day: number): string {
  const year = Number(before.slice(0, 4))
  const text = (of: number) => `${of}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`
  return text(year) < before ? text(year) : text(year - 1)
}

function demandOn(date: string): number {
  const usual = byWeekday[new Date(date).getUTCDay()] ?? 1
  const waves = holidays.map(({ month, day, wave }) => {
    const holiday = Date.UTC(Number(date.slice(0, 4)), month - 1, day)
    return wave[(holiday - Date.parse(date)) / dayMs] ?? 0
  })
  return Math.max(usual, ...waves)
}
