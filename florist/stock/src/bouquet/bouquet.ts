// A bouquet: a document with a status, made of what lies in its store at cost, and a batch of its own while it is there. Called by its operations, by issues and
// by transfers.
import { bouquetChanged } from "@florist/kit/contracts/stock"
import type { BouquetSnapshot, bouquetStatuses } from "@florist/kit/contracts/stock"
import type { bouquetSeparation } from "@florist/kit/contracts/orders"
import { percentOf } from "@florist/kit/money"
import { Refusal, conflict } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import type { z } from "zod"
import type { Expired } from "../ledger/batch.ts"
import { netOf, readBatches } from "../ledger/ledger-store.ts"
import { openPosting } from "../ledger/posting.ts"
import { lockBouquets, setBouquets } from "./bouquet-store.ts"

export type BouquetStatus = (typeof bouquetStatuses)[number]
export type Reckoning = "absolute" | "percent"

export interface Component {
  itemId: string
  /** Thousandths. */
  qty: number
}

export interface Bouquet {
  id: string
  docNo: string
  title: string
  description: string
  height: number
  width: number
  color: string
  status: BouquetStatus
  storeId: string
  orderId: string | null
  floristId: string | null
  recipeId: string | null
  groupId: number | null
  imageId: string | null
  isPublic: boolean
  /** Kopecks. */
  amount: number
  /** Kopecks, or hundredths of a per cent. */
  discount: number
  discountType: Reckoning
  markup: number
  markupType: Reckoning
  salePrice: number
  cost: number
  turn: number
  components: readonly Component[]
  assembledAt: Date | null
  onWindowAt: Date | null
  occurredAt: Date
  createdBy: string | null
  updatedBy: string | null
  createdAt: Date
  updatedAt: Date
  revision: number
}

/** Thousandths of the one piece that a bouquet is. */
const onePiece = 1_000

type Work = "assemble" | "disassemble" | "nothing"

/** What has to be done for a bouquet to get from one status to another; where nothing is said, it cannot. Only orders sell. */
const transitions: Readonly<Record<BouquetStatus, Partial<Record<BouquetStatus, Work>>>> = {
  draft: { assembled: "assemble", demonstrated: "assemble", reserved: "assemble", deleted: "nothing" },
  assembled: { demonstrated: "nothing", reserved: "nothing", disassembled: "disassemble", deleted: "disassemble" },
  demonstrated: { assembled: "nothing", reserved: "nothing", disassembled: "disassemble", deleted: "disassemble" },
  reserved: { assembled: "nothing", demonstrated: "nothing", disassembled: "disassemble", deleted: "disassemble" },
  disassembled: { draft: "nothing", assembled: "assemble", demonstrated: "assemble", reserved: "assemble", deleted: "nothing" },
  sold: {},
  deleted: {},
}

export const isMade = ({ status }: Pick<Bouquet, "status">): boolean => transitions[status].disassembled === "disassemble"

/** @throws Refusal 409 */
export function workFor({ docNo, status }: Bouquet, to: BouquetStatus): Work {
  const work = status === to ? "nothing" : transitions[status][to]
  if (work !== undefined) return work
  const possible = Object.keys(transitions[status]).join(", ") || "nothing else"
  throw conflict(`The bouquet ${docNo} is ${status} and can become ${possible}, not ${to}.`, { pointer: "/data/attributes/status" })
}

/** Kopecks: the amount with its markup, less its discount. */
export function priceOf({
  amount,
  discount,
  discountType,
  markup,
  markupType,
}: Pick<Bouquet, "amount" | "discount" | "discountType" | "markup" | "markupType">): number {
  const more = markupType === "percent" ? percentOf(amount, markup) : markup
  const less = discountType === "percent" ? percentOf(amount + more, discount) : discount
  return Math.max(0, amount + more - less)
}

/**
 * Takes the components at cost and opens a batch of the bouquet at the same cost. Software that knows only the published API names none: its bouquets cost
 * nothing. @throws Refusal 409 out-of-stock
 */
export async function assemble(
  tx: Transaction,
  bouquet: Bouquet,
  { at, expired }: { at: Date; expired: Expired },
): Promise<{ bouquet: Bouquet; isThere: boolean }> {
  const { id, docNo, storeId, components } = bouquet
  const turn = bouquet.turn + 1
  const posting = await openPosting(
    tx,
    { documentId: id, documentNo: docNo, turn, occurredAt: at, reasonId: null },
    { shelves: components.map(({ itemId }) => ({ storeId, itemId })), bouquetIds: [id] },
  )
  const problems: Problem[] = []
  let cost = 0
  const withering: number[] = []
  for (const [index, { itemId, qty }] of components.entries()) {
    const from = { storeId, itemId, bouquetId: null }
    const taken = await posting.take({ from, qty, kind: "assembly-out", lineId: String(index + 1), expired, shortage: "refuse" })
    if (taken.missing > 0) problems.push(lacking(index, itemId, taken.missing))
    cost += taken.cost
    withering.push(...taken.picked.flatMap(({ batch }) => batch.freshUntil?.getTime() ?? []))
  }
  const [problem, ...others] = problems
  if (problem !== undefined) throw new Refusal([problem, ...others])
  const batch = await posting.add({
    to: { storeId, itemId: null, bouquetId: id },
    qty: onePiece,
    cost,
    kind: "assembly-in",
    lineId: "bouquet",
    receivedAt: at,
    freshUntil: withering.length === 0 ? null : new Date(Math.min(...withering)),
    unitCost: cost,
  })
  await posting.finish()
  // An order that sold it before it was made has taken it.
  return { bouquet: { ...bouquet, turn, cost, assembledAt: at }, isThere: batch.qty > 0 }
}

/** Gives every component back to the batch that it was taken from; where the bouquet has moved to another store, to a batch like it there. */
export async function disassemble(tx: Transaction, bouquet: Bouquet, at: Date): Promise<Bouquet> {
  const { id, docNo, storeId, turn } = bouquet
  const parts = (await netOf(tx, { documentId: id, turn })).filter(({ itemId, qty }) => itemId !== null && qty < 0)
  const shelves = parts.flatMap(({ itemId, storeId: from }) =>
    itemId === null ? [] : [storeId, from].map((each) => ({ storeId: each, itemId })),
  )
  const posting = await openPosting(
    tx,
    { documentId: id, documentNo: docNo, turn, occurredAt: at, reasonId: null },
    { shelves, bouquetIds: [id], batchIds: parts.map(({ batchId }) => batchId) },
  )
  const [own] = posting.batchesAt({ storeId, itemId: null, bouquetId: id }).filter(({ qty }) => qty > 0)
  const taken =
    own === undefined ? undefined : await posting.takeFrom(own.id, { qty: onePiece, kind: "disassembly-out", lineId: "bouquet" })
  if (taken === undefined) throw conflict(`The bouquet ${docNo} is not in its store any more.`, { pointer: "/data/id" }, "out-of-stock")
  for (const { batchId, lineId, qty, cost, itemId } of parts) {
    const batch = posting.batch(batchId)
    const back = { qty: -qty, cost: -cost, kind: "disassembly-in" as const, lineId }
    if (batch === undefined || batch.storeId === storeId) await posting.giveBack(batchId, back)
    else
      await posting.add({
        ...back,
        to: { storeId, itemId, bouquetId: null },
        receivedAt: batch.receivedAt,
        freshUntil: batch.freshUntil,
        unitCost: batch.unitCost,
      })
  }
  await posting.finish()
  return { ...bouquet, cost: 0, assembledAt: null, onWindowAt: null }
}

/** It stays as it is, for anybody. */
export async function separateBouquet(
  tx: Transaction,
  { bouquetId, orderId }: z.output<typeof bouquetSeparation>,
  at: Date,
): Promise<void> {
  const [bouquet] = await lockBouquets(tx, [bouquetId])
  if (bouquet === undefined || bouquet.orderId !== orderId) return
  const isThere = (await readBatches(tx, { bouquetIds: [bouquetId] })).some(({ qty }) => qty > 0)
  const shown = isThere && (isMade(bouquet) || bouquet.status === "sold")
  const changed: Bouquet = {
    ...bouquet,
    orderId: null,
    ...(shown ? { status: "demonstrated", onWindowAt: at } : {}),
    updatedAt: at,
    revision: await tx.revision(),
  }
  await setBouquets(tx, [changed])
  tellBouquets(tx, [changed], at)
}

export function tellBouquets(tx: Transaction, bouquets: readonly Bouquet[], at: Date): void {
  for (const bouquet of bouquets) {
    const { id, docNo, title, status, revision, storeId, orderId, floristId, cost, salePrice, assembledAt, onWindowAt } = bouquet
    const data = { id, docNo, title, status, revision, storeId, orderId, floristId, cost, salePrice, assembledAt, onWindowAt }
    tx.emit({ type: bouquetChanged, subject: id, occurredAt: at, data: data satisfies BouquetSnapshot })
  }
}

function lacking(index: number, itemId: string, missing: number): Problem {
  return {
    status: 409,
    code: "out-of-stock",
    title: "Out of stock",
    detail: `The item ${itemId} lacks ${missing / 1_000}; take less of it, or receive it first.`,
    source: { pointer: `/data/relationships/components/data/${index}` },
  }
}
