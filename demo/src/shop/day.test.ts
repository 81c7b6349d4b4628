// A day in a shop, end to end: every service a process of its own, everything through the gateway, every exchange held against the published API where its file is named.
import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { keyOf, readPublication, skipWithoutPublication } from "../../../florist/published/src/publication.ts"
import { randomFrom } from "../random.ts"
import { at as momentOf } from "./calendar.ts"
import type { ShopClient } from "./client.ts"
import { shareOf } from "./day-books.ts"
import { furnish } from "./furnish.ts"
import type { Furnished } from "./furnish.ts"
import { outages } from "./outages.ts"
import { demoPassword, ownerName, storeTitles } from "./people.ts"
import { startPlatform } from "./platform.ts"
import type { Platform } from "./platform.ts"
import { day, floatOfMorning, missingInDrawer, playDay } from "./played-day.ts"
import type { PlayedDay } from "./played-day.ts"
import { publishedExchange } from "./published-exchange.ts"
import type { PublishedExchange } from "./published-exchange.ts"
import { settle } from "./settle.ts"
import { sweep } from "./sweep.ts"
import { idsFrom } from "./wire.ts"

const stop = new AbortController()
const shopNumber = 17
const kopecks = (roubles: unknown): number => Math.round(Number(roubles) * 100)

let platform: Platform
let asked: PublishedExchange
let shop: Furnished
let played: PlayedDay
let owner: ShopClient

before(async () => {
  platform = await startPlatform({ signal: stop.signal, shardCount: 1, shops: [shopNumber], logLevel: "error" })
  asked = await publishedExchange(platform.services.url)
  const opened = await platform.openShop({
    id: shopNumber,
    shard: "shop-1",
    name: "Rose & Wind",
    city: "Tver",
    store: { title: storeTitles[0] },
    owner: {
      username: ownerName,
      firstName: "Olga",
      password: demoPassword,
    },
  })
  const client = { signal: stop.signal, exchange: asked.exchange }
  const own = { firstStore: opened.store, ownerId: opened.owner, ownerPassword: demoPassword, nameSuffix: "" }
  const newId = idsFrom(randomFrom(5))
  shop = await furnish({ client, random: randomFrom(4), newId, at: momentOf("2026-03-01", 600), ...own })
  owner = shop.owner.client
  await settle(platform.shards)
  played = await playDay({ shop, bankUrl: platform.services.bankUrl, signal: stop.signal })
  await settle(platform.shards)
})

after(async () => {
  asked?.client.exercised.keep("day")
  await platform?.[Symbol.asyncDispose]()
})

/** The day of the test and nothing else. */
const thatDay = { "filter[range]": "custom", "filter[rangeFrom]": day, "filter[rangeTo]": day }
const thatDayThere = () => ({ ...thatDay, "filter[stores][]": played.crew.store })

describe("a day in a shop", () => {
  test("what lies there is what was received, made, sold, taken back and written off, by stem, by kopeck and by batch", async () => {
    const { books, crew } = played
    const balances = await owner.list("/v1/stock/balances", { "filter[stores]": crew.store, "page[size]": 100 })
    const quantities = new Map(balances.map(({ attributes, relationships }) => [idIn(relationships.item), attributes.qty]))
    for (const { id, key } of shop.items.values()) assert.equal(quantities.get(id) ?? 0, books.quantityOf(key) / 1_000, key)
    const batches = await batchesOf("rose-red")
    assert.deepEqual(
      batches,
      books.batchesOf("rose-red").map(({ quantity, cost }) => ({ quantity, cost })),
    )
    const warehouse = await owner.get(`/v1/stores/${crew.store}/stats-warehouses`, thatDay)
    assert.equal(kopecks(warehouse.attributes.costsBalance), books.costOfStock)
    const bouquet = await owner.get(`/v1/bouquets/${played.bouquets.onShowcase}`)
    assert.equal(bouquet.attributes.status, "demonstrated")
    assert.equal(kopecks(bouquet.attributes.cost), books.batchesOf(bouquet.id)[0]?.cost)
  })

  test("the general figures match the books to the kopeck", async () => {
    const { books } = played
    const { attributes } = await owner.get("/v1/stats/stores/general", thatDayThere())
    const profit = books.revenue - books.costOfSales
    const expected = {
      revenue: books.revenue,
      profit,
      paymentsRevenue: moneyOf(["cash", "card", "gift_card", "qr"]),
      discountAmount: books.discounts,
      ordersReturnedAmount: books.returnedAmount,
      avgOrderSum: Math.round(books.revenue / (books.ordersSold - books.ordersReturned)),
    }
    for (const [name, amount] of Object.entries(expected)) assert.equal(kopecks(attributes[name]), amount, name)
    assert.equal(attributes.marginality, shareOf(profit, books.revenue))
    assert.equal(attributes.ordersQty, books.ordersSold)
    assert.equal(attributes.ordersReturnedQty, books.ordersReturned)
    assert.equal(attributes.bonusesSpent, books.pointsSpent)
    assert.equal(attributes.bonusesAccrued, books.pointsAccrued - books.pointsGranted)
    const whole = await owner.get("/v1/stats/stores/general", thatDay)
    assert.equal(whole.attributes.bonusesAccrued, books.pointsAccrued, "points that were given belong to no store")
  })

  test("revenue, profit and money of the day stand on the day of the shop's own clock", async () => {
    const { books } = played
    for (const [path, amount] of [
      ["revenue", books.revenue],
      ["profit", books.revenue - books.costOfSales],
      ["payments-revenue", moneyOf(["cash", "card", "gift_card", "qr"])],
    ] as const) {
      const steps = await owner.list(`/v1/stats/stores/${path}`, {
        ...thatDayThere(),
        "filter[rangeFrom]": "2026-03-05",
        "filter[rangeTo]": "2026-03-07",
      })
      const amounts = steps.map(({ attributes }) => [String(attributes.date).slice(0, 10), kopecks(attributes.amount)])
      const around = ["2026-03-05", day, "2026-03-07"].map((date) => [date, date === day ? amount : 0])
      assert.deepEqual(amounts, around, path)
    }
  })

  test("money by method is what was paid less what went back", async () => {
    const rows = await owner.list("/v1/stats/stores/payments", thatDayThere())
    const kinds = new Map([...shop.methods].map(([kind, id]) => [id, kind]))
    const told = new Map(
      rows.map(({ attributes, relationships }) => [
        kinds.get(idIn(relationships.paymentMethod)) ?? idIn(relationships.paymentMethod),
        kopecks(attributes.amount),
      ]),
    )
    assert.deepEqual(sorted(told), sorted(played.books.money))
  })

  test("what was written off is told by reason, in per cent of sales and of purchases", async () => {
    const { books } = played
    const rows = await owner.list("/v1/stats/stores/write-off-stats", thatDayThere())
    const titles = new Map([...shop.writeOffReasons].map(([title, id]) => [id, title]))
    const told = rows.map(({ attributes, relationships }) => ({
      reason: titles.get(idIn(relationships.reason)) ?? "",
      amount: kopecks(attributes.amount),
      ofSales: attributes.shareSale,
      ofPurchases: attributes.sharePurchase,
    }))
    const expected = [...books.writtenOff].map(([reason, amount]) => ({
      reason,
      amount,
      ofSales: shareOf(amount, books.revenue),
      ofPurchases: shareOf(amount, books.purchased),
    }))
    assert.deepEqual(
      told.toSorted((a, b) => a.amount - b.amount),
      expected.toSorted((a, b) => a.amount - b.amount),
    )
  })

  test("the drawer held what the cash equation says, and the difference is what was missing", async () => {
    const { attributes } = await owner.get(`/v1/shifts/${played.shift}`)
    assert.equal(kopecks(attributes.expectedAmount), played.drawer)
    assert.equal(played.drawer, floatOfMorning + (played.books.money.get("cash") ?? 0) + 50_000 - 150_000)
    assert.equal(kopecks(attributes.countedAmount), played.drawer - missingInDrawer)
    assert.equal(kopecks(attributes.differenceAmount), -missingInDrawer)
  })

  test("points are the sum of their lines, and what the books say", async () => {
    const { customer, books } = played
    const { attributes } = await owner.get(`/v1/customers/${customer}`)
    assert.equal(attributes.currentPoints, books.points)
    const lines = await owner.list(`/v1/customers/${customer}/bonus-history`, { "page[size]": 100 })
    assert.equal(
      lines.reduce((sum, line) => sum + Number(line.attributes.amount), 0),
      books.points,
    )
    const card = await owner.get(`/v1/gift-cards/${played.giftCard.id}`)
    assert.equal(card.attributes.balance, played.giftCard.balance)
  })

  test("the journal sums to nothing, and its accounts are the money of the books", async () => {
    const lines = await everyLine()
    const byAccount = new Map<string, number>()
    const byTransaction = new Map<string, number>()
    for (const { attributes } of lines) {
      add(byAccount, String(attributes.account), kopecks(attributes.amount))
      add(byTransaction, String(attributes.transaction), kopecks(attributes.amount))
    }
    assert.deepEqual(
      [...byTransaction.values()].filter((sum) => sum !== 0),
      [],
    )
    assert.equal(byAccount.get("card"), played.books.money.get("card"))
    assert.equal(byAccount.get("bonus"), played.books.money.get("bonus"))
    assert.equal(byAccount.get("bank_sbp"), played.books.money.get("qr"))
    const sales = [...byAccount].filter(([account]) => account.startsWith("sales:")).reduce((sum, [, amount]) => sum + amount, 0)
    assert.equal(-sales, moneyOf(["cash", "card", "gift_card", "qr", "bonus"]))
  })
})

describe("one service is killed, the others go on", () => {
  for (const outage of outages) {
    test(outage.promise, async () => {
      const { services, shards } = platform
      const found = { shop, played, services, shards, signal: stop.signal }
      await services.kill(outage.service)
      const meanwhile = await asked.duringOutage(() => outage.meanwhile(found))
      await services.restart(outage.service)
      await settle(shards)
      await outage.afterwards(found, meanwhile)
    })
  }
})

test("every published operation was asked for with success", skipWithoutPublication(), async (context) => {
  await sweep({ client: asked.client, shop, played })
  await settle(platform.shards)
  const { exercised } = asked.client
  const { operations } = readPublication()
  const missing = operations.map(keyOf).filter((operation) => !exercised.hasSuccess(operation))
  assert.deepEqual(missing, [])
  context.diagnostic(`${operations.length} operations`)
})

const idIn = (link: { data?: unknown } | undefined): string => {
  const data = link?.data
  return typeof data === "object" && data !== null && "id" in data ? String(data.id) : ""
}

const moneyOf = (methods: readonly ("cash" | "card" | "bonus" | "gift_card" | "qr")[]): number =>
  methods.reduce((sum, method) => sum + (played.books.money.get(method) ?? 0), 0)

const sorted = (amounts: ReadonlyMap<string, number>): [string, number][] => [...amounts].toSorted(([a], [b]) => (a < b ? -1 : 1))

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount)
}

/** What is there of an item, by batch, the soonest to wither first. */
async function batchesOf(key: string): Promise<{ quantity: number; cost: number }[]> {
  const item = shop.items.get(key)?.id ?? ""
  const document = await owner.ask("GET", "/v1/stock/balances", {
    query: { "filter[stores]": played.crew.store, "filter[items]": item, include: "batches" },
  })
  const { included } = document as { included: { attributes: { qty: number; amount: number; freshUntil: string } }[] }
  return included
    .toSorted((a, b) => (a.attributes.freshUntil < b.attributes.freshUntil ? -1 : 1))
    .map(({ attributes }) => ({ quantity: attributes.qty * 1_000, cost: kopecks(attributes.amount) }))
}

async function everyLine() {
  const first = await owner.list("/v1/journal", { "page[size]": 200 })
  return first.length < 200 ? first : [...first, ...(await owner.list("/v1/journal", { "page[size]": 200, "page[number]": 2 }))]
}
