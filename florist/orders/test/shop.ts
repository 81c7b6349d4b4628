// A shop for the tests of orders: the platform with this service, and stand-ins for those that it asks: a stock that can be told to fail in every way, and a
// loyalty that can be switched off. Called by the tests beside.
import { setTimeout as sleep } from "node:timers/promises"
import type { Service, Surroundings } from "@florist/kit/app"
import { customerTerms } from "@florist/kit/contracts/loyalty"
import { orderPosted, orderReturned } from "@florist/kit/contracts/orders"
import { cancelIssueRequest, issueRequest, issueResult, orderIssued } from "@florist/kit/contracts/stock"
import { newId } from "@florist/kit/id"
import { ok, peerOperation } from "@florist/kit/operation"
import { Refusal, conflict, unavailable } from "@florist/kit/refusal"
import { z } from "zod"
import { PublishedClient } from "../../published/src/exchange.ts"
import { shops, startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { leftAfterMs } from "../src/sale.ts"
import { sweepOnce } from "../src/sale-sweeper.ts"
import { orders } from "../src/service.ts"

/**
 * "lost": it takes the goods and its answer never comes. "late": the answer comes after the asker has gone. "short": it has nothing. "killed": it takes the goods, and the
 * orders service loses its database before it can go on; "killed early": the same before the goods are taken.
 */
export const stockMoods = ["well", "down", "lost", "short", "killed", "killed early"] as const
export type StockMood = (typeof stockMoods)[number] | "late"

export interface StandInStock {
  service: Service
  mood: StockMood
  /** How it is once the database was taken away. */
  moodAfterKill: StockMood
  /** How often the goods of an order were taken. */
  readonly taken: Map<string, number>
  readonly givenBack: Set<string>
  readonly asked: string[]
  /** Called at each question. */
  noticed?: () => void
  /** Answers wait for it. */
  gate: Promise<void>
  /** Takes the orders service's database away. */
  kill: () => Promise<void>
  forget(): void
}

function standInStock(): StandInStock {
  const stock: StandInStock = {
    service: undefined as unknown as Service,
    mood: "well",
    moodAfterKill: "well",
    taken: new Map(),
    givenBack: new Set(),
    asked: [],
    gate: Promise.resolve(),
    kill: async () => {},
    forget() {
      stock.mood = "well"
      stock.moodAfterKill = "well"
      stock.gate = Promise.resolve()
      delete stock.noticed
      stock.taken.clear()
      stock.givenBack.clear()
      stock.asked.length = 0
    },
  }
  const take = (orderId: string) => {
    if (!stock.taken.has(orderId)) stock.taken.set(orderId, 1)
  }
  stock.service = {
    name: "stock",
    reliesOn: {},
    clientFacts: async () => ({}),
    operations: () => [
      peerOperation({
        id: "issue",
        method: "POST",
        path: "/v1/issues",
        summary: "Take goods",
        body: issueRequest,
        answers: { 200: issueResult },
        refuses: [409],
        async handle({ body: { orderId, lines, shortage } }) {
          const { mood, gate } = stock
          stock.asked.push(orderId)
          stock.noticed?.()
          if (mood === "killed early") await stock.kill()
          if (mood === "down" || mood === "killed early") throw unavailable("The stock", "it was switched off")
          if (mood === "short" && shortage === "refuse" && !stock.taken.has(orderId)) {
            throw conflict("There are 0 of them.", { pointer: "/lines/0" }, "out-of-stock")
          }
          if (stock.givenBack.has(orderId)) throw conflict("It was cancelled.", { pointer: "" }, "issue-cancelled")
          take(orderId)
          if (mood === "killed") await stock.kill()
          if (mood === "lost") throw unavailable("The stock", "its answer was lost")
          if (mood === "late") await sleep(3_200)
          await gate
          return ok({ orderId, lines: lines.map(({ lineId }) => ({ lineId, cost: 5_000, shortage: 0 })) })
        },
      }),
      peerOperation({
        id: "cancelIssue",
        method: "POST",
        path: "/v1/issues/cancel",
        summary: "Give goods back",
        body: cancelIssueRequest,
        answers: { 200: z.object({}) },
        refuses: [],
        async handle({ body: { orderId } }) {
          if (stock.mood === "down") throw unavailable("The stock", "it was switched off")
          stock.givenBack.add(orderId)
          stock.taken.delete(orderId)
          return ok({})
        },
      }),
    ],
    consumes: () => [
      {
        from: "orders",
        on: {
          [orderPosted]: async (tx, { subject, data, occurredAt }) => {
            const { lines } = z.object({ lines: z.array(z.object({ id: z.string() })) }).parse(data)
            take(subject)
            const result = { orderId: subject, lines: lines.map(({ id }) => ({ lineId: id, cost: 5_000, shortage: 0 })) }
            tx.emit({ type: orderIssued, subject, occurredAt, data: result })
          },
          [orderReturned]: async (_tx, { subject }) => void stock.givenBack.add(subject),
        },
      },
    ],
  }
  return stock
}

const discountOfEverybody = 1_000

export const loyalty: Service = {
  name: "loyalty",
  reliesOn: {},
  clientFacts: async () => ({}),
  operations: () => [
    peerOperation({
      id: "terms",
      method: "GET",
      path: "/v1/customers/{id}/terms",
      summary: "What the groups give",
      params: z.object({ id: z.string() }),
      answers: { 200: customerTerms },
      refuses: [404],
      handle: async ({ params: { id } }) =>
        ok({ customerId: id, discountRate: discountOfEverybody, bonusRate: 500, bonusLimit: 5_000, balance: 0 }),
    }),
  ],
}

export interface TestShop extends AsyncDisposable {
  platform: Platform
  surroundings: Surroundings
  /** Gives the database back, and ends what was left in the middle. */
  recover(): Promise<void>
  stock: StandInStock
  client: PublishedClient
  store: string
  item: string
  /** As another service's event. */
  tell(source: string, type: string, subject: string, data: object, shop?: number): Promise<void>
  /** What the service has told the others, of one subject, in order. */
  told(subject: string): Promise<{ type: string; data: Record<string, unknown> }[]>
}

/** Connections that the kill took may still be in the pools, and are met one by one: the sweeper would come again, and so does this. */
async function swept(surroundings: Surroundings): Promise<number> {
  for (let broken = 0; ; broken++) {
    try {
      return await sweepOnce(surroundings, AbortSignal.timeout(10_000))
    } catch (thrown) {
      if (broken === mostBroken || !(thrown instanceof Refusal) || thrown.status !== 503) throw thrown
    }
  }
}

/** More than the pools of one service hold. */
const mostBroken = 20

export async function openShop(): Promise<TestShop> {
  const platform = await startPlatform()
  const stock = standInStock()
  await platform.start(stock.service)
  const { app } = await platform.start(orders)
  stock.kill = async () => {
    stock.mood = stock.moodAfterKill
    await platform.shard.query("ALTER ROLE florist_orders NOLOGIN")
    await platform.shard.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'florist_orders'")
  }
  const client = new PublishedClient({ base: `${platform.url("orders")}/api` })
  return {
    platform,
    surroundings: app.surroundings,
    async recover() {
      for (;;) {
        await platform.shard.query("ALTER ROLE florist_orders LOGIN")
        platform.clock.advance(leftAfterMs + 1_000)
        if ((await swept(app.surroundings)) === 0) return
      }
    },
    stock,
    client,
    store: newId(),
    item: newId(),
    async tell(source, type, subject, data, shop = shops.rose) {
      await platform.shard.query(
        `INSERT INTO ${source}.outbox (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, $4, now(), $5)`,
        [shop, newId(), type, subject, JSON.stringify(data)],
      )
    },
    async told(subject) {
      const { rows } = await platform.shard.query<{ type: string; data: Record<string, unknown> }>(
        "SELECT type, data FROM orders.outbox WHERE subject = $1 ORDER BY xid, position",
        [subject],
      )
      return rows
    },
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  }
}

export interface LineSaid {
  id?: string
  item?: string
  bouquet?: string
  qty?: string
  price?: string
  more?: object
}

export const lineOf = ({ id = newId(), item, bouquet, qty = "1.00", price, more = {} }: LineSaid) => ({
  type: "order-lines",
  id,
  attributes: { qty, ...(price === undefined ? {} : { price }), ...more },
  relationships: {
    item: { data: item === undefined ? null : { type: "inventory-items", id: item } },
    bouquet: { data: bouquet === undefined ? null : { type: "bouquets", id: bouquet } },
  },
})

export interface OrderSaid {
  id?: string
  attributes?: object
  lines?: readonly object[]
  discounts?: readonly object[]
  relationships?: object
}

export const bodyOf = ({ id, attributes = {}, lines, discounts, relationships = {} }: OrderSaid) => ({
  data: {
    type: "orders",
    ...(id === undefined ? {} : { id }),
    attributes,
    relationships: {
      ...(lines === undefined ? {} : { lines: { data: lines } }),
      ...(discounts === undefined ? {} : { discounts: { data: discounts } }),
      ...relationships,
    },
  },
})

export const toOne = (type: string, id: string | null) => ({ data: id === null ? null : { type, id } })
