// A new order from a request, and an order as an edit makes it. Pure: what has to be known is given. Called by the operations.
import { createHash } from "node:crypto"
import { forbidden, invalid } from "@florist/kit/refusal"
import type { Session } from "@florist/kit/session"
import { basketFrom } from "./basket.ts"
import type { CustomerTerms, Goods } from "./basket.ts"
import { assertBeginning, assertTransition } from "./order-status.ts"
import type { OrderIn } from "./order-input.ts"
import { isFinal, isSold } from "./order.ts"
import type { Order, OrderState, OrderStatus } from "./order.ts"

export interface Edit {
  asked: OrderIn
  session: Session
  now: Date
  /** The request's Idempotency-Key. */
  key: string | undefined
  goods: Goods
  terms: CustomerTerms | "as before" | "none"
}

/** The number is given where the order is written: "" until then. @throws Refusal 422, 403 */
export function newOrder(id: string, { asked, session, now, key, goods, terms }: Edit): OrderState {
  const status = asked.status ?? "new"
  assertBeginning(status)
  if (status !== "new" && status !== "notAccepted") assertTransition("new", status, session.role)
  const storeId = storeOf(asked, session)
  const occurredAt = asked.createdAt ?? now
  const updatedAt = asked.updatedAt ?? occurredAt
  const basket = basketFrom(asked, { lines: [], discounts: [], storeId }, goods, terms)
  const state: OrderState = {
    id,
    // A sale gives `done` itself.
    status: status === "done" ? "new" : status,
    docNo: asked.docNo ?? "",
    numberedHere: asked.docNo === undefined,
    storeId,
    customerId: asked.customer ?? null,
    sourceId: asked.source ?? null,
    createdBy: asked.createdBy ?? session.worker,
    updatedBy: asked.updatedBy ?? null,
    postedBy: null,
    floristId: asked.florist ?? null,
    courierId: asked.courier ?? null,
    date: asked.date ?? occurredAt.toISOString().slice(0, 10),
    budget: asked.budget ?? 0,
    ...textsOf(asked),
    dueTime: asked.dueTime ?? null,
    delivery: asked.delivery ?? false,
    deliveryTimeFrom: asked.deliveryTimeFrom ?? null,
    deliveryTimeTo: asked.deliveryTimeTo ?? null,
    deliveryStatus: null,
    occurredAt,
    updatedAt,
    statusAt: updatedAt,
    fiscal: asked.fiscal ?? false,
    fiscalized: false,
    fiscalizedAt: null,
    fiscalizedBy: null,
    byBonuses: asked.byBonuses ?? false,
    postedAt: null,
    returnedAt: null,
    returnedBy: null,
    returnShiftId: null,
    withWriteOff: null,
    cancelComment: asked.cancelComment ?? null,
    isExternal: (asked.externalId ?? asked.externalSystem ?? null) !== null,
    externalId: asked.externalId ?? null,
    externalSystem: asked.externalSystem ?? null,
    externalSession: asked.externalSession ?? null,
    imageIds: asked.images ?? [],
    tagIds: asked.tags ?? [],
    ...basket,
    createdFrom: contentHash(asked),
    editedRevision: 0,
    editedWith: key ?? null,
    arriving: status === "done",
  }
  assertDelivery(state)
  return state
}

/** What the order would be after the edit, sold or not; and whether anything is different. @throws Refusal 422, 403 */
export function editedOrder(before: Order, edit: Edit): { state: OrderState; status: OrderStatus; changed: readonly string[] } {
  const { asked, session, now, key, goods, terms } = edit
  const status = asked.status ?? before.status
  if (status !== before.status) assertTransition(before.status, status, session.role)
  const storeId = asked.store ?? before.storeId
  if (storeId !== before.storeId) assertOwnStore(storeId, session)
  const isBasketAsked =
    asked.lines !== undefined || asked.discounts !== undefined || asked.totalAmount !== undefined || terms !== "as before"
  const kept = { lines: before.lines, discounts: before.discounts }
  const basket = isBasketAsked ? basketFrom(asked, { ...kept, storeId }, goods, terms) : {}
  const state: OrderState = {
    ...withoutFollowed(before),
    ...basket,
    ...textsOf(asked, before),
    // A sale gives `done` itself.
    status: status === "done" ? before.status : status,
    docNo: asked.docNo ?? before.docNo,
    numberedHere: before.numberedHere && (asked.docNo ?? before.docNo) === before.docNo,
    storeId,
    customerId: said(asked.customer, before.customerId),
    sourceId: said(asked.source, before.sourceId),
    createdBy: said(asked.createdBy, before.createdBy),
    floristId: said(asked.florist, before.floristId),
    courierId: said(asked.courier, before.courierId),
    date: asked.date ?? before.date,
    budget: asked.budget ?? before.budget,
    dueTime: saidMoment(asked.dueTime, before.dueTime),
    delivery: asked.delivery ?? before.delivery,
    deliveryTimeFrom: saidMoment(asked.deliveryTimeFrom, before.deliveryTimeFrom),
    deliveryTimeTo: saidMoment(asked.deliveryTimeTo, before.deliveryTimeTo),
    occurredAt: saidMoment(asked.createdAt, before.occurredAt) ?? before.occurredAt,
    fiscal: asked.fiscal ?? before.fiscal,
    byBonuses: asked.byBonuses ?? before.byBonuses,
    cancelComment: said(asked.cancelComment, before.cancelComment),
    isExternal: before.isExternal || (asked.externalId ?? asked.externalSystem ?? null) !== null,
    externalId: said(asked.externalId, before.externalId),
    externalSystem: said(asked.externalSystem, before.externalSystem),
    externalSession: said(asked.externalSession, before.externalSession),
    imageIds: asked.images ?? before.imageIds,
    tagIds: asked.tags ?? before.tagIds,
  }
  assertDelivery(state)
  const changed = Object.keys(state).filter((name) => !isSame(valueAt(before, name), valueAt(state, name)))
  assertMayChange(before, changed, session)
  const updatedAt = asked.updatedAt ?? now
  const stamp = {
    updatedAt,
    updatedBy: asked.updatedBy ?? session.worker,
    statusAt: status === before.status ? before.statusAt : updatedAt,
    editedWith: key ?? null,
  }
  return { state: { ...state, ...stamp }, status, changed: status === before.status ? changed : [...changed, "status"] }
}

/** By which a repeated creation is known. */
export const contentHash = (asked: OrderIn): string => createHash("sha256").update(JSON.stringify(asked)).digest("hex")

/** Stays for ever once it was sold; of what is over only words may change. */
const frozenWhenSold = [
  "lines",
  "discounts",
  "storeId",
  "customerId",
  "date",
  "budget",
  "byBonuses",
  "occurredAt",
  "docNo",
  "createdBy",
  "linesAmount",
  "discountAmount",
  "markupAmount",
  "totalAmount",
]
const openWhenFinal = ["description", "cancelComment", "imageIds", "tagIds", "fiscal"]

function assertMayChange(before: Order, changed: readonly string[], { role }: Session): void {
  if (role === "courier" && changed.some((name) => name !== "status")) {
    throw forbidden("A courier may change the status of an order and of its delivery, nothing else.")
  }
  const frozen = changed.find(
    (name) => (isFinal(before) && !openWhenFinal.includes(name)) || (isSold(before) && frozenWhenSold.includes(name)),
  )
  if (frozen === undefined) return
  const detail = `The order is "${before.status}"; its ${frozen} cannot change any more.`
  throw invalid(detail, { pointer: "/data" }, "order-is-closed")
}

function storeOf({ store }: OrderIn, session: Session): string {
  const [only, ...others] = session.stores ?? []
  const storeId = store ?? (others.length === 0 ? only : undefined)
  if (storeId === undefined) throw invalid("An order needs its store.", { pointer: "/data/relationships/store" })
  assertOwnStore(storeId, session)
  return storeId
}

/** @throws Refusal 403 */
function assertOwnStore(storeId: string, { stores }: Session): void {
  if (stores !== undefined && !stores.includes(storeId)) throw forbidden("The session is not for that store.")
}

function assertDelivery({ deliveryTimeFrom: from, deliveryTimeTo: to, deliveryPhoneCode, deliveryPhoneNumber }: OrderState): void {
  if (from !== null && to !== null && from > to) {
    throw invalid("The delivery would end before it begins.", { pointer: "/data/attributes/deliveryTimeTo" })
  }
  if (!/^\+?\d*$/.test(deliveryPhoneCode)) {
    throw invalid("A country's code is digits.", { pointer: "/data/attributes/deliveryPhoneCode" })
  }
  if (!/^[\d\s+().-]*$/.test(deliveryPhoneNumber)) {
    throw invalid("A phone number is digits.", { pointer: "/data/attributes/deliveryPhoneNumber" })
  }
}

const texts = [
  ...(["description", "deliveryComments", "deliveryCity", "deliveryStreet", "deliveryHouse", "deliveryApartment"] as const),
  ...(["deliveryBuilding", "deliveryContact", "deliveryPhoneCode", "deliveryPhoneNumber"] as const),
]
type Texts = Record<(typeof texts)[number], string>

const textsOf = (asked: OrderIn, before?: Texts): Texts =>
  Object.fromEntries(texts.map((name) => [name, asked[name] ?? before?.[name] ?? ""])) as Texts

function withoutFollowed(order: Order): OrderState {
  const {
    selling: _s,
    revision: _r,
    modifiedAt: _m,
    paymentsAmount: _p,
    bonusAmount: _b,
    stock: _i,
    paymentIds: _ids,
    historyIds: _h,
    ...state
  } = order
  return state
}
export { withoutFollowed as stateOf }

const said = <T>(asked: T | undefined, before: T): T => (asked === undefined ? before : asked)

/** Answers tell moments to the second, so what comes back to the second is the same moment. */
function saidMoment(asked: Date | null | undefined, before: Date | null): Date | null {
  if (asked === undefined) return before
  if (asked === null || before === null) return asked
  return Math.floor(asked.getTime() / 1_000) === Math.floor(before.getTime() / 1_000) ? before : asked
}

const valueAt = (value: object, name: string): unknown => (value as Record<string, unknown>)[name]
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
