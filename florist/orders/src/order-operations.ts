// Creating and editing orders; with the status "done" either sells the order too (sale.ts). Called by the service.
import { newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { created, flowOperation } from "@florist/kit/operation"
import type { Answer, AskedToFlow, Operation } from "@florist/kit/operation"
import type { Peers } from "@florist/kit/peers"
import { Refusal, conflict, invalid, notFound } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import { delivering, selling as sellers } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { contentHash, editedOrder, newOrder } from "./order-edit.ts"
import type { Edit } from "./order-edit.ts"
import { orderIn } from "./order-input.ts"
import type { OrderIn } from "./order-input.ts"
import { nextNumber } from "./order-number.ts"
import { orderDocumentOut, orderResource } from "./order-resource.ts"
import { announce, insertOrder, lockOrder, readOrder, updateOrder } from "./order-store.ts"
import { isSold } from "./order.ts"
import type { Order, Selling } from "./order.ts"
import { beingSold, cancelIssue, cancelUnderWay, endSale, leftAfterMs, sellingOf, settled } from "./sale.ts"
import type { Seller } from "./sale.ts"
import { goodsOf, idFrom, termsOf } from "./surroundings-of-order.ts"
import type { TermsFound } from "./surroundings-of-order.ts"

export const orderId = z.object({ id: uuid })

/** A step of an edit that is in the database; what is left of the request. */
type Written =
  | { kind: "written"; order: Order }
  | { kind: "begun"; order: Order; selling: Selling }
  | { kind: "busy" }
  | { kind: "canceled"; order: Order }

/** A sale that is taken back may leave nothing, or an order that another has changed since: then it is begun anew. */
const mostTries = 5

export function orderOperations(peers: Peers): readonly Operation[] {
  return [
    flowOperation({
      id: "CreateOrder",
      method: "POST",
      path: "/v1/orders",
      tag: "Orders API",
      summary: "Create an order; with status done, sell it at once",
      access: sellers,
      body: orderIn,
      answers: { 201: orderDocumentOut },
      refuses: [400, 409, 422],
      handle: (asked) => createOrder(peers, asked),
    }),
    flowOperation({
      id: "UpdateOrder",
      method: "PATCH",
      path: "/v1/orders/{id}",
      tag: "Orders API",
      summary: "Update an order; with status done, sell it",
      access: delivering,
      params: orderId,
      body: orderIn,
      answers: { 201: orderDocumentOut },
      refuses: [400, 404, 409, 422],
      handle: (asked) => patchOrder(peers, asked),
    }),
  ]
}

type Asked<P> = AskedToFlow<P, unknown, OrderIn>

async function createOrder(peers: Peers, { shop, body: asked, session, now, key, signal }: Asked<unknown>): Promise<Answer> {
  const id = asked.id ?? (key === undefined ? newId() : idFrom(`${shop.id} ${session.worker} ${key}`))
  const seller: Seller = { shop, peers, now, signal }
  const [goods, found] = await Promise.all([
    goodsOf(shop, asked),
    termsOf(seller, asked, { id, customerId: asked.customer ?? null, hadCustomer: null }),
  ])
  const edit: Edit = { asked, session, now, key, goods, terms: found.terms === "as before" ? "none" : found.terms }
  const order = await untilSettled(seller, id, () => writeNew(seller, id, edit))
  return created(answerOf(order, found))
}

async function writeNew({ shop, now }: Seller, id: string, edit: Edit): Promise<Written> {
  const { asked, session } = edit
  return shop.write(async (tx) => {
    await tx.revision()
    // Looked for first: a repeated request uses up no number, and prices that are others by now do not concern it.
    const there = await readOrder(tx, id)
    if (there !== undefined) return sameAsThere(there, asked, session)
    const state = newOrder(id, edit)
    const selling = asked.status === "done" ? sellingOf(saleAsked(asked, session, state.updatedAt), null) : undefined
    const docNo = state.numberedHere
      ? await nextNumber(tx, { storeId: state.storeId, date: state.date, prefix: asked.docNoPrefix })
      : state.docNo
    const change = { now, worker: session.worker, what: "created" }
    await insertOrder(tx, { ...state, docNo }, selling === undefined ? change : { ...change, selling })
    if (selling === undefined) return { kind: "written", order: await announce(tx, id, state.updatedAt) }
    return { kind: "begun", order: await read(tx, id), selling }
  })
}

/** @throws Refusal 409 where the id belongs to something else. */
function sameAsThere(there: Order, asked: OrderIn, { stores }: Session): Written {
  const isSeen = stores === undefined || stores.includes(there.storeId)
  if (isSeen && there.createdFrom === contentHash(asked))
    return there.selling === null ? { kind: "written", order: there } : { kind: "busy" }
  throw conflict(`There is another order with the id ${there.id}; a new order needs a new id.`, { pointer: "/data/id" }, "id-taken")
}

async function patchOrder(
  peers: Peers,
  { shop, params: { id }, body: asked, session, now, key, signal }: Asked<{ id: string }>,
): Promise<Answer> {
  if (asked.id !== undefined && asked.id !== id) throw invalid("The id in the body is not that of the path.", { pointer: "/data/id" })
  const seller: Seller = { shop, peers, now, signal }
  const [goods, found] = await Promise.all([goodsOf(shop, asked), termsOfEdit(seller, id, asked)])
  const edit: Edit = { asked, session, now, key, goods, terms: found.terms }
  const order = await untilSettled(seller, id, () => writeEdit(seller, id, edit))
  return created(answerOf(order, found))
}

async function termsOfEdit(seller: Seller, id: string, asked: OrderIn): Promise<TermsFound> {
  if (asked.applyCustomerDiscount === undefined && asked.customer === undefined) return { terms: "as before" }
  const before = await readOrder(seller.shop, id)
  const hadCustomer = before?.customerId ?? null
  return termsOf(seller, asked, { id, customerId: asked.customer === undefined ? hadCustomer : asked.customer, hadCustomer })
}

async function writeEdit({ shop, now }: Seller, id: string, edit: Edit): Promise<Written> {
  const { asked, session, key } = edit
  return shop.write(async (tx) => {
    const before = await lockOrder(tx, id)
    assertSeen(before, id, session)
    if (before.selling !== null) return cancelLeftSale(before, before.selling)
    // The same request came before, and its answer was lost.
    if (key !== undefined && before.editedWith === key) return { kind: "written", order: before }
    assertRevision(before, asked.revision)

    const { state, status, changed } = editedOrder(before, edit)
    if (changed.length === 0) return { kind: "written", order: before }
    const change = { now, worker: session.worker, what: status === before.status ? "edited" : status }
    if (status === "done" && !isSold(before)) {
      const selling = sellingOf(saleAsked(asked, session, state.updatedAt), before)
      await updateOrder(tx, before, { ...state, statusAt: before.statusAt }, { ...change, selling })
      return { kind: "begun", order: await read(tx, id), selling }
    }
    await updateOrder(tx, before, state, change)
    return { kind: "written", order: await announce(tx, id, state.updatedAt) }

    /** Nobody ends a sale for a while, and somebody wants the order canceled: it is, and stock gives back what it may have taken. */
    async function cancelLeftSale(order: Order, { before: unsold }: Selling): Promise<Written> {
      const isLeft = now.getTime() - order.modifiedAt.getTime() > leftAfterMs
      if (asked.status !== "canceled" || unsold === null || !isLeft) return { kind: "busy" }
      const { state } = editedOrder({ ...order, ...unsold, selling: null }, edit)
      await cancelUnderWay(tx, order, state, { now, worker: session.worker, what: "canceled" })
      return { kind: "canceled", order: await announce(tx, id, state.updatedAt) }
    }
  })
}

/** Carries what was written on to its end, and waits for others' sales of the same order. @throws Refusal 422 where stock refused. */
async function untilSettled(seller: Seller, id: string, write: () => Promise<Written>): Promise<Order> {
  for (let tries = 1; tries <= mostTries; tries++) {
    const step = await write()
    if (step.kind === "written") return step.order
    if (step.kind === "canceled") {
      // The sweeper asks again where stock does not answer now.
      await cancelIssue(seller, id).catch(() => {})
      return step.order
    }
    if (step.kind === "begun") {
      const end = await endSale(seller, step.order, step.selling)
      if (end.kind === "sold") return end.order
      if (end.kind === "refused") throw refusalOf(end.problems)
    }
    await settled(seller, id)
  }
  throw beingSold(id)
}

function refusalOf(problems: readonly Problem[]): Refusal {
  const [first, ...others] = problems
  return first === undefined ? beingSold("") : new Refusal([first, ...others])
}

const saleAsked = (asked: OrderIn, { worker }: Session, updatedAt: Date) => ({
  soldAt: asked.postedAt ?? updatedAt,
  soldBy: asked.postedBy ?? worker,
  shortage: asked.allowShortage === true ? ("allow" as const) : ("refuse" as const),
})

/** @throws Refusal 404 also for orders of stores that the session is not for. */
export function assertSeen(order: Order | undefined, id: string, { stores }: Pick<Session, "stores">): asserts order is Order {
  if (order !== undefined && !order.arriving && (stores === undefined || stores.includes(order.storeId))) return
  throw notFound(`order ${id}`, { parameter: "id" })
}

/** A payment that came in since makes no edit stale. */
export function assertRevision({ editedRevision, revision }: Order, asked: number | undefined): void {
  if (asked === undefined || (asked >= editedRevision && asked <= revision)) return
  const detail = `The order is at revision ${revision}, not ${asked}; read it again and repeat the change.`
  throw conflict(detail, { pointer: "/data/attributes/revision" }, "stale-revision")
}

async function read(reader: Parameters<typeof readOrder>[0], id: string): Promise<Order> {
  const order = await readOrder(reader, id)
  if (order === undefined) throw new Error(`The order ${id} was written and cannot be read.`)
  return order
}

function answerOf(order: Order, { told }: TermsFound) {
  const meta = {
    ...(order.stock === null || !isSold(order) ? {} : { stock: order.stock }),
    ...(told === undefined ? {} : { customerTerms: told }),
  }
  return { data: orderResource(order), ...(Object.keys(meta).length === 0 ? {} : { meta }) }
}
