// Money: kopecks everywhere inside, as safe integers; roubles with at most two decimals on the wire, as the published API has them.
// Never a float in between. Called wherever an amount comes in or goes out.
import { z } from "zod"
import { scaled } from "./scaled.ts"

/** A billion roubles is more than any bouquet. */
const most = 100_000_000_000

const kopecks = scaled({ decimals: 2, most, unit: "roubles" })

/** Roubles on the wire (150, 150.5 or "150.50"), kopecks inside; any sign. */
export const signedRoubles = kopecks

/** Roubles on the wire, kopecks inside, 0 or more. */
export const roubles = kopecks.refine((value) => value >= 0, "must not be negative")

/** Roubles on the wire, kopecks inside, above 0. */
export const positiveRoubles = kopecks.refine((value) => value > 0, "must be above 0")

/** The wire's form of an amount in an answer. */
export const roublesOut = z.number()

/** 15050 -> 150.5. Exact: both are the shortest decimal of the same value. */
export const toRoubles = (amount: number): number => amount / 100

/** 15050 -> "150.50", for the attributes that the published API gives as text. */
export const toRoublesText = (amount: number): string => (amount / 100).toFixed(2)

/** A part of an amount in per cent with at most two decimals (1250 = 12.5 %), rounded half up, kopeck by kopeck. */
export function percentOf(amount: number, hundredthsOfPercent: number): number {
  return Number((BigInt(amount) * BigInt(hundredthsOfPercent) + 5_000n) / 10_000n)
}
