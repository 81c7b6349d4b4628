// Payments as the published API has them, and what goes back of them.
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import type { PaymentMethod } from "@florist/kit/contracts/payments"
import { documentOut, moment, pageMetaOut, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { OpenShop } from "@florist/kit/fleet"
import { flag, instant, text, uuid } from "@florist/kit/input"
import { pageLinks, pageQuery, where } from "@florist/kit/listing"
import { positiveRoubles, roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { flowOperation, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, forbidden, invalid, notFound, Refusal } from "@florist/kit/refusal"
import { everyone, selling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { requestedId } from "./derived-id.ts"
import { spendGiftCard } from "./gift-card.ts"
import { idTaken } from "./id-taken.ts"
import { findMoney, inStores, listMoney, paymentsOf, sumMoney } from "./money-rows.ts"
import { paymentTypes } from "./payment.ts"
import type { Marks, NewPayment, Payment } from "./payment.ts"
import { paymentChangesIn, paymentIn, paymentOut, paymentResource, paymentType } from "./payment-resource.ts"
import type { PaymentChangesIn, PaymentIn } from "./payment-resource.ts"
import { methodId, methodResource, methodToTake, methodType, methodWithId } from "./payment-method.ts"
import { mark, takenMethods } from "./payment-store.ts"
import { findQr } from "./qr-evidence.ts"
import { carryOutRefund } from "./refund-flow.ts"
import { giveBack, markRefund } from "./refund.ts"
import type { NewRefund } from "./refund.ts"
import { lockSale, sees, withSale } from "./sale.ts"
import type { LockedSale } from "./sale.ts"
import { checkSeen } from "./seen-order.ts"
import type { SeenOrder } from "./seen-order.ts"
import { carryOutSpending, intendSpending, kopecksPerPoint } from "./spending-flow.ts"
import { summarise } from "./summary.ts"
import { checkDue, takeMoney } from "./take-money.ts"

const tag = "Orders API"
const one = documentOut(paymentOut)
const summaryType = "payment-summaries"
const summaryOut = resourceOut(
  summaryType,
  {
    since: z.string().nullable(),
    methods: z.array(z.object({ method: z.string(), payments: z.int(), amount: roublesOut })),
    taken: roublesOut,
    refunded: roublesOut,
  },
  {},
)
const methodOut = z.object({
  type: z.literal(methodType),
  id: z.string(),
  attributes: z.object({ title: z.string(), kind: z.string(), status: z.string() }),
})

export const paymentOperations = (surroundings: Surroundings): readonly Operation[] => [
  flowOperation({
    id: "createOrderPayment",
    method: "POST",
    path: "/v1/orders/{id}/payments",
    tag,
    summary: "Record what is paid for an order, what goes back of it, or its change",
    access: selling,
    params: z.object({ id: uuid }),
    body: paymentIn,
    answers: { 200: one },
    refuses: [400, 404, 409, 422],
    async handle({ shop, params, body, session, now, key, signal }) {
      const { order } = body.relationships
      if (typeof order === "string" && order !== params.id) {
        throw invalid("The order of the body is not that of the path.", { pointer: "/data/relationships/order/data/id" })
      }
      const id = requestedId(shop.id, "payment", { id: body.id, key })
      const asked = askedOf(shop, { ...body, id }, session, now)
      const payment = await withSale(shop, surroundings.peers, params.id, (tx) =>
        recordAsked(tx, { orderId: params.id, asked, session, now }),
      )
      if (payment?.state === "done") return ok({ data: paymentResource(shop.id, payment) })
      // Others have to act before it is done. Whatever they could not do now, the agenda does.
      if (asked.type === "payment") await carryOutSpending(surroundings, shop, asked.payment.id, signal)
      else await carryOutRefund(surroundings, shop, asked.payment.id, signal).catch(later)
      return ok({ data: await shown(shop, asked.payment.id) })
    },
  }),

  readOperation({
    id: "getList",
    method: "GET",
    path: "/v1/payments",
    tag,
    summary: "List payments, returns and change",
    access: everyone,
    query: z.object({
      ...pageQuery,
      "filter[type]": z.enum(paymentTypes).optional(),
      "filter[paymentMethod]": uuid.optional(),
      "filter[shift]": uuid.optional(),
      "filter[fiscalShift]": uuid.optional(),
      "filter[createdBy]": uuid.optional(),
      "filter[postedBy]": uuid.optional(),
      "filter[order]": uuid.optional(),
      "filter[fiscalizedAt][from]": instant.optional(),
      "filter[fiscalizedAt][to]": instant.optional(),
      "filter[amountFrom]": roubles.optional(),
      "filter[amountTo]": roubles.optional(),
      "filter[bonusesAmountFrom]": roubles.optional(),
      "filter[bonusesAmountTo]": roubles.optional(),
      "filter[fiscalized]": flag.optional(),
    }),
    answers: { 200: documentOut(z.array(paymentOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query, session }) {
      // Who brings an order has to know whether it is paid, and not what the shop takes.
      if (!selling.includes(session.role) && query["filter[order]"] === undefined)
        throw forbidden(`A ${session.role} sees the payments of one order: name it by filter[order].`)
      const method = query["filter[paymentMethod]"]
      const bonus = "CASE WHEN method = 'bonus' THEN amount ELSE 0 END"
      const { payments, page } = await listMoney(
        shop,
        [
          inStores(session.stores),
          where("type = ?", query["filter[type]"]),
          where("method = ?", method === undefined ? undefined : (methodWithId(shop.id, method) ?? "")),
          where("shift_id = ?", query["filter[shift]"]),
          where("fiscal_shift_id = ?", query["filter[fiscalShift]"]),
          where("worker_id = ?", query["filter[createdBy]"]),
          where("posted_by = ?", query["filter[postedBy]"]),
          where("sale_id = ?", query["filter[order]"]),
          where("fiscalized_at >= ?", query["filter[fiscalizedAt][from]"]),
          where("fiscalized_at <= ?", query["filter[fiscalizedAt][to]"]),
          where("amount >= ?", query["filter[amountFrom]"]),
          where("amount <= ?", query["filter[amountTo]"]),
          where(`${bonus} >= ?`, query["filter[bonusesAmountFrom]"]),
          where(`${bonus} <= ?`, query["filter[bonusesAmountTo]"]),
          where("coalesce(fiscalized, false) = ?", query["filter[fiscalized]"]),
        ],
        query,
      )
      const data = payments.map((payment) => paymentResource(shop.id, payment))
      return ok({ data, meta: page.meta, links: pageLinks("/v1/payments", page) })
    },
  }),

  readOperation({
    id: "getPayment",
    method: "GET",
    path: "/v1/payments/{paymentId}",
    tag,
    summary: "A payment, return or change",
    access: everyone,
    params: z.object({ paymentId: uuid }),
    answers: { 200: one },
    refuses: [404],
    async handle({ shop, params, session }) {
      const payment = await findMoney(shop, params.paymentId)
      if (payment === undefined || !sees(session, payment.storeId)) throw noPayment(params.paymentId)
      return ok({ data: paymentResource(shop.id, payment) })
    },
  }),

  writeOperation({
    id: "updatePayment",
    method: "PATCH",
    path: "/v1/payments/{paymentId}",
    tag,
    summary: "Mark a payment: fiscalized, described. Its money stays as it is",
    access: selling,
    params: z.object({ paymentId: uuid }),
    body: paymentChangesIn,
    answers: { 200: one },
    refuses: [400, 404, 409],
    async handle({ tx, params, body, session }) {
      const found = await findMoney(tx, params.paymentId)
      if (found === undefined || !sees(session, found.storeId)) throw noPayment(params.paymentId)
      if (body.id !== undefined && body.id !== found.id)
        throw invalid("The id of the body is not that of the path.", { pointer: "/data/id" })
      await lockSale(tx, found.saleId)
      const payment = (await findMoney(tx, found.id)) ?? found
      refuseOtherMoney(tx.shop, payment, body)
      const marks = changedMarks(payment, body)
      if (payment.type === "payment") await mark(tx, payment.id, marks)
      else await markRefund(tx, payment.id, marks)
      return ok({ data: paymentResource(tx.shop, { ...payment, ...marks }) })
    },
  }),

  flowOperation({
    id: "refundPayment",
    method: "POST",
    path: "/v1/payments/{paymentId}/refunds",
    tag,
    summary: "Give a payment back, wholly or in part, as it was paid",
    access: selling,
    params: z.object({ paymentId: uuid }),
    body: resourceIn(
      paymentType,
      z
        .object({
          /** All that is left of it, where it is left out. */
          amount: positiveRoubles.optional(),
          description: text(1_000).nullish(),
          createdAt: instant.optional(),
          terminalTransactionId: text(200).nullish(),
        })
        .optional(),
      z.object({ shift: toOne() }).optional(),
    ),
    answers: { 201: one },
    refuses: [400, 404, 409, 422],
    async handle({ shop, params, body, session, now, key, signal }) {
      const id = requestedId(shop.id, "refund", { id: body.id, key })
      await shop.write(async (tx) => {
        const found = await findMoney(tx, params.paymentId)
        if (found === undefined || found.type !== "payment" || !sees(session, found.storeId)) throw noPayment(params.paymentId)
        const sale = await lockSale(tx, found.saleId, session)
        const known = await findMoney(tx, id)
        const payment = (await paymentsOf(tx, sale.id)).find((each) => each.id === found.id) ?? found
        const left = payment.amount - payment.refunded
        const amount = body.attributes?.amount ?? (known === undefined ? left : known.amount)
        if (known !== undefined) return mustBeSame(known, { type: "return", method: payment.method, amount, saleId: sale.id })
        if (amount <= 0) throw invalid("Nothing is left of the payment.", { parameter: "paymentId" }, "more-than-paid")
        const occurredAt = body.attributes?.createdAt ?? now
        await giveBackOf(
          tx,
          sale,
          payment,
          {
            ...plain(session, now),
            id,
            method: payment.method,
            amount,
            occurredAt,
            date: occurredAt.toISOString().slice(0, 10),
            storeId: payment.storeId,
            shiftId: body.relationships?.shift ?? null,
            note: body.attributes?.description ?? null,
            ref: body.attributes?.terminalTransactionId ?? null,
          },
          now,
        )
      })
      await carryOutRefund(surroundings, shop, id, signal).catch(later)
      return { status: 201, body: { data: await shown(shop, id) } }
    },
  }),

  readOperation({
    id: "sumPayments",
    method: "GET",
    path: "/v1/payments/summary",
    tag,
    summary: "What came in by each method since a moment, and what went back",
    access: selling,
    query: z.object({ since: instant.optional() }),
    answers: { 200: documentOut(summaryOut) },
    refuses: [400],
    async handle({ shop, query, session, now }) {
      const since = query.since ?? new Date(now.getTime() - 30 * 86_400_000)
      const attributes = { since: moment(since), ...summarise(await sumMoney(shop, since, session.stores)) }
      return ok({ data: { type: summaryType, id: String(shop.id), attributes } })
    },
  }),

  readOperation({
    id: "listPaymentMethods",
    method: "GET",
    path: "/v1/payment-methods",
    tag,
    summary: "The methods that the shop is paid by",
    access: everyone,
    answers: { 200: documentOut(z.array(methodOut), pageMetaOut) },
    refuses: [],
    async handle({ shop }) {
      const data = takenMethods.map((method) => methodResource(shop.id, method))
      return ok({ data, meta: { page: { number: 1, size: data.length }, total: data.length } })
    },
  }),
]

interface Asked {
  type: Payment["type"]
  /** Its store is the order's. */
  payment: Omit<NewPayment, "storeId">
  giftCard: { id: string } | { code: string } | undefined
  parentId: string | undefined
  seen: SeenOrder
}

/** What the body asks for, with everything that it leaves out. @throws Refusal 422 */
function askedOf(shop: OpenShop, { id, attributes, relationships }: PaymentIn & { id: string }, session: Session, now: Date): Asked {
  if (typeof relationships.method !== "string") {
    throw invalid("Say how it is paid; GET /v1/payment-methods lists the methods.", { pointer: "/data/relationships/method" })
  }
  if (attributes.posted === false) throw invalid("A payment is posted when it is recorded.", { pointer: "/data/attributes/posted" })
  const method = methodToTake(shop.id, relationships.method)
  const amount = amountOf(method, attributes)
  if (method === "qr" && attributes.paymentType === "payment") {
    const detail = "The bank tells of payments by QR code; POST /v1/orders/{id}/qr-payments makes the code."
    throw invalid(detail, { pointer: "/data/relationships/method/data/id" }, "qr-by-bank")
  }
  if (method !== "cash" && attributes.paymentType === "change") {
    throw invalid("Change is given in cash.", { pointer: "/data/relationships/method/data/id" })
  }
  const occurredAt = attributes.createdAt ?? attributes.postedAt ?? now
  const createdBy = relationships.createdBy ?? session.worker
  const giftCard = relationships.giftCard
  return {
    type: attributes.paymentType,
    payment: {
      id,
      method,
      amount,
      occurredAt,
      date: attributes.date ?? occurredAt.toISOString().slice(0, 10),
      shiftId: relationships.shift ?? null,
      workerId: createdBy,
      postedBy: relationships.postedBy ?? createdBy,
      postedAt: attributes.postedAt ?? occurredAt,
      ref: attributes.terminalTransactionId || null,
      note: attributes.description || null,
      prepayment: attributes.prepayment ?? false,
      fiscalized: attributes.fiscalized ?? false,
      fiscalizedAt: attributes.fiscalizedAt ?? null,
      fiscalShiftId: relationships.fiscalShift ?? null,
      fiscalizedBy: relationships.fiscalizedBy ?? null,
    },
    giftCard:
      attributes.giftCardCode === undefined
        ? typeof giftCard === "string"
          ? { id: giftCard }
          : undefined
        : { code: attributes.giftCardCode },
    parentId: relationships.parent ?? undefined,
    seen: attributes,
  }
}

function amountOf(method: PaymentMethod, { amount, bonusAmount = 0 }: PaymentIn["attributes"]): number {
  const at = { pointer: "/data/attributes/amount" }
  if (method !== "bonus" && bonusAmount > 0) {
    throw invalid("Points are a payment of their own, by the method bonus.", { pointer: "/data/attributes/bonusAmount" })
  }
  const given = method === "bonus" && bonusAmount > 0 ? bonusAmount : amount
  if (given === undefined) throw invalid("Say how much.", at)
  if (amount !== undefined && amount !== given) throw invalid("amount and bonusAmount of a payment by points are the same.", at)
  return given
}

interface Recording {
  orderId: string
  asked: Asked
  session: Session
  now: Date
}

/** @returns the payment where it is recorded; undefined where points have to be asked for first. */
async function recordAsked(tx: Transaction, { orderId, asked, session, now }: Recording): Promise<Payment | undefined> {
  const [sale, known] = await Promise.all([lockSale(tx, orderId, session), findMoney(tx, asked.payment.id)])
  const payment: NewPayment = { ...asked.payment, storeId: sale.storeId }
  if (known !== undefined) {
    mustBeSame(known, { type: asked.type, method: payment.method, amount: payment.amount, saleId: sale.id })
    return known
  }
  if ((await findQr(tx, payment.id)) !== undefined) throw idTaken(payment.id)
  checkSeen(sale, asked.seen)
  if (asked.type === "return") await giveBackOf(tx, sale, await paymentToGiveBackOf(tx, sale, asked), payment, now)
  if (asked.type === "change") await giveChange(tx, sale, payment, now)
  if (asked.type === "payment") {
    if (payment.method === "bonus") {
      await intendSpending(tx, sale, payment, now)
      return undefined
    }
    checkDue(sale, payment)
    const taken = await withGiftCard(tx, payment, asked, now)
    await takeMoney(tx, sale, taken)
    return { ...taken, saleId: sale.id, type: "payment", refunded: 0, recordedAt: now, parentId: null, state: "done" }
  }
  return findMoney(tx, payment.id)
}

async function withGiftCard(tx: Transaction, payment: NewPayment, { giftCard }: Asked, now: Date): Promise<NewPayment> {
  if (payment.method !== "gift_card") return payment
  if (giftCard === undefined) {
    throw invalid("Say which gift card: attributes.giftCardCode or relationships.giftCard.", { pointer: "/data/attributes/giftCardCode" })
  }
  const { id, amount, occurredAt: at } = payment
  return { ...payment, ref: await spendGiftCard(tx, giftCard, { id, amount, at }, now) }
}

/** The named payment, else the latest of the method of which enough is left. */
async function paymentToGiveBackOf(tx: Transaction, sale: LockedSale, { payment, parentId }: Asked): Promise<Payment> {
  const source = { pointer: "/data/attributes/amount" }
  const same = (await paymentsOf(tx, sale.id)).filter(({ method }) => method === payment.method)
  if (parentId !== undefined) {
    const parent = same.find(({ id }) => id === parentId)
    if (parent !== undefined) return parent
    throw invalid(`Payment ${parentId} is none of this order by this method.`, { pointer: "/data/relationships/parent/data/id" })
  }
  const left = ({ amount, refunded }: Payment) => amount - refunded
  const found = same.findLast((each) => left(each) >= payment.amount)
  if (found !== undefined) return found
  const most = Math.max(0, ...same.map(left))
  const detail = `At most ${toRoubles(most)} roubles can go back by this method at once; money goes back as it was paid.`
  throw invalid(detail, source, "more-than-paid")
}

/** Of a payment in cash that was more than was due. */
async function giveChange(tx: Transaction, sale: LockedSale, payment: NewPayment, now: Date): Promise<void> {
  const over = sale.held - sale.total
  if (payment.amount > over) {
    const detail = `Order ${sale.docNo} is overpaid by ${toRoubles(Math.max(0, over))} roubles; record the cash first, then its change.`
    throw invalid(detail, { pointer: "/data/attributes/amount" }, "more-than-change")
  }
  const cash = (await paymentsOf(tx, sale.id)).findLast(
    ({ method, amount, refunded }) => method === "cash" && amount - refunded >= payment.amount,
  )
  if (cash === undefined) throw invalid("No payment in cash is that large.", { pointer: "/data/attributes/amount" }, "more-than-change")
  await giveBack(tx, sale, { ...payment, type: "change", origin: "client", paymentId: cash.id, paidWith: null }, now)
}

async function giveBackOf(tx: Transaction, sale: LockedSale, payment: Payment, given: NewPayment, now: Date): Promise<void> {
  if (payment.method === "bonus" && given.amount % kopecksPerPoint !== 0) {
    throw invalid("A point pays a rouble; points are whole.", { pointer: "/data/attributes/amount" })
  }
  const refund: NewRefund = { ...given, type: "return", origin: "client", paymentId: payment.id, paidWith: payment.ref }
  await giveBack(tx, sale, refund, now)
}

function plain(session: Session, now: Date): Pick<NewPayment, "workerId" | "postedBy" | "postedAt" | Exclude<keyof Marks, "ref" | "note">> {
  return {
    workerId: session.worker,
    postedBy: session.worker,
    postedAt: now,
    prepayment: false,
    fiscalized: false,
    fiscalizedAt: null,
    fiscalShiftId: null,
    fiscalizedBy: null,
  }
}

/** @throws Refusal 409 where the id stands for something else. */
function mustBeSame(known: Payment, asked: Pick<Payment, "type" | "method" | "amount" | "saleId">): void {
  const isSame = (["type", "method", "amount", "saleId"] as const).every((field) => known[field] === asked[field])
  if (!isSame) throw idTaken(known.id)
}

/** @throws Refusal 422 where the change would move money. */
function refuseOtherMoney(shop: number, payment: Payment, { attributes = {}, relationships = {} }: PaymentChangesIn): void {
  const fixed = (pointer: string) =>
    conflict("What was paid stays as it is; give it back, and record it anew.", { pointer }, "recorded-money")
  const { paymentType: type, amount, bonusAmount, posted } = attributes
  if (type !== undefined && type !== payment.type) throw fixed("/data/attributes/paymentType")
  if (amount !== undefined && amount !== payment.amount) throw fixed("/data/attributes/amount")
  if (bonusAmount !== undefined && bonusAmount !== (payment.method === "bonus" ? payment.amount : 0))
    throw fixed("/data/attributes/bonusAmount")
  if (posted === false) throw fixed("/data/attributes/posted")
  const { method, order } = relationships
  if (typeof method === "string" && method !== methodId(shop, payment.method)) throw fixed("/data/relationships/method")
  if (typeof order === "string" && order !== payment.saleId) throw fixed("/data/relationships/order")
}

function changedMarks(payment: Payment, { attributes = {}, relationships = {} }: PaymentChangesIn): Marks {
  const pick = <T>(given: T | undefined, before: T): T => (given === undefined ? before : given)
  return {
    // Of a gift card's payment it is the card's id, which nobody changes.
    ref: payment.method === "gift_card" ? payment.ref : pick(attributes.terminalTransactionId, payment.ref),
    note: pick(attributes.description, payment.note),
    prepayment: pick(attributes.prepayment, payment.prepayment),
    fiscalized: pick(attributes.fiscalized, payment.fiscalized),
    fiscalizedAt: pick(attributes.fiscalizedAt, payment.fiscalizedAt),
    fiscalShiftId: pick(relationships.fiscalShift, payment.fiscalShiftId),
    fiscalizedBy: pick(relationships.fiscalizedBy, payment.fiscalizedBy),
  }
}

async function shown(shop: OpenShop, id: string) {
  const payment = await findMoney(shop, id)
  if (payment === undefined) throw notFoundAnyMore(id)
  return paymentResource(shop.id, payment)
}

const noPayment = (id: string) => notFound(`payment ${id}`, { parameter: "paymentId" })

/** The bank or loyalty declined the refund at once. */
const notFoundAnyMore = (id: string) =>
  invalid(`The refund ${id} was declined by whoever has to make it; nothing went back.`, { pointer: "/data" }, "refund-declined")

/** The agenda carries it out; the answer tells that it is under way. */
function later(cause: unknown): void {
  if (!(cause instanceof Refusal) || cause.status < 500) throw cause
}
