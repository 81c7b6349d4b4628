// Selling an order, in three steps that may be cut off anywhere: it is noted that a sale was begun (with the edit that asks for it, in its transaction); stock is
// asked to take the goods; the order is posted, or all of it is taken back. Nothing else changes an order while its sale is under way, and whoever ends the sale
// knows its token, so it ends once. Stock takes an order's goods once, however often it is asked. Called by the operations and the sweeper.
import { orderPosted } from "@florist/kit/contracts/orders"
import { issueResult } from "@florist/kit/contracts/stock"
import type { IssueRequest } from "@florist/kit/contracts/stock"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import type { Peers } from "@florist/kit/peers"
import { Refusal, unavailable } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { stateOf } from "./order-edit.ts"
import { snapshotOf } from "./order-snapshot.ts"
import { announce, lockOrder, readOrder, removeArriving, updateOrder } from "./order-store.ts"
import type { Change } from "./order-store.ts"
import type { Order, OrderState, Selling } from "./order.ts"

export interface Seller {
  shop: OpenShop
  peers: Peers
  now: Date
  /** Whoever asked has gone or the copy closes: stock is waited for no longer, the sale is taken. */
  signal: AbortSignal
}

export type SaleEnd = { kind: "sold"; order: Order } | { kind: "refused"; problems: readonly Problem[] } | { kind: "ended by another" }

/** A sale that somebody left goes to the sweeper after this: longer than stock may take to answer, and a transaction to end. */
export const leftAfterMs = 20_000

const settledWithinMs = 6_000
const lookAgainAfterMs = 60

export function sellingOf(sale: Omit<Selling, "token" | "before">, before: Order | null): Selling {
  return { ...sale, token: newId(), before: before === null ? null : stateOf(before) }
}

/** Asks stock and ends the sale that was begun, one way or the other. */
export async function endSale(seller: Seller, order: Order, selling: Selling): Promise<SaleEnd> {
  const asked = await askStock(seller, order, selling)
  const { shop, now } = seller
  if (asked.kind === "refused") {
    const isTakenBack = await shop.write((tx) => takeBack(tx, order.id, selling, now))
    return isTakenBack ? { kind: "refused", problems: asked.problems } : { kind: "ended by another" }
  }
  const posted = await shop.write((tx) => post(tx, order.id, selling, asked.kind, now))
  return posted === undefined ? { kind: "ended by another" } : { kind: "sold", order: posted }
}

/** Until no sale of the order is under way. @returns the order, or undefined where there is none (any more). @throws Refusal 503 where it lasts. */
export async function settled({ shop, signal }: Seller, id: string): Promise<Order | undefined> {
  const giveUpAt = performance.now() + settledWithinMs
  for (;;) {
    const order = await readOrder(shop, id)
    if (order === undefined || order.selling === null) return order
    if (performance.now() > giveUpAt || signal.aborted) throw beingSold(id)
    await sleep(lookAgainAfterMs)
  }
}

export const beingSold = (id: string): Refusal =>
  unavailable(`The order ${id} is being sold just now, and stock, which it waits for,`, "ask again")

/** @returns undefined where the sale was ended by another. */
async function post(tx: Transaction, id: string, selling: Selling, stock: "issued" | "pending", now: Date): Promise<Order | undefined> {
  const order = await underWay(tx, id, selling)
  if (order === undefined) return undefined
  const { soldAt, soldBy } = selling
  const state: OrderState = { ...stateOf(order), status: "done", postedAt: soldAt, postedBy: soldBy, statusAt: soldAt, arriving: false }
  await updateOrder(tx, order, state, { now, worker: soldBy, what: "sold" })
  // Stock may have told already that it has taken them.
  await tx.query("UPDATE orders.sale_order SET stock = coalesce(stock, $2) WHERE id = $1", [id, stock])
  const posted = await announce(tx, id, soldAt)
  tx.emit({ type: orderPosted, subject: id, occurredAt: soldAt, data: snapshotOf(posted) })
  return posted
}

async function takeBack(tx: Transaction, id: string, selling: Selling, now: Date): Promise<boolean> {
  const order = await underWay(tx, id, selling)
  if (order === undefined) return false
  if (selling.before === null) await removeArriving(tx, id)
  else await updateOrder(tx, order, selling.before, { now, worker: null, what: "sale taken back" })
  return true
}

async function underWay(tx: Transaction, id: string, { token }: Selling): Promise<Order | undefined> {
  const order = await lockOrder(tx, id)
  return order?.selling?.token === token ? order : undefined
}

type Issue = { kind: "issued" | "pending" } | { kind: "refused"; problems: readonly Problem[] }

async function askStock({ shop, peers, signal }: Seller, order: Order, { soldAt, shortage }: Selling): Promise<Issue> {
  const { id: orderId, docNo, storeId, lines } = order
  if (lines.length === 0) return { kind: "issued" }
  const body: IssueRequest = {
    orderId,
    docNo,
    storeId,
    shortage,
    occurredAt: soldAt.toISOString(),
    lines: lines.map(({ id, itemId, bouquetId, qty }) => ({
      lineId: id,
      itemId,
      bouquetId,
      qty,
    })),
  }
  try {
    await peers.ask({ service: "stock", method: "POST", path: "/v1/issues", shop: shop.id, body, answer: issueResult, signal })
    return { kind: "issued" }
  } catch (cause) {
    const problems = cause instanceof Refusal ? cause.problems : []
    const isShort = problems.some(({ code }) => code === "out-of-stock" || code === "issue-cancelled")
    return isShort ? { kind: "refused", problems: problems.map(pointedAtOrder) } : { kind: "pending" }
  }
}

/** Stock points at the lines of its own request, which are those of the order in their order. */
function pointedAtOrder({ code, title, detail, source }: Problem): Problem {
  const pointer = source !== undefined && "pointer" in source ? source.pointer : ""
  const line = /\/lines(?:\/data)?\/(\d+)/.exec(pointer)?.[1]
  return { status: 422, code, title, detail, source: { pointer: `/data/relationships/lines${line === undefined ? "" : `/data/${line}`}` } }
}

/** Cancels an order whose sale was left in the middle; stock gives back what it may have taken. */
export async function cancelUnderWay(tx: Transaction, order: Order, state: OrderState, change: Change): Promise<void> {
  await updateOrder(tx, order, state, change)
  await tx.query(
    `INSERT INTO orders.sale_under_way (shop_id, order_id, kind, tried_at) VALUES ($1, $2, 'issue-cancel', $3)
     ON CONFLICT (shop_id, order_id) DO UPDATE SET kind = excluded.kind, tried_at = excluded.tried_at`,
    [tx.shop, order.id, change.now],
  )
}

/** Asked again by the sweeper until stock has heard it. @throws Refusal 503 */
export async function cancelIssue({ shop, peers, now, signal }: Seller, orderId: string): Promise<void> {
  const body = { orderId, occurredAt: now.toISOString() }
  await peers.ask({ service: "stock", method: "POST", path: "/v1/issues/cancel", shop: shop.id, body, answer: z.object({}), signal })
  await shop.write((tx) =>
    tx.query("DELETE FROM orders.sale_under_way WHERE shop_id = $1 AND order_id = $2 AND kind = 'issue-cancel'", [shop.id, orderId]),
  )
}
