// A batch: goods of one kind that came in together, at one cost, fresh until the same day; and which batches a quantity is taken from. A shortage is a batch
// below nothing: what left without being there, at its estimated cost. Pure. Called by the posting.

export interface Batch {
  id: string
  storeId: string
  /** Exactly one of the two. */
  itemId: string | null
  bouquetId: string | null
  /** What brought it in; of a shortage: what took it. */
  documentId: string
  documentNo: string
  lineId: string
  turn: number
  receivedAt: Date
  freshUntil: Date | null
  /** Kopecks for one unit, for people; `cost` is exact. */
  unitCost: number
  shortOf: ShortOf | null
  qty: number
  cost: number
}

/** As what the goods of a shortage left. */
export type ShortOf = "sale" | "write-off" | "count-shortage"

export interface Picked {
  batch: Batch
  qty: number
  cost: number
}

/** What is past its freshness: stays, goes after what is fresh, or goes before it. */
export type Expired = "leave" | "take" | "first"

/** What a part of a batch costs. The last part takes the rest, so that no kopeck is lost or made. */
export function costOfPart(part: number, { qty, cost }: { qty: number; cost: number }): number {
  if (part === qty) return cost
  return Number((BigInt(cost) * BigInt(part) * 2n + BigInt(qty)) / (2n * BigInt(qty)))
}

/** What withers first goes first; then what came first. */
export function inPickingOrder(one: Batch, other: Batch): number {
  const until = (batch: Batch) => batch.freshUntil?.getTime() ?? Number.POSITIVE_INFINITY
  if (until(one) !== until(other)) return until(one) - until(other)
  return one.receivedAt.getTime() - other.receivedAt.getTime() || (one.id < other.id ? -1 : 1)
}

const isExpired = ({ freshUntil }: Pick<Batch, "freshUntil">, at: Date): boolean => freshUntil !== null && freshUntil <= at

/** @returns from where, and how much is missing. */
export function pick(batches: readonly Batch[], qty: number, { at, expired }: { at: Date; expired: Expired }) {
  const there = batches.filter((batch) => batch.qty > 0)
  const fresh = there.filter((batch) => !isExpired(batch, at)).toSorted(inPickingOrder)
  const old = expired === "leave" ? [] : there.filter((batch) => isExpired(batch, at)).toSorted(inPickingOrder)
  const picked: Picked[] = []
  let missing = qty
  for (const batch of expired === "first" ? [...old, ...fresh] : [...fresh, ...old]) {
    if (missing === 0) break
    const part = Math.min(missing, batch.qty)
    picked.push({ batch, qty: part, cost: costOfPart(part, batch) })
    missing -= part
  }
  return { picked, missing }
}
