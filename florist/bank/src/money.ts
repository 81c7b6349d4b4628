// Money on the wire: the bank speaks roubles, Florist counts kopecks. Exact in both directions. Pure; called by the schemas, the client and the codes.

/** Below this a JSON number carries every kopeck: 13 digits of roubles and two of kopecks are the 15 digits that a double keeps. */
const limit = 10n ** 15n

export class MoneyError extends RangeError {
  override readonly name = "MoneyError"
}

/** "150.50" of 15050n. */
export function roublesOf(kopecks: bigint): string {
  if (kopecks < 0n || kopecks >= limit) throw new MoneyError(`${kopecks} kopecks are not an amount`)
  return `${kopecks / 100n}.${String(kopecks % 100n).padStart(2, "0")}`
}

/** 150.5 of 15050n, as JSON carries it. */
export function roublesNumber(kopecks: bigint): number {
  return Number(roublesOf(kopecks))
}

/**
 * 15050n of 150.5, "150.5" or "150.50".
 * @throws MoneyError for a part of a kopeck, a sign, an exponent, or more than a double keeps.
 */
export function kopecksOf(roubles: number | string): bigint {
  const match = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(String(roubles))
  if (match === null) throw new MoneyError(`${String(roubles)} is not an amount in roubles`)
  const [, whole = "", part = ""] = match
  return BigInt(whole) * 100n + BigInt(part.padEnd(2, "0"))
}
