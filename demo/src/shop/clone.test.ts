import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import pg from "pg"
import { at as momentOf } from "./calendar.ts"
import { ShopClient, exchangeOver } from "./client.ts"
import { carryShop, cloneShops, enterCopies } from "./clone.ts"
import { demoPassword, ownerName, storeTitles } from "./people.ts"
import { startPlatform } from "./platform.ts"
import type { Platform } from "./platform.ts"
import { playSeason } from "./season.ts"
import type { Season } from "./season.ts"
import { settle } from "./settle.ts"
import { document, resource, to } from "./wire.ts"

const model = 1
/** One beside the model, two on the other shard: one carried there, one copied from it there. */
const copies = { beside: 2, carried: 3, copied: 4 } as const
const stop = new AbortController()

let platform: Platform
let season: Season

before(async () => {
  platform = await startPlatform({ signal: stop.signal, shops: [model, ...Object.values(copies)], logLevel: "error" })
  const { services, shards, directoryUrl } = platform
  const [first = "", second = ""] = shards.map(({ url }) => url)
  const owner = { username: ownerName, firstName: "Olga", password: demoPassword }
  const opened = await platform.openShop({
    id: model,
    shard: "shop-1",
    name: "Rose",
    city: "Tver",
    store: { title: storeTitles[0] },
    owner,
  })
  const shop = { store: opened.store, owner: opened.owner, ownerPassword: demoPassword }
  const { url, bankUrl } = services
  season = await playSeason({ url, bankUrl, shop, days: 2, ordersADay: 6, seed: 3, now: new Date(), signal: stop.signal })
  await settle(shards)
  await cloneShops({ url: first, model, shops: [copies.beside] })
  await carryShop({ from: first, to: second, model, shop: copies.carried })
  await cloneShops({ url: second, model: copies.carried, shops: [copies.copied] })
  await enterCopies({ directoryUrl, model, shard: "shop-1", shops: [copies.beside] })
  await enterCopies({ directoryUrl, model, shard: "shop-2", shops: [copies.carried, copies.copied] })
})
after(() => platform?.[Symbol.asyncDispose]())

const signIn = (shop: number) =>
  ShopClient.signIn(
    { exchange: exchangeOver(platform.services.url), signal: stop.signal },
    shop === model ? ownerName : `${ownerName}.${shop}`,
    demoPassword,
  )

/** What a shop's owner sees of it, whatever its number: the same for two shops that are the same. */
async function seen(client: ShopClient): Promise<Record<string, unknown>> {
  const paths = {
    figures: "/v1/stats/stores/general?filter[range]=year",
    payments: "/v1/stats/stores/payments?filter[range]=year",
    balances: "/v1/stock/balances?page[size]=200",
    orders: "/v1/orders?page[size]=200",
    customers: "/v1/customers?page[size]=200",
    bouquets: "/v1/bouquets?page[size]=200",
    shifts: "/v1/shifts?page[size]=200",
    items: "/v1/inventory-items?page[size]=200",
    journal: "/v1/journal?page[size]=200",
    timecards: "/v1/timecards?page[size]=200",
  }
  const answers = await Promise.all(Object.entries(paths).map(async ([name, path]) => [name, dataOf(await client.ask("GET", path))]))
  return Object.fromEntries(answers) as Record<string, unknown>
}

const dataOf = (answer: unknown): unknown => (typeof answer === "object" && answer !== null && "data" in answer ? answer.data : undefined)

async function sellOneCard(client: ShopClient): Promise<void> {
  const [crew] = season.shop.crews
  const card = season.shop.items.get("card")
  const line = resource({
    type: "order-lines",
    attributes: { qty: 1, price: 120 },
    relations: { item: to("inventory-items", card?.id ?? "") },
  })
  const at = momentOf("2026-03-06", 600).toISOString()
  const order = document({
    type: "orders",
    attributes: { status: "done", date: "2026-03-06", createdAt: at, postedAt: at },
    relations: { store: to("stores", crew?.store ?? ""), lines: [line] },
  })
  await client.send("POST", "/v1/orders", order)
}

test("a copy is its model to its last row: on the same shard, carried to another, and copied again there", async () => {
  const lived = await seen(await signIn(model))
  assert.ok(Array.isArray(lived.orders) && lived.orders.length > 3, "the model has lived")
  for (const [kind, shop] of Object.entries(copies)) assert.deepEqual(await seen(await signIn(shop)), lived, kind)
})

test("what holds for every shop holds for a copy: batches are their movements, points their lines, the journal sums to nothing", async () => {
  for (const { url } of platform.shards) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      for (const [what, sql] of Object.entries(invariants)) assert.deepEqual((await client.query(sql)).rows, [], what)
    } finally {
      await client.end()
    }
  }
})

test("copies on two shards are apart: a sale in one changes it, and nothing in any other", async () => {
  const shops = [model, ...Object.values(copies)]
  const clients = new Map(await Promise.all(shops.map(async (shop) => [shop, await signIn(shop)] as const)))
  for (const seller of [copies.beside, copies.copied]) {
    const before = new Map(await Promise.all([...clients].map(async ([shop, client]) => [shop, await seen(client)] as const)))
    const client = clients.get(seller)
    assert.ok(client !== undefined)
    await sellOneCard(client)
    await settle(platform.shards)
    for (const [shop, other] of clients) {
      const now = await seen(other)
      if (shop === seller) assert.notDeepEqual(now, before.get(shop), `shop ${shop} has sold`)
      else assert.deepEqual(now, before.get(shop), `shop ${shop} has not`)
    }
  }
})

const invariants = {
  "batches are the sums of their movements": `SELECT b.shop_id, b.id FROM stock.stock_batch b
    LEFT JOIN (SELECT shop_id, batch_id, sum(qty) AS qty, sum(cost) AS cost FROM stock.stock_movement GROUP BY 1, 2) m
      ON m.shop_id = b.shop_id AND m.batch_id = b.id
    WHERE b.qty <> coalesce(m.qty, 0) OR b.cost <> coalesce(m.cost, 0)`,
  "points are the sums of their lines": `SELECT c.shop_id, c.id FROM loyalty.customer c
    LEFT JOIN (SELECT shop_id, customer_id, sum(points) AS points FROM loyalty.loyalty_entry GROUP BY 1, 2) e
      ON e.shop_id = c.shop_id AND e.customer_id = c.id
    WHERE c.balance <> coalesce(e.points, 0)`,
  "each transaction sums to nothing": `SELECT shop_id, transaction_id FROM payments.journal_line GROUP BY 1, 2 HAVING sum(amount) <> 0`,
  "nothing is put aside": serviceTables("stuck_event"),
}

function serviceTables(table: string): string {
  return ["staff", "catalog", "stock", "orders", "payments", "loyalty", "reports", "gateway"]
    .map((name) => `SELECT id::text FROM ${name}.${table}`)
    .join(" UNION ALL ")
}
