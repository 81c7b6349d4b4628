// Bands of bouquets' prices, by which the showcase's sales are told apart. Each has a number, which never changes its meaning. Pure.

export interface PriceBand {
  id: number
  /** Kopecks; the first that belongs to it. */
  from: number
  /** Kopecks; the first that does not; null for the last band. */
  before: number | null
}

const bounds = [0, 500, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000].map((roubles) => roubles * 100)

export const priceBands: readonly PriceBand[] = bounds.map((from, index) => ({ id: index + 1, from, before: bounds[index + 1] ?? null }))

/** @param amount kopecks, 0 or more. */
export const priceBandOf = (amount: number): number => priceBands.findLast(({ from }) => amount >= from)?.id ?? 1
