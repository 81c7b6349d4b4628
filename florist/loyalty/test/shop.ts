// A platform with the loyalty service alone; what other services would tell it is put into their outboxes. Called by the service's tests.
import { orderChanged, orderPosted, orderReturned } from "@florist/kit/contracts/orders"
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import { paymentRecorded } from "@florist/kit/contracts/payments"
import type { Role } from "@florist/kit/role"
import { newId } from "@florist/kit/id"
import { PublishedClient } from "@florist/published/exchange"
import type { AnswerSeen, CallOptions } from "@florist/published/exchange"
import assert from "node:assert/strict"
import { ownerId, shops, startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { loyalty } from "../src/service.ts"

const storeId = newId()

export interface Shop extends AsyncDisposable {
  readonly platform: Platform
  readonly client: PublishedClient
  readonly operations: ReturnType<typeof loyalty.operations>
  /** As the owner of shop rose, unless a role or another shop is named. */
  call(method: string, path: string, options?: CallOptions & { as?: Role; shop?: number }): Promise<AnswerSeen>
  peer(method: "GET" | "POST", path: string, body?: unknown, shop?: number): Promise<{ status: number; body: PeerAnswer }>
  /** Puts events into another service's outbox. */
  tell(from: "orders" | "payments" | "staff", type: string, data: object, shop?: number): Promise<void>
  customer(attributes?: Record<string, unknown>, relationships?: Record<string, unknown>): Promise<string>
  rows(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
}

export interface PeerAnswer {
  entryId?: string
  balance?: number
  errors?: { code: string; status: string }[]
  [more: string]: unknown
}

export async function openShop(): Promise<Shop> {
  const platform = await startPlatform()
  const running = await platform.start(loyalty)
  const client = new PublishedClient({ base: `${platform.url("loyalty")}/api` })
  const { tokens } = await peerTokens(platform)
  let made = 0

  const shop: Shop = {
    platform,
    client,
    operations: loyalty.operations(running.app.surroundings),
    async call(method, path, { as, shop: other, ...options } = {}) {
      const token = await platform.token({ ...(as === undefined ? {} : { role: as }), ...(other === undefined ? {} : { shop: other }) })
      return client.call(method, path, { token, ...options })
    },
    async peer(method, path, body, other = shops.rose) {
      const response = await fetch(`${platform.url("loyalty")}/internal/loyalty${path}`, {
        method,
        headers: {
          authorization: await tokens(),
          "florist-shop": String(other),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as PeerAnswer }
    },
    async tell(from, type, data, other = shops.rose) {
      await platform.shard.query(
        `INSERT INTO ${from}.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, $4, $5, $6)`,
        [other, newId(), type, "a subject", platform.clock.now(), JSON.stringify(data)],
      )
    },
    async customer(attributes = {}, relationships) {
      const id = newId()
      const data = {
        type: "customers",
        id,
        attributes: { title: `Customer ${++made}`, ...attributes },
        ...(relationships === undefined ? {} : { relationships }),
      }
      const answer = await shop.call("POST", "/v1/customers", { body: { data } })
      assert.equal(answer.status, 201, JSON.stringify(answer.body))
      return id
    },
    async rows(sql, values = []) {
      return (await platform.shard.query<Record<string, unknown>>(sql, [...values])).rows
    },
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  }
  return shop
}

async function peerTokens(platform: Platform) {
  const { Tokens } = await import("@florist/kit/session")
  const own = new Tokens(platform.secret)
  return { tokens: () => own.peerAuthorization("payments", platform.clock.now()) }
}

/** An order as its service would tell it, sold unless it says otherwise. Amounts in kopecks. */
export function orderOf(given: Partial<OrderSnapshot> & { id: string }): OrderSnapshot {
  const at = given.postedAt ?? new Date()
  return {
    docNo: "1",
    status: "done",
    revision: 1,
    storeId,
    customerId: null,
    sourceId: null,
    createdBy: ownerId,
    postedBy: ownerId,
    floristId: null,
    courierId: null,
    date: at.toISOString().slice(0, 10),
    dueTime: null,
    createdAt: at,
    updatedAt: at,
    postedAt: at,
    returnedAt: null,
    delivery: false,
    deliveryStatus: null,
    fiscalized: false,
    byBonuses: false,
    totalAmount: 100_000,
    discountAmount: 0,
    markupAmount: 0,
    budget: 0,
    lines: [],
    ...given,
  }
}

export const changed = (order: OrderSnapshot): [string, object] => [orderChanged, order]
export const posted = (order: OrderSnapshot): [string, object] => [orderPosted, order]
export const returned = (order: OrderSnapshot): [string, object] => [
  orderReturned,
  { order: { ...order, status: "returned" }, withWriteOff: false, returnedBy: null, shiftId: null },
]
export const paidByPoints = (payment: {
  id: string
  orderId: string
  customerId: string
  points: number
  kind?: "payment" | "return"
}): [string, object] => [
  paymentRecorded,
  {
    id: payment.id,
    orderId: payment.orderId,
    storeId,
    customerId: payment.customerId,
    shiftId: null,
    workerId: null,
    kind: payment.kind ?? "payment",
    method: "bonus",
    amount: payment.points * 100,
    occurredAt: new Date(),
  },
]

/** The id that a relationship to one resource holds. */
export function linkedId(link: { data?: unknown } | undefined): unknown {
  const data = link?.data
  return typeof data === "object" && data !== null && "id" in data ? data.id : undefined
}
