// When flowers are bought: a spring with its holidays, and the hours of a shop's day. Pure; called by the seed.
import type { Random } from "./random.ts"

const dayMs = 86_400_000
const days = 75
const seasonStart = Date.parse("2026-01-15T00:00:00Z")

/** How many times an ordinary day's sales. */
const holidays: Readonly<Record<string, number>> = { "02-13": 3, "02-14": 8, "03-06": 3, "03-07": 8, "03-08": 10 }
const fridayToSunday = [5, 6, 0]

const salesUntilDay = Array.from({ length: days }, (_, day) => salesOf(new Date(seasonStart + day * dayMs))).reduce<number[]>(
  (sums, sales) => [...sums, (sums.at(-1) ?? 0) + sales],
  [],
)

/** The moment of a sale, given its place in the season: 0 is the first one, 1 the last. */
export function momentOf(place: number, random: Random): number {
  const total = salesUntilDay.at(-1) ?? 0
  const day = Math.max(
    0,
    salesUntilDay.findIndex((sum) => sum > place * total),
  )
  // From nine to nine, most of it in the afternoon.
  const hour = 9 + 6 * (random.next() + random.next())
  return seasonStart + day * dayMs + Math.floor(hour * 3_600_000)
}

function salesOf(date: Date): number {
  return holidays[date.toISOString().slice(5, 10)] ?? (fridayToSunday.includes(date.getUTCDay()) ? 1.4 : 1)
}
