// What Florist's clients do all day, as the witness plays it: every service is asked, sales are made and paid. Every request is one that each version has to answer; a second
// tender is the exception that the first version may refuse. Given to the witness by the demo; FLORIST_SHOPS says how many shops there are.
import { createHash } from "node:crypto"
import type { Answer, RequestSpec, Scenario, SlowBody, WeightedRequest } from "@conveyor/witness/scenario"
import { derivedId } from "../../florist/payments/src/derived-id.ts"
import { customer, items, ownersSessions, store } from "./model.ts"

type Chance = Parameters<WeightedRequest["make"]>[0]

const seasonStart = "2026-01-01"
const receiptBytes = { from: 20_000, to: 200_000 }
const uploadMs = { from: 1_000, to: 4_000 }
const receiptPieces = 8
const jsonApi = "application/vnd.api+json"

export interface Users {
  shops: number
  /** Access tokens of the owners, by the shop's number. */
  sessions: readonly string[]
}

export function floristScenario(users: Users): Scenario {
  const { reads, writes, sell } = floristRequests(users)
  const { sessions } = users
  return {
    name: "florist",
    requests: [...reads, ...writes],
    page: {
      document: "/",
      calls: [
        { weight: 1, make: () => ({ method: "GET", path: "/assets/kassa.js", expect: [200], check: hasText }) },
        ...reads,
        { weight: 20, make: sell },
      ],
      thinkMs: { from: 500, to: 3_000 },
      eventStream: { path: `/api/v1/payments/feed?access_token=${sessions[1]}`, silentForMs: 15_000 },
      webSocket: {
        path: `/api/v1/payments/terminal?access_token=${sessions[1]}`,
        silentForMs: 15_000,
        say: { everyMs: 3_000, message: (chance) => JSON.stringify({ type: "ping", n: chance.below(1_000) }) },
      },
    },
  }
}

export interface FloristRequests {
  reads: readonly (WeightedRequest & { service: string })[]
  writes: readonly (WeightedRequest & { service: string })[]
  sell: WeightedRequest["make"]
}

/** Three reads for each write, by their weights. */
export function floristRequests({ shops, sessions }: Users): FloristRequests {
  const sold = new Orders(sessions)
  const anyShop = (chance: Chance) => 1 + chance.below(shops)
  const get = (shop: number, path: string): RequestSpec => ({
    method: "GET",
    path,
    headers: { authorization: `Bearer ${sessions[shop] ?? ""}` },
    expect: [200],
    check: (answer) => void hasData(answer),
  })
  const list = (path: string) => (chance: Chance) => get(anyShop(chance), path)
  const orders = list("/api/v1/orders?page[size]=20")
  const sell = (chance: Chance) => sold.place(anyShop(chance), chance)
  return {
    reads: [
      { service: "catalog", weight: 8, make: list("/api/v1/inventory-items?page[size]=10") },
      { service: "catalog", weight: 8, make: (chance) => get(anyShop(chance), `/api/v1/inventory-items/${chance.pick(items).id}`) },
      { service: "orders", weight: 4, make: orders },
      { service: "orders", weight: 4, make: (chance) => sold.readOne(chance) ?? orders(chance) },
      { service: "payments", weight: 9, make: list("/api/v1/payments?page[size]=20") },
      { service: "payments", weight: 27, make: list(`/api/v1/payments/summary?since=${seasonStart}`) },
      { service: "stock", weight: 4, make: list("/api/v1/bouquets") },
      { service: "loyalty", weight: 5, make: list(`/api/v1/customers/${customer}`) },
      { service: "staff", weight: 3, make: list("/api/v1/workers") },
      { service: "reports", weight: 4, make: list(`/api/v1/stores/${store}/stats?filter[range]=day`) },
    ],
    writes: [
      { service: "orders", weight: 11, make: sell },
      { service: "payments", weight: 9, make: (chance) => sold.pay(chance) ?? sell(chance) },
      { service: "payments", weight: 3, make: (chance) => sold.payAgain(chance) ?? sell(chance) },
      { service: "payments", weight: 1, make: (chance) => uploadReceipt(anyShop(chance), sessions, chance) },
    ],
    sell,
  }
}

interface Placed {
  shop: number
  id: string
  /** Roubles. */
  total: number
  acknowledgedAt: number
}

/** Orders that were acknowledged a while ago, so that each can be asked for and paid, of whatever version serves then. */
class Orders {
  readonly #sessions: readonly string[]
  readonly #remembered = 2_000
  readonly #placed: Placed[] = []
  readonly #unpaid: Placed[] = []
  readonly #halfPaid: Placed[] = []

  constructor(sessions: readonly string[]) {
    this.#sessions = sessions
  }

  place(shop: number, chance: Chance): RequestSpec {
    const id = chance.uuid()
    const { id: itemId, price } = chance.pick(items)
    const qty = 1 + chance.below(3)
    const total = price * qty
    const line = {
      type: "order-lines",
      id: chance.uuid(),
      attributes: {
        price: price.toFixed(2),
        qty: qty.toFixed(2),
        amount: total.toFixed(2),
        totalAmount: total.toFixed(2),
        totalAmountWithDiscount: total.toFixed(2),
      },
      relationships: { item: { data: { type: "inventory-items", id: itemId } }, bouquet: { data: null } },
    }
    const relationships = { store: { data: { type: "stores", id: store } }, lines: { data: [line] } }
    return {
      ...this.#post(shop, "/api/v1/orders", { type: "orders", id, attributes: { status: "new" }, relationships }),
      expect: [201],
      check: (answer) => void hasData(answer),
      acknowledged: () => {
        const placed = { shop, id, total, acknowledgedAt: Date.now() }
        this.#keep(this.#placed, placed)
        this.#keep(this.#unpaid, placed)
        return { store: "orders.sale_order", key: `${shop}/${id}` }
      },
    }
  }

  /** Undefined until something was placed. */
  readOne(chance: Chance): RequestSpec | undefined {
    if (this.#placed.length === 0) return undefined
    const { shop, id } = chance.pick(this.#placed)
    return {
      method: "GET",
      path: `/api/v1/orders/${id}`,
      headers: { authorization: `Bearer ${this.#sessions[shop] ?? ""}` },
      expect: [200],
      check: (answer) => {
        const { data } = hasData(answer) as { data: { id?: string } }
        if (data.id !== id) throw new Error(`asked for order ${id}, got ${data.id}`)
      },
    }
  }

  /** The first tender of an order: all of it or half. */
  pay(chance: Chance): RequestSpec | undefined {
    const order = this.#unpaid.shift()
    if (order === undefined) return undefined
    const isHalf = chance.below(3) === 0
    return this.#payment(order, isHalf ? order.total / 2 : order.total, chance, isHalf ? "half" : "whole")
  }

  /** The other half, which the version before tenders refuses by name. */
  payAgain(chance: Chance): RequestSpec | undefined {
    const order = this.#halfPaid.shift()
    if (order === undefined) return undefined
    const spec = this.#payment(order, order.total / 2, chance, "rest")
    return {
      ...spec,
      expect: [200, 422],
      check: (answer) => {
        if (answer.status === 422 && !answer.body.includes("one-method"))
          throw new Error(`refused: ${answer.body.toString().slice(0, 200)}`)
      },
    }
  }

  #payment(order: Placed, amount: number, chance: Chance, part: "whole" | "half" | "rest"): RequestSpec {
    const { shop } = order
    const id = chance.uuid()
    const now = new Date().toISOString()
    const method = derivedId(`payment-method ${shop} card`)
    const data = {
      type: "order-payments",
      id,
      attributes: {
        paymentType: "payment",
        amount,
        date: now.slice(0, 10),
        createdAt: now,
        terminalTransactionId: String(100_000_000_000 + chance.below(1e9)),
      },
      relationships: { method: { data: { type: "payment-methods", id: method } } },
    }
    return {
      ...this.#post(shop, `/api/v1/orders/${order.id}/payments`, data),
      expect: [200],
      check: (answer) => void hasData(answer),
      acknowledged: ({ status }) => {
        if (status === 422) return undefined
        if (part === "half") this.#keep(this.#halfPaid, order)
        return { store: "payments.payment", key: `${shop}/${id}/${order.id}/${part === "rest" ? "further" : "first"}` }
      },
    }
  }

  #post(shop: number, path: string, data: object): RequestSpec {
    return {
      method: "POST",
      path,
      headers: { "content-type": jsonApi, authorization: `Bearer ${this.#sessions[shop] ?? ""}` },
      body: JSON.stringify({ data }),
    }
  }

  #keep(list: Placed[], placed: Placed): void {
    list.push(placed)
    if (list.length > this.#remembered) list.shift()
  }
}

function uploadReceipt(shop: number, sessions: readonly string[], chance: Chance): RequestSpec {
  const payment = chance.uuid()
  const picture = Buffer.alloc(Math.floor(chance.between(receiptBytes)), payment)
  const sha256 = createHash("sha256").update(picture).digest("hex")
  return {
    method: "POST",
    path: `/api/v1/payments/receipts?payment=${payment}`,
    headers: { "content-type": "image/jpeg", authorization: `Bearer ${sessions[shop] ?? ""}` },
    body: { pieces: piecesOf(picture), overMs: Math.floor(chance.between(uploadMs)) } satisfies SlowBody,
    check: (answer) => {
      if (!answer.body.includes(sha256)) throw new Error(`sent ${sha256}, kept ${answer.body.toString().slice(0, 200)}`)
    },
    acknowledged: () => ({ store: "payments.receipt", key: `${shop}/${payment}` }),
  }
}

function piecesOf(picture: Buffer): Uint8Array[] {
  const size = Math.ceil(picture.length / receiptPieces)
  return Array.from({ length: receiptPieces }, (_, i) => picture.subarray(i * size, (i + 1) * size))
}

function hasData({ body }: Answer): unknown {
  const document = JSON.parse(body.toString("utf8")) as { data?: unknown }
  if (document.data === undefined) throw new Error(`an answer without data: ${body.toString().slice(0, 200)}`)
  return document
}

function hasText({ body }: Answer): void {
  if (body.length === 0) throw new Error("the file is empty")
}

const shops = Number(process.env.FLORIST_SHOPS ?? 8_500)
export default floristScenario({ shops, sessions: await ownersSessions(shops) })
