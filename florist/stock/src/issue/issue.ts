// An issue: what an order took from stock, once for each time that it is sold. Given back exactly where the order returns, written off in addition where its
// goods are no good any more. Called by the peer operations and by the events of orders.
import { orderIssued } from "@florist/kit/contracts/stock"
import type { IssueResult } from "@florist/kit/contracts/stock"
import { itemAttributes } from "@florist/kit/contracts/catalog"
import { Refusal, conflict } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { lockBouquets, setBouquets } from "../bouquet/bouquet-store.ts"
import { tellBouquets } from "../bouquet/bouquet.ts"
import type { Bouquet } from "../bouquet/bouquet.ts"
import { costOfPart } from "../ledger/batch.ts"
import type { Expired } from "../ledger/batch.ts"
import type { Source } from "../ledger/entry.ts"
import { netOf } from "../ledger/ledger-store.ts"
import type { Net } from "../ledger/ledger-store.ts"
import { openPosting } from "../ledger/posting.ts"
import type { Posting } from "../ledger/posting.ts"
import { endIssue, insertIssue, lockIssue, setIssue } from "./issue-store.ts"
import type { Issue } from "./issue-store.ts"

export interface Goods {
  lineId: string
  itemId: string | null
  bouquetId: string | null
  qty: number
}

interface Issuing {
  orderId: string
  docNo: string
  storeId: string
  occurredAt: Date
  shortage: "refuse" | "allow"
  expired: Expired
  lines: readonly Goods[]
}

/** @throws Refusal 409 out-of-stock, issue-cancelled */
export async function issue(tx: Transaction, issuing: Issuing): Promise<IssueResult> {
  const [known, goods] = await Promise.all([insertIssue(tx, issuing), withoutServices(tx, issuing.lines)])
  if (known === "new") return carryOut(tx, issuing, { goods, turn: 1 })
  if (known.status === "cancelled")
    throw conflict("The issue of this order was cancelled; sell it as a new order.", { pointer: "/orderId" }, "issue-cancelled")
  // Also where it was returned since: a new sale of the order is known by its event alone, which no late repetition of this request can pass for.
  return { orderId: issuing.orderId, lines: known.lines }
}

/** The order was sold, whoever asked before. An event that was applied already changes nothing. */
export async function issueSold(tx: Transaction, issuing: Issuing, orderRevision: number): Promise<void> {
  const [known, goods] = await Promise.all([insertIssue(tx, issuing), withoutServices(tx, issuing.lines)])
  if (known === "new") await carryOut(tx, issuing, { goods, turn: 1 })
  else if (known.orderRevision >= orderRevision) return
  else if (known.status !== "issued") await carryOut(tx, issuing, { goods, turn: known.turn + 1 })
  await setIssue(tx, { orderId: issuing.orderId, orderRevision })
}

async function carryOut(
  tx: Transaction,
  issuing: Issuing,
  { goods, turn }: { goods: readonly Goods[]; turn: number },
): Promise<IssueResult> {
  const { orderId, docNo, storeId, occurredAt, shortage, expired } = issuing
  const bouquetIds = goods.flatMap(({ bouquetId }) => bouquetId ?? [])
  const bouquets = await lockBouquets(tx, bouquetIds)
  const shelves = goods.flatMap(({ itemId }) => (itemId === null ? [] : [{ storeId, itemId }]))
  const posting = await openPosting(
    tx,
    { documentId: orderId, documentNo: docNo, turn, occurredAt, reasonId: null },
    { shelves, bouquetIds: bouquets.map(({ id }) => id) },
  )
  const results = new Map<string, { cost: number; shortage: number }>()
  const problems: Problem[] = []
  const sold = new Set<string>()
  for (const [index, line] of issuing.lines.entries()) {
    if (!goods.includes(line)) continue
    // A bouquet is sold from where it stands.
    const bouquet = bouquets.find(({ id }) => id === line.bouquetId)
    const at = bouquet?.storeId ?? storeId
    if (shortage === "refuse" && bouquet !== undefined && bouquet.orderId !== null && bouquet.orderId !== orderId) {
      problems.push(reservedElsewhere(index, bouquet))
      continue
    }
    const from = { storeId: at, itemId: line.itemId, bouquetId: line.bouquetId }
    const taken = await posting.take({
      from,
      qty: line.qty,
      kind: "sale",
      lineId: line.lineId,
      // Who names a bouquet has seen it.
      expired: bouquet === undefined ? expired : "take",
      shortage,
    })
    if (bouquet !== undefined && taken.missing === 0) sold.add(bouquet.id)
    if (taken.missing > 0 && shortage === "refuse") problems.push(outOfStock(index, line, taken.missing))
    results.set(line.lineId, { cost: taken.cost, shortage: taken.missing })
  }
  const [problem, ...others] = problems
  if (problem !== undefined) throw new Refusal([problem, ...others])
  const lines = issuing.lines.map(({ lineId }) => ({ lineId, ...(results.get(lineId) ?? { cost: 0, shortage: 0 }) }))
  await Promise.all([posting.finish(), setIssue(tx, { orderId, issued: { docNo, storeId, turn, lines, occurredAt } })])
  // One that was not there yet is sold in the moment that it is made.
  await markBouquets(
    tx,
    bouquets.filter(({ id }) => sold.has(id)),
    { status: "sold", at: occurredAt },
  )
  const result = { orderId, lines }
  tx.emit({ type: orderIssued, subject: orderId, occurredAt, data: result })
  return result
}

function outOfStock(index: number, { itemId, bouquetId }: Goods, missing: number): Problem {
  return {
    status: 409,
    code: "out-of-stock",
    title: "Out of stock",
    detail: `${itemId === null ? `The bouquet ${bouquetId}` : `The item ${itemId}`} lacks ${missing / 1_000}; sell less, receive more, or allow a shortage.`,
    source: { pointer: `/lines/${index}` },
  }
}

function reservedElsewhere(index: number, { docNo, orderId }: Bouquet): Problem {
  const detail = `The bouquet ${docNo} was made for the order ${orderId}; separate it from that order first.`
  return { status: 409, code: "out-of-stock", title: "Out of stock", detail, source: { pointer: `/lines/${index}` } }
}

const nature = itemAttributes.pick({ itemType: true })

/** A delivery or the tying of a ribbon is on no shelf. */
async function withoutServices(tx: Transaction, lines: readonly Goods[]): Promise<Goods[]> {
  const ids = lines.flatMap(({ itemId }) => itemId ?? [])
  if (ids.length === 0) return [...lines]
  const rows = await tx.query(
    `SELECT id, attributes FROM stock.known_resource WHERE type = 'inventory-items' AND id = ANY ($1::text[]) AND attributes ->> 'itemType' = 'service'`,
    [ids],
  )
  const services = new Set(rows.filter(({ attributes }) => nature.safeParse(attributes).success).map(({ id }) => String(id)))
  return lines.filter(({ itemId }) => itemId === null || !services.has(itemId))
}

/** Before it became a sale; nothing where there is nothing to take back, and then the order can never be issued. */
export async function cancelIssue(tx: Transaction, { orderId, occurredAt }: { orderId: string; occurredAt: Date }): Promise<void> {
  const known = await insertIssue(tx, { orderId, docNo: "", storeId: null, occurredAt, status: "cancelled" })
  // A sale that is known as such is taken back by a return.
  if (known === "new" || known.status === "cancelled" || known.orderRevision > 0) return
  if (known.status === "issued") await takeBack(tx, { issue: known, occurredAt, goods: "kept" })
  await endIssue(tx, orderId, "cancelled")
}

interface Returning {
  orderId: string
  orderRevision: number
  occurredAt: Date
  goods: "kept" | "written-off"
  /** Quantities by line; left out where all of it comes back. */
  part?: ReadonlyMap<string, number>
}

export async function returnIssue(tx: Transaction, { orderId, orderRevision, occurredAt, goods, part }: Returning): Promise<void> {
  const known = await lockIssue(tx, orderId)
  if (known === undefined || known.orderRevision >= orderRevision) return
  if (known.status === "issued") {
    await takeBack(tx, { issue: known, occurredAt, goods, ...(part === undefined ? {} : { part }) })
    if (part === undefined) await endIssue(tx, orderId, "returned")
  }
  await setIssue(tx, { orderId, orderRevision })
}

async function takeBack(
  tx: Transaction,
  { issue: taken, occurredAt, goods, part }: { issue: Issue } & Pick<Returning, "occurredAt" | "goods" | "part">,
): Promise<void> {
  const { orderId, docNo } = taken
  // Each return is a turn of its own: a batch may get some of a line back today and some tomorrow.
  const turn = taken.turn + 1
  const ofOrder = { documentId: orderId, without: "write-off" } as const
  // Shortages of the order may be settled at this moment, under the locks of their shelves: read again when they are held.
  const touched = await netOf(tx, ofOrder)
  const bouquets = await lockBouquets(
    tx,
    touched.flatMap(({ bouquetId }) => bouquetId ?? []),
  )
  const shelves = touched.flatMap(({ storeId, itemId }) => (itemId === null ? [] : [{ storeId, itemId }]))
  const source: Source = { documentId: orderId, documentNo: docNo, turn, occurredAt, reasonId: null }
  const posting = await openPosting(tx, source, { shelves, batchIds: touched.map(({ batchId }) => batchId) })
  const net = await netOf(tx, ofOrder)
  const settledMeanwhile = net.filter(({ batchId }) => posting.batch(batchId) === undefined)
  if (settledMeanwhile.length > 0) await posting.know(settledMeanwhile.map(({ batchId }) => batchId))
  const coming = part === undefined ? net : partOf(net, part)
  const back = new Set(coming.flatMap(({ batchId, bouquetId }) => (posting.batch(batchId)?.shortOf === null ? (bouquetId ?? []) : [])))
  await reverse(posting, coming, goods)
  await Promise.all([posting.finish(), setIssue(tx, { orderId, turn })])
  await markBouquets(
    tx,
    bouquets.filter(({ id }) => back.has(id)),
    { status: goods === "kept" ? "assembled" : "deleted", at: occurredAt },
  )
}

/** So much of each line, from the batches in turn, at what it cost there: what is rounded stays with the last. */
function partOf(net: readonly Net[], part: ReadonlyMap<string, number>): Net[] {
  const left = new Map(part)
  return net.flatMap((taken) => {
    const qty = Math.min(-taken.qty, left.get(taken.lineId) ?? 0)
    if (qty <= 0) return []
    left.set(taken.lineId, (left.get(taken.lineId) ?? 0) - qty)
    return { ...taken, qty: -qty, cost: -costOfPart(qty, { qty: -taken.qty, cost: -taken.cost }) }
  })
}

async function reverse(posting: Posting, net: readonly Net[], goods: "kept" | "written-off"): Promise<void> {
  for (const { batchId, lineId, qty, cost } of net) {
    await posting.giveBack(batchId, { qty: -qty, cost: -cost, kind: "sale-return", lineId })
    if (goods === "written-off") await posting.giveBack(batchId, { qty, cost, kind: "write-off", lineId })
  }
}

async function markBouquets(
  tx: Transaction,
  bouquets: readonly Bouquet[],
  { status, at }: { status: "sold" | "assembled" | "deleted"; at: Date },
): Promise<void> {
  if (bouquets.length === 0) return
  const revision = await tx.revision()
  const changed = bouquets.map((bouquet) => ({ ...bouquet, status, revision, updatedAt: at }))
  await setBouquets(tx, changed)
  tellBouquets(tx, changed, at)
}
