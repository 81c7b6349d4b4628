// One sale in a shop, from the basket to the money, by whatever tender; and its return. Called by a store's day.
import type { Random } from "../random.ts"
import type { Crew, Furnished, Member } from "./furnish.ts"
import type { Portion } from "./shelf.ts"
import { document, resource, to } from "./wire.ts"

export interface Line {
  item?: string
  bouquet?: string
  quantity: number
  /** Roubles for one. */
  price: number
  /** What lay on the shelf for it. */
  portions: readonly Portion[]
}

export interface Basket {
  lines: readonly Line[]
  /** Whole per cent off, and why. */
  discount?: { percent: number; reason: string }
  customer?: Customer
  source: string
}

export interface Customer {
  id: string
  title: string
  phone: string
  address: { street: string; house: string; apartment: string }
}

export interface Sold {
  id: string
  /** Kopecks. */
  total: number
  payments: readonly { id: string; kind: Tender; amount: number }[]
  basket: Basket
}

export type Tender = "cash" | "card" | "bonus" | "gift_card" | "qr"

export interface Counter {
  shop: Furnished
  crew: Crew
  random: Random
  newId: (at: Date) => string
  /** The cash shift that is open. */
  shift: string
  /** The simulated bank's customers, where it is known. */
  bank: BankCustomers | undefined
  giftCards: GiftCard[]
}

export interface GiftCard {
  code: string
  /** Kopecks. */
  balance: number
}

export interface BankCustomers {
  /** A person pays the code with this payload at that moment; the bank has told the shop of it when this is done. */
  pay(payload: string, at: Date): Promise<void>
}

const kopecks = (amount: unknown): number => Math.round(Number(amount) * 100)

/** Over the counter: the goods go at once, then the money comes. */
export async function sell(counter: Counter, basket: Basket, at: Date): Promise<Sold> {
  const { crew, newId } = counter
  const id = newId(at)
  const order = await crew.cashier.client.send(
    "POST",
    "/v1/orders",
    orderDocument(counter, basket, { id, at, status: "done", seller: crew.cashier }),
  )
  const total = kopecks(order.attributes.totalAmount)
  return { id, total, basket, payments: await payWhole(counter, { order: id, amount: total, customer: basket.customer, at }) }
}

interface Ordering {
  id: string
  at: Date
  status: "new" | "done"
  seller: Member
  more?: { attributes: object; courier: string; florist: string }
}

export function orderDocument({ crew, newId }: Counter, basket: Basket, { id, at, status, seller, more }: Ordering): object {
  const { lines, discount, customer, source } = basket
  const moment = at.toISOString()
  return document({
    type: "orders",
    id,
    attributes: {
      status,
      date: moment.slice(0, 10),
      createdAt: moment,
      updatedAt: moment,
      ...(status === "done" ? { postedAt: moment } : {}),
      ...more?.attributes,
    },
    relations: {
      store: to("stores", crew.store),
      source: to("order-sources", source),
      createdBy: to("workers", seller.id),
      ...(customer === undefined ? {} : { customer: to("customers", customer.id) }),
      ...(more === undefined ? {} : { courier: to("workers", more.courier), florist: to("workers", more.florist) }),
      lines: lines.map(({ item, bouquet, quantity, price }) =>
        resource({
          type: "order-lines",
          id: newId(at),
          attributes: { qty: quantity, price },
          relations: item === undefined ? { bouquet: to("bouquets", bouquet ?? "") } : { item: to("inventory-items", item) },
        }),
      ),
      ...(discount === undefined
        ? {}
        : {
            discounts: [
              resource({
                type: "order-discounts",
                id: newId(at),
                attributes: { discountType: "discount", percent: discount.percent },
                relations: { reason: to("discount-reasons", discount.reason) },
              }),
            ],
          }),
    },
  })
}

export interface Due {
  order: string
  /** Kopecks. */
  amount: number
  customer: Customer | undefined
  at: Date
  prepayment?: "prepayment"
}

/** As this customer likes to pay: points and gift cards first, the rest by one tender or two. */
export async function payWhole(counter: Counter, due: Due): Promise<Sold["payments"]> {
  const { random } = counter
  const paid: { id: string; kind: Tender; amount: number }[] = []
  let left = due.amount
  const pay = async (kind: Tender, amount: number, more: object = {}) => {
    paid.push({ id: await record(counter, due, { kind, amount, more }), kind, amount })
    left -= amount
  }
  if (due.customer !== undefined && random.next() < 0.35) {
    const points = await pointsToSpend(counter, due.customer, left)
    if (points > 0) await pay("bonus", points * 100)
  }
  const [card] = counter.giftCards
  if (left > 0 && card !== undefined && random.next() < 0.1) {
    const amount = Math.min(left, card.balance)
    card.balance -= amount
    if (card.balance === 0) counter.giftCards.shift()
    await pay("gift_card", amount, { giftCardCode: card.code })
  }
  const luck = random.next()
  if (left > 10_000 && luck < 0.08) await pay("card", Math.floor(left / 2 / 100) * 100)
  if (left <= 0) return paid
  if (luck > 0.9 && counter.bank !== undefined) {
    const amount = left
    paid.push({ id: await payByQr(counter, counter.bank, due, amount), kind: "qr", amount })
  } else if (luck < 0.4) {
    const amount = left
    paid.push({ id: await payCash(counter, due, amount), kind: "cash", amount })
  } else {
    await pay("card", left, { terminalTransactionId: `T${random.hex()}` })
  }
  return paid
}

async function pointsToSpend({ crew }: Counter, customer: Customer, left: number): Promise<number> {
  const { attributes } = await crew.cashier.client.get(`/v1/customers/${customer.id}`)
  const points = Math.min(Number(attributes.currentPoints), Math.floor((left * 0.3) / 100))
  return points < 30 ? 0 : points
}

/** A note that is larger than the bill; the change goes back. @returns the payment, of which the amount is left. */
async function payCash(counter: Counter, due: Due, amount: number): Promise<string> {
  const note = [50_000, 100_000, 500_000].find((each) => each > amount)
  const isExact = note === undefined || due.prepayment !== undefined || counter.random.next() < 0.5
  const given = isExact ? amount : note
  const id = await record(counter, due, { kind: "cash", amount: given })
  if (given > amount) await record(counter, due, { kind: "cash", amount: given - amount, more: { paymentType: "change" } })
  return id
}

interface Recording {
  kind: Tender
  amount: number
  more?: object
}

async function record(
  { shop, crew, newId, shift }: Counter,
  { order, at, prepayment }: Due,
  { kind, amount, more = {} }: Recording,
): Promise<string> {
  const id = newId(at)
  const attributes = {
    paymentType: "payment",
    amount: amount / 100,
    date: at.toISOString().slice(0, 10),
    createdAt: at.toISOString(),
    postedAt: at.toISOString(),
    prepayment: prepayment !== undefined,
    ...more,
  }
  const relations = { method: to("payment-methods", shop.methods.get(kind) ?? ""), shift: to("shifts", shift) }
  await crew.cashier.client.send("POST", `/v1/orders/${order}/payments`, document({ type: "order-payments", id, attributes, relations }))
  return id
}

async function payByQr({ crew, newId, shift }: Counter, bank: BankCustomers, { order, at }: Due, amount: number): Promise<string> {
  const id = newId(at)
  const { client } = crew.cashier
  const code = document({
    type: "qr-payments",
    id,
    attributes: { kind: "sbp", amount: amount / 100 },
    relations: { shift: to("shifts", shift) },
  })
  const made = await client.send("POST", `/v1/orders/${order}/qr-payments`, code)
  await bank.pay(String(made.attributes.payload), at)
  const { attributes } = await client.get(`/v1/qr-payments/${id}`)
  if (attributes.status !== "paid" && attributes.status !== "applied")
    throw new Error(`The QR code ${id} is "${String(attributes.status)}" after it was paid.`)
  return id
}

/** The goods come back, or are written off with it; the money goes back as it came. */
export async function takeBack(
  counter: Counter,
  sold: Sold,
  { at, writeOff }: { at: Date; writeOff: "written off" | "back to the shelf" },
): Promise<void> {
  const { shop, crew, newId, shift } = counter
  const { client, id: worker } = crew.cashier
  const attributes = { returnedAt: at.toISOString(), withWriteOff: writeOff === "written off" }
  const relations = { returnedBy: to("workers", worker), shift: to("shifts", shift) }
  await client.send("PATCH", `/v1/orders/${sold.id}/return`, document({ type: "orders", id: sold.id, attributes, relations }))
  for (const { id: parent, kind, amount } of sold.payments) {
    const refund = document({
      type: "order-payments",
      id: newId(at),
      attributes: {
        paymentType: "return",
        amount: amount / 100,
        createdAt: at.toISOString(),
        postedAt: at.toISOString(),
        date: attributes.returnedAt.slice(0, 10),
      },
      relations: {
        method: to("payment-methods", shop.methods.get(kind) ?? ""),
        parent: to("order-payments", parent),
        shift: to("shifts", shift),
      },
    })
    await client.send("POST", `/v1/orders/${sold.id}/payments`, refund)
  }
}
