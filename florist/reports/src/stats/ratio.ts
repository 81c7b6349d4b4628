// Shares and changes in per cent, with two decimals, rounded half away from zero. Amounts go in as whole numbers, so nothing is lost on the way. Pure.

/** 1 of 3 -> 33.33; 0 where there is nothing to be a part of. */
export const shareOf = (part: number, whole: number): number => (whole === 0 ? 0 : divided(part * 10_000, whole) / 100)

/** From 80 to 100 -> 25; 0 where both are 0, null where nothing was there before. */
export function changeOf(now: number, before: number): number | null {
  if (before === 0) return now === 0 ? 0 : null
  return divided((now - before) * 10_000, Math.abs(before)) / 100
}

/** Whole kopecks of each, of an amount that several share; 0 where there are none. */
export const averageOf = (amount: number, count: number): number => (count === 0 ? 0 : divided(amount, count))

function divided(a: number, b: number): number {
  const [numerator, denominator] = [BigInt(a), BigInt(b)]
  const isNegative = numerator < 0n !== denominator < 0n
  const [up, down] = [numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator]
  const rounded = Number((2n * up + down) / (2n * down))
  return isNegative && rounded !== 0 ? -rounded : rounded
}
