// What the tests of this service share: the service on a real server, stand-ins for those that it asks (orders, loyalty), a bank where it is wanted, and the
// published API's client. Started once for each test file.
import assert from "node:assert/strict"
import { createBank } from "@florist/bank/app"
import { cancelSpendingRequest, restoreSpendingRequest, spendingRequest } from "@florist/kit/contracts/loyalty"
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Service, Surroundings } from "@florist/kit/app"
import { newId } from "@florist/kit/id"
import { ok, peerOperation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import type { Role } from "@florist/kit/role"
import { PublishedClient } from "@florist/published/exchange"
import type { AnswerSeen } from "@florist/published/exchange"
import { z } from "zod"
import { shops, startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { workOffOnce } from "../src/agenda.ts"
import { merchantOf } from "../src/merchant.ts"
import { methodId } from "../src/payment-method.ts"
import { agendaHandlers, payments } from "../src/service.ts"

export { shops }
export const store = newId()
const customer = newId()

export interface Scene extends AsyncDisposable {
  platform: Platform
  client: PublishedClient
  surroundings: Surroundings
  loyalty: LoyaltyStandIn
  bank: { url: string; simulate(path: string, body?: object): Promise<Record<string, unknown>> } | undefined
  token(who?: { shop?: number; role?: Role; stores?: readonly string[] }): Promise<string>
  /** An order that the orders service knows. @param total kopecks. */
  order(total: number, more?: Partial<OrderSnapshot>): OrderSnapshot
  /** Tells everybody that the order is so now. */
  tell(type: string, order: OrderSnapshot, data?: object): Promise<void>
  pay(order: string, how: Payment): Promise<AnswerSeen>
  /** Works off what is on the agenda until nothing is due any more. */
  workOff(): Promise<void>
  rows(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>
}

export interface Payment {
  id?: string
  method: "cash" | "card" | "bonus" | "gift_card" | "qr"
  /** Roubles. */
  amount: number
  type?: "payment" | "return" | "change"
  shift?: string
  at?: Date
  attributes?: Record<string, unknown>
  relationships?: Record<string, unknown>
  shop?: number
  token?: string
}

export class LoyaltyStandIn {
  readonly spent = new Map<string, number>()
  readonly cancelled = new Set<string>()
  /** Points by refund. */
  readonly restored = new Map<string, number>()
  balance = 1_000_000
  /** Answers to come that are lost after the work was done. */
  lostAnswers = 0
  asked = 0
}

/** @param background "off": the test itself works off the agenda. */
export async function startScene({ bank, background = "off" }: { bank?: "simulated"; background?: "on" | "off" } = {}): Promise<Scene> {
  const platform = await startPlatform()
  const orders = new Map<string, { shop: number; order: OrderSnapshot }>()
  const loyalty = new LoyaltyStandIn()
  let ordersSurroundings: Surroundings | undefined
  await platform.start(ordersStandIn(orders, (surroundings) => (ordersSurroundings = surroundings)))
  await platform.start(loyaltyStandIn(loyalty))

  const merchants = Object.values(shops).map((shop) => ({
    ...merchantOf(platform.secret, shop),
    callbackUrl: undefined as string | undefined,
  }))
  const bankApp =
    bank === undefined ? undefined : await createBank({ merchants, refundTakesMs: 0, autopayMs: undefined, logLevel: "silent" })
  const bankUrl = await bankApp?.listen({ host: "127.0.0.1", port: 0 })
  const { background: work, ...quiet } = payments
  const service = background === "on" && work !== undefined ? payments : quiet
  const running = await platform.start(service, bankUrl === undefined ? {} : { bankUrl })
  const { surroundings } = running.app
  const handlers = agendaHandlers(surroundings, new AbortController().signal)
  const client = new PublishedClient({ base: `${platform.url("payments")}/api` })

  const scene: Scene = {
    platform,
    client,
    surroundings,
    loyalty,
    bank:
      bankUrl === undefined
        ? undefined
        : {
            url: bankUrl,
            async simulate(path, body) {
              const answer = await fetch(`${bankUrl}/simulator/${path}`, {
                method: body === undefined ? "GET" : "POST",
                ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
              })
              const json = (await answer.json()) as Record<string, unknown>
              assert.equal(answer.status, 200, JSON.stringify(json))
              return json
            },
          },
    token: (who = {}) => platform.token(who),
    order(total, more = {}) {
      const made = orderOf(total, more)
      orders.set(made.id, { shop: shops.rose, order: made })
      return made
    },
    async tell(type, order, data = order) {
      orders.set(order.id, { shop: shops.rose, order })
      assert.ok(ordersSurroundings)
      const shop = await ordersSurroundings.fleet.shop(shops.rose)
      await shop.write(async (tx) => tx.emit({ type, subject: order.id, occurredAt: platform.clock.now(), data }))
      await platform.settle()
    },
    async pay(order, { id, method, amount, type = "payment", shift, at, attributes = {}, relationships = {}, shop = shops.rose, token }) {
      return client.call("POST", "/v1/orders/{id}/payments", {
        token: token ?? (await platform.token({ shop })),
        params: { id: order },
        body: {
          data: {
            type: "order-payments",
            ...(id === undefined ? {} : { id }),
            attributes: { paymentType: type, amount, ...(at === undefined ? {} : { createdAt: at.toISOString() }), ...attributes },
            relationships: {
              method: { data: { type: "payment-methods", id: methodId(shop, method) } },
              ...(shift === undefined ? {} : { shift: { data: { type: "shifts", id: shift } } }),
              ...relationships,
            },
          },
        },
        request: "malformed",
      })
    },
    async workOff() {
      for (let rounds = 0; rounds < 200; rounds++) {
        if ((await workOffOnce(surroundings, handlers)) === 0) return
      }
      assert.fail("the agenda has no end")
    },
    rows: async (sql, values = []) => (await platform.shard.query(sql, values)).rows as Record<string, unknown>[],
    async [Symbol.asyncDispose]() {
      await platform[Symbol.asyncDispose]()
      await bankApp?.close()
    },
  }
  return scene
}

function orderOf(total: number, more: Partial<OrderSnapshot>): OrderSnapshot {
  const at = new Date("2026-03-08T09:00:00Z")
  return {
    id: newId(),
    docNo: "17",
    status: "new",
    revision: 1,
    storeId: store,
    customerId: customer,
    sourceId: null,
    createdBy: null,
    postedBy: null,
    floristId: null,
    courierId: null,
    date: "2026-03-08",
    dueTime: null,
    createdAt: at,
    updatedAt: at,
    postedAt: null,
    returnedAt: null,
    delivery: false,
    deliveryStatus: null,
    fiscalized: false,
    byBonuses: false,
    totalAmount: total,
    discountAmount: 0,
    markupAmount: 0,
    budget: 0,
    lines: [],
    ...more,
  }
}

function ordersStandIn(
  orders: ReadonlyMap<string, { shop: number; order: OrderSnapshot }>,
  made: (surroundings: Surroundings) => void,
): Service {
  return {
    name: "orders",
    reliesOn: {},
    clientFacts: async () => ({}),
    operations: (surroundings) => {
      made(surroundings)
      return [
        peerOperation({
          id: "order",
          method: "GET",
          path: "/v1/orders/{id}",
          summary: "An order",
          params: z.object({ id: z.string() }),
          answers: { 200: null },
          refuses: [404],
          async handle({ params, shop }) {
            const found = orders.get(params.id)
            if (found?.shop !== shop.id) throw notFound(`order ${params.id}`, { parameter: "id" })
            return ok({ order: found.order })
          },
        }),
      ]
    },
  }
}

function loyaltyStandIn(state: LoyaltyStandIn): Service {
  const answer = (body: object) => {
    state.asked += 1
    if (state.lostAnswers === 0) return ok(body)
    state.lostAnswers -= 1
    throw new Error("the answer is lost")
  }
  return {
    name: "loyalty",
    reliesOn: {},
    clientFacts: async () => ({}),
    operations: () => [
      peerOperation({
        id: "spend",
        method: "POST",
        path: "/v1/spendings",
        summary: "Spend",
        body: spendingRequest,
        answers: { 200: null },
        refuses: [409],
        async handle({ body }) {
          if (state.cancelled.has(body.paymentId)) throw conflict("cancelled", { pointer: "" }, "spending-cancelled")
          if (!state.spent.has(body.paymentId) && body.points > state.balance)
            throw conflict("too few points", { pointer: "" }, "not-enough-points")
          if (!state.spent.has(body.paymentId)) state.balance -= body.points
          state.spent.set(body.paymentId, body.points)
          return answer({ entryId: body.paymentId, balance: state.balance })
        },
      }),
      peerOperation({
        id: "restore",
        method: "POST",
        path: "/v1/spendings/restore",
        summary: "Restore",
        body: restoreSpendingRequest,
        answers: { 200: null },
        refuses: [],
        async handle({ body }) {
          if (!state.restored.has(body.refundId)) state.balance += body.points
          state.restored.set(body.refundId, body.points)
          return answer({})
        },
      }),
      peerOperation({
        id: "cancel",
        method: "POST",
        path: "/v1/spendings/cancel",
        summary: "Cancel",
        body: cancelSpendingRequest,
        answers: { 200: null },
        refuses: [],
        async handle({ body }) {
          if (!state.cancelled.has(body.paymentId)) state.balance += state.spent.get(body.paymentId) ?? 0
          state.cancelled.add(body.paymentId)
          return answer({})
        },
      }),
    ],
  }
}
