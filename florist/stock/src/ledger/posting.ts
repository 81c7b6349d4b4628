// A posting: everything that one document moves, in one transaction. Locks the shelves first, works on what lies there, writes it all at the end. Called by
// issues, acts and bouquets.
//
// Three rules hold whatever the document:
// - What leaves without being there becomes a shortage, a batch below nothing at an estimated cost. The next goods that come in settle it, oldest first: the
//   shortage is reversed, and its goods leave the new batch at their true cost.
// - A count is the last word about a shelf at its moment. What occurred before it and is posted after it changes the difference that the count found.
// - Movements of the same line, batch and kind are one.
import { itemAttributes } from "@florist/kit/contracts/catalog"
import { movementsRecorded } from "@florist/kit/contracts/stock"
import type { Movement } from "@florist/kit/contracts/stock"
import { newId } from "@florist/kit/id"
import { timesPrice } from "@florist/kit/quantity"
import type { Transaction } from "@florist/kit/transaction"
import { costOfPart, inPickingOrder, pick } from "./batch.ts"
import type { Batch, Expired, Picked, ShortOf } from "./batch.ts"
import { identityOf } from "./entry.ts"
import type { Entry, MovementKind, Source } from "./entry.ts"
import { bouquetCost, keyOf, lastUnitCost, netOf, openShelves, readBatches, recount, writeEntries } from "./ledger-store.ts"
import type { LaterCount, Net, Shelf } from "./ledger-store.ts"

/** An item or a bouquet, in a store. */
interface Place {
  storeId: string
  itemId: string | null
  bouquetId: string | null
}

interface Opening {
  shelves: readonly Shelf[]
  /** Whose rows the caller has locked. */
  bouquetIds?: readonly string[]
  /** Batches that will be named, also where nothing is left of them. */
  batchIds?: readonly string[]
}

/** "refuse" takes nothing where something is missing. Only what has left for good can be short. */
type Taking = {
  from: Place
  qty: number
  lineId: string
  expired: Expired
} & ({ shortage: "refuse"; kind: MovementKind } | { shortage: "refuse" | "allow"; kind: ShortOf })

interface Taken {
  picked: Picked[]
  cost: number
  missing: number
}

interface Adding {
  to: Place
  qty: number
  cost: number
  kind: MovementKind
  lineId: string
  receivedAt: Date
  freshUntil: Date | null
  unitCost: number
}

interface CountState {
  count: LaterCount
  delta: number
  isTouched: boolean
  net: Map<string, Net>
}

export async function openPosting(tx: Transaction, source: Source, opening: Opening): Promise<Posting> {
  const { shelves, bouquetIds = [], batchIds = [] } = opening
  const opened = await openShelves(tx, { shelves, bouquetIds, batchIds, at: source.occurredAt })
  const categories = new Map(
    opened.items.map(({ id, attributes }) => [String(id), categoryShape.safeParse(attributes).data?.categoryId ?? null]),
  )
  const counts = await Promise.all(
    opened.counts.map(async (count) => {
      const net = await netOf(tx, { documentId: count.documentId, lineId: count.lineId })
      const known = new Set(opened.batches.map(({ id }) => id))
      opened.batches.push(...(await readBatches(tx, { batchIds: net.map(({ batchId }) => batchId).filter((id) => !known.has(id)) })))
      return {
        count: { ...count, turn: count.turn + 1 },
        delta: 0,
        isTouched: false,
        net: new Map(net.map((each) => [each.batchId, each])),
      }
    }),
  )
  return new Posting(tx, source, { batches: opened.batches, counts, categories })
}

const categoryShape = itemAttributes.pick({ categoryId: true })

export class Posting {
  readonly #tx: Transaction
  readonly #source: Source
  readonly #batches: Map<string, Batch>
  readonly #counts: ReadonlyMap<string, CountState>
  readonly #categories: ReadonlyMap<string, string | null>
  readonly #added: Batch[] = []
  readonly #entries = new Map<string, Entry>()

  constructor(
    tx: Transaction,
    source: Source,
    state: { batches: readonly Batch[]; counts: readonly CountState[]; categories: ReadonlyMap<string, string | null> },
  ) {
    this.#tx = tx
    this.#source = source
    this.#batches = new Map(state.batches.map((batch) => [batch.id, batch]))
    this.#counts = new Map(state.counts.map((each) => [keyOf(each.count), each]))
    this.#categories = state.categories
  }

  /** The batches of a place as they are now, in picking order. */
  batchesAt(place: Place): Batch[] {
    return [...this.#batches.values()].filter((batch) => keyOf(batch) === keyOf(place) && batch.shortOf === null).toSorted(inPickingOrder)
  }

  batch(id: string): Batch | undefined {
    return this.#batches.get(id)
  }

  /** Reads batches that turned out to matter only after the shelves were locked. */
  async know(batchIds: readonly string[]): Promise<void> {
    for (const batch of await readBatches(this.#tx, { batchIds })) this.#batches.set(batch.id, batch)
  }

  async take({ from, qty, kind, lineId, expired, shortage }: Taking): Promise<Taken> {
    await this.#leavesBeforeCount(from, qty)
    const { picked, missing } = pick(this.batchesAt(from), qty, { at: this.#source.occurredAt, expired })
    if (missing > 0 && shortage === "refuse") return { picked: [], cost: 0, missing }
    for (const part of picked) this.#move(part.batch, { qty: -part.qty, cost: -part.cost, kind, lineId })
    let cost = picked.reduce((sum, part) => sum + part.cost, 0)
    if (missing > 0 && shortage === "allow") cost += await this.#short(from, missing, { ...this.#source, kind, lineId })
    return { picked, cost, missing }
  }

  /** Takes from one batch, which must have it. @returns undefined where it has not. */
  async takeFrom(batchId: string, { qty, kind, lineId }: Pick<Adding, "qty" | "kind" | "lineId">): Promise<Picked | undefined> {
    const batch = this.#batches.get(batchId)
    if (batch === undefined) return undefined
    await this.#leavesBeforeCount(batch, qty)
    if (batch.qty < qty) return undefined
    const cost = costOfPart(qty, batch)
    this.#move(batch, { qty: -qty, cost: -cost, kind, lineId })
    return { batch, qty, cost }
  }

  /** Opens a batch. */
  async add({ to, qty, cost, kind, lineId, receivedAt, freshUntil, unitCost }: Adding): Promise<Batch> {
    const batch = this.#newBatch(to, { ...this.#source, lineId, receivedAt, freshUntil, unitCost, shortOf: null })
    this.#move(batch, { qty, cost, kind, lineId })
    await this.#comesBeforeCount(to, qty)
    return batch
  }

  /** Into (or, below nothing, out of) a batch that was opened before and is named by the opening. */
  async giveBack(batchId: string, { qty, cost, kind, lineId }: Pick<Adding, "qty" | "cost" | "kind" | "lineId">): Promise<void> {
    const batch = this.#batches.get(batchId)
    if (batch === undefined) throw new Error(`The batch ${batchId} was not opened with this posting.`)
    if (qty < 0) await this.#leavesBeforeCount(batch, -qty)
    this.#move(batch, { qty, cost, kind, lineId })
    if (qty > 0) await this.#comesBeforeCount(batch, qty)
  }

  /** Kopecks that so much of it would cost, by the last time it came in. */
  async estimate({ storeId, itemId, bouquetId }: Place, qty: number): Promise<number> {
    if (bouquetId !== null) return timesPrice(qty, await bouquetCost(this.#tx, bouquetId))
    return itemId === null ? 0 : timesPrice(qty, await lastUnitCost(this.#tx, { storeId, itemId }))
  }

  /** Settles shortages with what came in, writes everything, tells the others. Nothing may be moved after it. */
  async finish(): Promise<void> {
    this.#settle()
    const entries = [...this.#entries.values()].filter(({ qty }) => qty !== 0)
    if (entries.length === 0) return
    const used = new Set(entries.map(({ batchId }) => batchId))
    await writeEntries(
      this.#tx,
      this.#added.filter(({ id }) => used.has(id)),
      entries,
    )
    await Promise.all([...this.#counts.values()].filter(({ isTouched }) => isTouched).map((state) => recount(this.#tx, state)))
    for (const movements of Map.groupBy(entries, ({ documentId }) => documentId).values()) this.#tell(movements)
  }

  #tell(entries: readonly Entry[]): void {
    const [first] = entries
    if (first === undefined) return
    const movements = entries.map((entry): Movement => {
      const { id, storeId, itemId, bouquetId, batchId, kind, qty, cost, documentId, documentNo, lineId, reasonId, occurredAt } = entry
      const categoryId = itemId === null ? null : (this.#categories.get(itemId) ?? null)
      return { id, storeId, itemId, bouquetId, batchId, categoryId, kind, qty, cost, documentId, documentNo, lineId, reasonId, occurredAt }
    })
    this.#tx.emit({ type: movementsRecorded, subject: first.documentId, occurredAt: first.occurredAt, data: { movements } })
  }

  #newBatch({ storeId, itemId, bouquetId }: Place, more: Omit<Batch, "id" | "qty" | "cost" | keyof Place>): Batch {
    const { documentId, documentNo, lineId, turn, receivedAt, freshUntil, unitCost, shortOf } = more
    const batch: Batch = {
      id: newId(),
      storeId,
      itemId,
      bouquetId,
      documentId,
      documentNo,
      lineId,
      turn,
      receivedAt,
      freshUntil,
      unitCost,
      shortOf,
      qty: 0,
      cost: 0,
    }
    this.#batches.set(batch.id, batch)
    this.#added.push(batch)
    return batch
  }

  #move(batch: Batch, line: { qty: number; cost: number; kind: MovementKind; lineId: string }, source: Source = this.#source): void {
    batch.qty += line.qty
    batch.cost += line.cost
    const { documentId, documentNo, turn, occurredAt, reasonId } = source
    const { storeId, itemId, bouquetId } = batch
    const entry: Entry = {
      id: newId(),
      storeId,
      itemId,
      bouquetId,
      batchId: batch.id,
      ...line,
      documentId,
      documentNo,
      turn,
      occurredAt,
      reasonId,
    }
    const same = this.#entries.get(identityOf(entry))
    if (same === undefined) this.#entries.set(identityOf(entry), entry)
    else Object.assign(same, { qty: same.qty + line.qty, cost: same.cost + line.cost })
  }

  /** @returns the estimated cost. */
  async #short(place: Place, qty: number, source: Source & { kind: ShortOf; lineId: string }): Promise<number> {
    const cost = await this.estimate(place, qty)
    const { kind, lineId, occurredAt } = source
    const batch = this.#newBatch(place, {
      ...source,
      receivedAt: occurredAt,
      freshUntil: null,
      unitCost: Math.round((cost * 1_000) / qty),
      shortOf: kind,
    })
    this.#move(batch, { qty: -qty, cost: -cost, kind, lineId }, source)
    return cost
  }

  #settle(): void {
    const came = this.#added.filter((batch) => batch.shortOf === null && batch.qty > 0).toSorted(inPickingOrder)
    for (const places of Map.groupBy(came, keyOf).values()) {
      const [first] = places
      if (first === undefined) continue
      const short = [...this.#batches.values()]
        .filter((batch) => batch.shortOf !== null && batch.qty < 0 && keyOf(batch) === keyOf(first))
        .toSorted((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || (a.id < b.id ? -1 : 1))
      for (const shortage of short) {
        let left: Batch | undefined = shortage
        for (const batch of places) if (left !== undefined && batch.qty > 0) left = this.#settleWith(batch, left)
      }
    }
  }

  /** @returns what is still short after it, as a shortage of its own. */
  #settleWith(batch: Batch, shortage: Batch): Batch | undefined {
    const { shortOf, lineId, receivedAt } = shortage
    if (shortOf === null) return undefined
    const [short, estimated] = [-shortage.qty, -shortage.cost]
    const part = Math.min(short, batch.qty)
    const estimatedPart = costOfPart(part, { qty: short, cost: estimated })
    const occurredAt = new Date(Math.max(receivedAt.getTime(), this.#source.occurredAt.getTime()))
    const { documentId, documentNo, turn } = shortage
    const source: Source = { documentId, documentNo, turn, occurredAt, reasonId: null }
    this.#move(shortage, { qty: short, cost: estimated, kind: "correction", lineId }, source)
    const cost = costOfPart(part, batch)
    this.#move(batch, { qty: -part, cost: -cost, kind: shortOf, lineId }, source)
    if (part === short) return undefined
    const rest = this.#newBatch(shortage, { ...shortage })
    this.#move(rest, { qty: part - short, cost: estimatedPart - estimated, kind: shortOf, lineId }, source)
    return rest
  }

  #countOf(place: Place): CountState | undefined {
    return place.itemId === null ? undefined : this.#counts.get(keyOf(place))
  }

  #sourceOf({ count }: CountState): Source {
    const { documentId, documentNo, turn, countedAt } = count
    return { documentId, documentNo, turn, occurredAt: countedAt, reasonId: null }
  }

  /** What a later count found missing (or did not find) had left before: it is given back, so that it can leave now. */
  async #leavesBeforeCount(place: Place, qty: number): Promise<void> {
    const state = this.#countOf(place)
    if (state === undefined) return
    state.delta += qty
    state.isTouched = true
    const source = this.#sourceOf(state)
    const { lineId } = state.count
    let left = qty
    for (const net of state.net.values()) {
      const batch = this.#batches.get(net.batchId)
      if (batch === undefined || net.qty >= 0) continue
      const part = Math.min(left, -net.qty, batch.shortOf === null ? left : -batch.qty)
      if (part <= 0) continue
      const cost = costOfPart(part, { qty: -net.qty, cost: -net.cost })
      this.#move(batch, { qty: part, cost, kind: "count-surplus", lineId }, source)
      state.net.set(net.batchId, { ...net, qty: net.qty + part, cost: net.cost + cost })
      left -= part
    }
    if (left === 0) return
    const cost = await this.estimate(place, left)
    const batch = this.#newBatch(place, {
      ...source,
      lineId,
      receivedAt: source.occurredAt,
      freshUntil: null,
      unitCost: Math.round((cost * 1_000) / left),
      shortOf: null,
    })
    this.#move(batch, { qty: left, cost, kind: "count-surplus", lineId }, source)
    const { storeId, itemId, bouquetId } = batch
    state.net.set(batch.id, { batchId: batch.id, storeId, itemId, bouquetId, lineId, qty: left, cost })
  }

  /** A later count saw these goods already: it had taken them for a surplus, or was short of as much more. */
  async #comesBeforeCount(place: Place, qty: number): Promise<void> {
    const state = this.#countOf(place)
    if (state === undefined) return
    state.delta -= qty
    state.isTouched = true
    const source = this.#sourceOf(state)
    const { lineId } = state.count
    let left = qty
    const remove = (batch: Batch, most: number) => {
      const part = Math.min(left, most, batch.qty)
      if (part <= 0) return
      const cost = costOfPart(part, batch)
      this.#move(batch, { qty: -part, cost: -cost, kind: "count-shortage", lineId }, source)
      const net = state.net.get(batch.id)
      const { storeId, itemId, bouquetId } = batch
      const same = net ?? { batchId: batch.id, storeId, itemId, bouquetId, lineId, qty: 0, cost: 0 }
      state.net.set(batch.id, { ...same, qty: same.qty - part, cost: same.cost - cost })
      left -= part
    }
    for (const net of state.net.values()) {
      const batch = this.#batches.get(net.batchId)
      if (batch !== undefined && batch.shortOf === null) remove(batch, net.qty)
    }
    for (const { batch, qty: part } of pick(this.batchesAt(place), left, { at: source.occurredAt, expired: "take" }).picked)
      remove(batch, part)
    if (left > 0) await this.#short(place, left, { ...source, kind: "count-shortage", lineId })
  }
}
