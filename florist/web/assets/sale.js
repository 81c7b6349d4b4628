// A sale as requests: the order, then the money, each with an id of its own. Pure but for ids and the clock. Called by the payment sheet.
import { isOffline, session, to } from "./api.js"
import { totals } from "./basket.js"
import { toPercent, toRoubles, toUnits } from "./money.js"
import { step } from "./outbox.js"
import { shop, store } from "./shop.js"
import { newId } from "./uuid.js"

export const methods = [
  { kind: "cash", label: "Cash" },
  { kind: "card", label: "Card" },
  { kind: "qr", label: "QR code" },
  { kind: "bonus", label: "Points" },
  { kind: "gift_card", label: "Gift card" },
]
export const methodLabel = (kind) => methods.find((each) => each.kind === kind)?.label ?? kind

/** Points and gift cards can be refused, so they go first; the code comes last, when nothing else is left to pay. */
const turn = ["bonus", "gift_card", "card", "cash", "qr"]

/** @param tenders { id, kind, amount } in kopecks; { received } of cash, { code } of a gift card */
export function saleJob(basket, tenders) {
  const id = newId()
  const at = new Date().toISOString()
  const { total } = totals(basket)
  return {
    id,
    kind: "sale",
    at,
    worker: session().worker,
    seller: session().name,
    store: store(),
    orderId: id,
    basket,
    total,
    expected: total,
    tenders,
    state: "waiting",
    steps: [orderStep(id, basket, at), ...paymentSteps(id, tenders, { at, expected: total })],
  }
}

/** What is left of an order that is there already. */
export function paymentJob({ orderId, docNo, total, expected, customer }, tenders) {
  const at = new Date().toISOString()
  const basket = { lines: [], discount: undefined, customer }
  return {
    id: newId(),
    kind: "payment",
    at,
    worker: session().worker,
    seller: session().name,
    store: store(),
    orderId,
    docNo,
    basket,
    total,
    tenders,
    state: "waiting",
    expected,
    steps: paymentSteps(orderId, tenders, { at, expected }),
  }
}

function orderStep(id, basket, at) {
  const { lines, discount, customer } = basket
  const worker = to("workers", session().worker)
  const { source } = shop()
  const data = {
    type: "orders",
    id,
    attributes: {
      status: "done",
      date: at.slice(0, 10),
      createdAt: at,
      updatedAt: at,
      postedAt: at,
      totalAmount: toRoubles(totals(basket).total),
      ...(isOffline() ? { allowShortage: true } : {}),
    },
    relationships: {
      store: to("stores", store().id),
      createdBy: worker,
      postedBy: worker,
      ...(source === undefined ? {} : { source: to("order-sources", source) }),
      ...(customer === undefined ? {} : { customer: to("customers", customer.id) }),
      lines: { data: lines.map(lineOf) },
      ...(discount === undefined ? {} : { discounts: { data: [discountOf(discount)] } }),
    },
  }
  return step("POST", "/v1/orders", { data }, "order")
}

const lineOf = ({ goods, qty }) => ({
  type: "order-lines",
  id: newId(),
  attributes: { qty: toUnits(qty), price: toRoubles(goods.price) },
  relationships: goods.kind === "bouquet" ? { bouquet: to("bouquets", goods.id) } : { item: to("inventory-items", goods.id) },
})

const discountOf = ({ rate, amount, reason }) => ({
  type: "order-discounts",
  id: newId(),
  attributes: { discountType: "discount", ...(rate === undefined ? { amount: toRoubles(amount) } : { percent: toPercent(rate) }) },
  relationships: reason === undefined ? {} : { reason: to("discount-reasons", reason.id) },
})

/** @param expected what the order came to where it was shown, in kopecks: money is not taken for another price. */
export function paymentSteps(orderId, tenders, { at = new Date().toISOString(), expected } = {}) {
  const seen = expected === undefined ? {} : { expectedTotal: toRoubles(expected) }
  const { shift, methods: ids } = shop()
  const inShift = shift === undefined ? {} : { shift: to("shifts", shift.id) }
  const pay = (kind, attributes, what = "payment") =>
    step(
      "POST",
      `/v1/orders/${orderId}/payments`,
      {
        data: {
          type: "order-payments",
          id: newId(),
          attributes: { paymentType: "payment", date: at.slice(0, 10), createdAt: at, postedAt: at, ...seen, ...attributes },
          relationships: { method: to("payment-methods", ids[kind]), createdBy: to("workers", session().worker), ...inShift },
        },
      },
      what,
    )
  // Change goes back of an order that is overpaid; while a code is still to be paid, only what stays in the drawer is recorded.
  const isSettledByCash = tenders.every(({ kind }) => kind !== "qr")
  const stepsOf = {
    bonus: ({ amount }) => [pay("bonus", { amount: toRoubles(amount) })],
    gift_card: ({ amount, code }) => [pay("gift_card", { amount: toRoubles(amount), giftCardCode: code })],
    card: ({ amount }) => [pay("card", { amount: toRoubles(amount) })],
    cash: ({ amount, received = amount }) => [
      pay("cash", { amount: toRoubles(isSettledByCash ? received : amount) }),
      ...(isSettledByCash && received > amount
        ? [pay("cash", { paymentType: "change", amount: toRoubles(received - amount) }, "change")]
        : []),
    ],
    qr: ({ amount }) => {
      const data = {
        type: "qr-payments",
        id: newId(),
        attributes: { kind: "sbp", amount: toRoubles(amount), ...seen },
        relationships: inShift,
      }
      return [step("POST", `/v1/orders/${orderId}/qr-payments`, { data }, "qr")]
    },
  }
  return tenders
    .toSorted((a, b) => turn.indexOf(a.kind) - turn.indexOf(b.kind))
    .flatMap((tender) => stepsOf[tender.kind](tender).map((each) => ({ ...each, tender: tender.id })))
}

/** Tenders of which every request was answered; a code counts when it was paid. */
export function paidTenders(job) {
  return job.tenders.filter((tender) => {
    const own = job.steps.filter((each) => each.tender === tender.id)
    return own.every(({ answer }) => answer !== undefined) && (tender.kind !== "qr" || job.paidByQr === true)
  })
}

export const leftToPay = (job) => job.total - paidTenders(job).reduce((sum, { amount }) => sum + amount, 0)

/** The money that was not taken is taken otherwise: what was not done is left out, what was done stays. */
export function payOtherwise(job, tenders) {
  const paid = paidTenders(job)
  const done = job.steps.filter(({ answer, what }) => answer !== undefined && what !== "qr")
  const kept = job.paidByQr === true ? job.steps.filter(({ answer }) => answer !== undefined) : done
  return {
    ...job,
    state: "waiting",
    problem: undefined,
    tenders: [...paid, ...tenders],
    steps: [...kept, ...paymentSteps(job.orderId, tenders, { expected: job.expected })],
  }
}

export const change = (job) =>
  job.tenders.reduce((sum, { kind, amount, received }) => sum + (kind === "cash" ? (received ?? amount) - amount : 0), 0)
