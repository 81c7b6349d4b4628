// Quantities: thousandths everywhere inside, as safe integers (2.5 stems = 2500); numbers or texts with at most three decimals on the wire.
// Called wherever a quantity comes in or goes out.
import { z } from "zod"
import { scaled } from "./scaled.ts"

const units = scaled({ decimals: 3, most: 1_000_000_000, unit: "units" })

/** Units on the wire, thousandths inside; any sign. */
export const signedQuantity = units

export const quantity = units.refine((value) => value >= 0, "must not be negative")

export const positiveQuantity = units.refine((value) => value > 0, "must be above 0")

export const quantityOut = z.number()

/** 2500 -> 2.5 */
export const toUnits = (thousandths: number): number => thousandths / 1_000

/** 2500 -> "2.50"; the third decimal only where it is there. */
export function toUnitsText(thousandths: number): string {
  return (thousandths / 1_000).toFixed(thousandths % 10 === 0 ? 2 : 3)
}

/** What so many thousandths cost at a price per unit, rounded half away from zero, in the price's unit. */
export function timesPrice(thousandths: number, pricePerUnit: number): number {
  const product = BigInt(thousandths) * BigInt(pricePerUnit)
  const half = product < 0n ? -500n : 500n
  return Number((product + half) / 1_000n)
}

/**
 * Splits a total by weights so that the parts are whole and their sum is the total: the largest remainders get what rounding left over.
 * Weights are not negative and not all zero.
 */
export function splitByWeight(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + BigInt(b), 0n)
  if (sum === 0n) throw new RangeError("A total cannot be split by weights that are all zero.")
  const exact = weights.map((weight) => BigInt(total) * BigInt(weight))
  const parts = exact.map((value) => value / sum)
  let left = BigInt(total) - parts.reduce((a, b) => a + b, 0n)
  const step = left < 0n ? -1n : 1n
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value % sum }))
    .toSorted((a, b) => Number((b.remainder - a.remainder) * step) || a.index - b.index)
  for (const { index } of byRemainder) {
    if (left === 0n) break
    parts[index] = (parts[index] ?? 0n) + step
    left -= step
  }
  return parts.map(Number)
}
