// What goes on while one service is gone: for each of them what must work without it, and what was accepted meanwhile and has to arrive when it is back.
// Called by the end-to-end test.
import assert from "node:assert/strict"
import { at as momentOf } from "./calendar.ts"
import type { ShopClient } from "./client.ts"
import type { Furnished } from "./furnish.ts"
import { day } from "./played-day.ts"
import type { PlayedDay } from "./played-day.ts"
import type { Shard } from "./schema.ts"
import type { ServiceName, Services } from "./services.ts"
import { document, resource, to } from "./wire.ts"

export interface Found {
  shop: Furnished
  played: PlayedDay
  services: Services
  shards: readonly Shard[]
  signal: AbortSignal
}

export interface Outage {
  service: ServiceName
  promise: string
  /** @returns what has to be found afterwards: an id, an amount. */
  meanwhile: (found: Found) => Promise<string>
  afterwards: (found: Found, meanwhile: string) => Promise<void>
}

const later = momentOf(day, 800).toISOString()

function saleOf(found: Found, { quantity = 1, customer }: { quantity?: number; customer?: string } = {}): { id: string; body: object } {
  const id = crypto.randomUUID()
  const rose = found.shop.items.get("rose-red")
  const line = resource({
    type: "order-lines",
    id: crypto.randomUUID(),
    attributes: { qty: quantity, price: rose?.price },
    relations: { item: to("inventory-items", rose?.id ?? "") },
  })
  const body = document({
    type: "orders",
    id,
    attributes: { status: "done", date: day, createdAt: later, updatedAt: later, postedAt: later },
    relations: {
      store: to("stores", found.played.crew.store),
      customer: customer === undefined ? undefined : to("customers", customer),
      lines: [line],
    },
  })
  return { id, body }
}

async function sell(found: Found, more: { quantity?: number; customer?: string } = {}): Promise<string> {
  const { id, body } = saleOf(found, more)
  await found.played.crew.cashier.client.send("POST", "/v1/orders", body)
  return id
}

async function pay(found: Found, order: string, amount: number): Promise<void> {
  const attributes = { paymentType: "payment", amount, date: day, createdAt: later, postedAt: later }
  const relations = { method: to("payment-methods", found.shop.methods.get("card") ?? "") }
  const payment = document({ type: "order-payments", id: crypto.randomUUID(), attributes, relations })
  await found.played.crew.cashier.client.send("POST", `/v1/orders/${order}/payments`, payment)
}

async function rosesLeft({ shop, played }: Found): Promise<number> {
  const query = { "filter[stores]": played.crew.store, "filter[items]": shop.items.get("rose-red")?.id ?? "" }
  const [balance] = await shop.manager.client.list("/v1/stock/balances", query)
  return Number(balance?.attributes.qty)
}

const revenueOf = async ({ shop, played }: Found): Promise<number> => {
  const query = { "filter[range]": "custom", "filter[rangeFrom]": day, "filter[rangeTo]": day, "filter[stores][]": played.crew.store }
  return Number((await shop.owner.client.get("/v1/stats/stores/general", query)).attributes.revenue)
}

const statusOf = async ({ shop }: Found, id: string): Promise<string> =>
  String((await shop.owner.client.get(`/v1/orders/${id}`)).attributes.status)

/** It is asked for once: whoever is gone is told as such. */
async function assertGone(client: ShopClient, path: string): Promise<void> {
  await assert.rejects(client.ask("GET", path), { status: 503 })
}

const rosePrice = 180

export const outages: readonly Outage[] = [
  {
    service: "staff",
    promise: "without staff whoever is signed in sells, is paid and looks at figures",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/workers")
      const before = await rosesLeft(found)
      const order = await sell(found)
      await pay(found, order, rosePrice)
      assert.equal(await rosesLeft(found), before - 1)
      await revenueOf(found)
      return order
    },
    async afterwards(found, order) {
      assert.equal(await statusOf(found, order), "done")
      assert.ok((await found.shop.owner.client.list("/v1/workers")).length > 0)
    },
  },
  {
    service: "catalog",
    promise: "without the catalog is sold, at the prices that were known",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/inventory-items")
      return sell(found)
    },
    async afterwards(found, order) {
      assert.equal(await statusOf(found, order), "done")
      assert.ok((await found.shop.owner.client.list("/v1/inventory-items")).length > 0)
    },
  },
  {
    service: "stock",
    promise: "without stock is sold and paid all the same, and the goods leave their batches when it is back",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/stock/balances")
      const order = await sell(found, { quantity: 2 })
      await pay(found, order, 2 * rosePrice)
      return order
    },
    async afterwards(found, order) {
      assert.equal(await statusOf(found, order), "done")
      const roses = found.shop.items.get("rose-red")?.id ?? ""
      const path = `/v1/inventory-items/${roses}/warehouse-movement/${found.played.crew.store}`
      const movements = await found.shop.owner.client.list(path, { "page[size]": 200 })
      const mine = movements.filter(({ attributes }) => attributes.documentId === order)
      assert.equal(
        mine.reduce((sum, { attributes }) => sum + Number(attributes.qty), 0),
        -2,
      )
    },
  },
  {
    service: "orders",
    promise: "without orders goods are received, drawers are opened, and an order that is known is paid",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/orders")
      const { shop, played } = found
      const before = await rosesLeft(found)
      const receipt = document({
        type: "receipts",
        attributes: { posted: true, occurredAt: later },
        relations: {
          store: to("stores", played.crew.store),
          lines: [
            resource({
              type: "receipt-lines",
              attributes: { qty: 10, price: 80 },
              relations: { item: to("inventory-items", shop.items.get("rose-red")?.id ?? "") },
            }),
          ],
        },
      })
      await played.crew.florist.client.send("POST", "/v1/receipts", receipt)
      assert.equal(await rosesLeft(found), before + 10)
      const attributes = { openingAmount: 100, openedAt: later }
      const relations = { register: to("registers", played.crew.register) }
      const shift = await played.crew.cashier.client.send("POST", "/v1/shifts", document({ type: "shifts", attributes, relations }))
      return shift.id
    },
    async afterwards(found, shift) {
      const order = await sell(found)
      assert.equal(await statusOf(found, order), "done")
      const closing = document({
        type: "shifts",
        attributes: { countedAmount: 100, unpaid: "leave", closedAt: momentOf(day, 900).toISOString() },
      })
      await found.played.crew.cashier.client.send("POST", `/v1/shifts/${shift}/close`, closing)
    },
  },
  {
    service: "payments",
    promise: "without payments is sold, and paid when it is back",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/payments")
      return sell(found)
    },
    async afterwards(found, order) {
      await pay(found, order, rosePrice)
      const [payment] = await found.shop.owner.client.list("/v1/payments", { "filter[order]": order })
      assert.equal(payment?.attributes.amount, rosePrice)
    },
  },
  {
    service: "loyalty",
    promise: "without loyalty customers buy, and have their points when it is back",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/customers")
      const order = await sell(found, { quantity: 3, customer: found.played.customer })
      await pay(found, order, 3 * rosePrice)
      return order
    },
    async afterwards(found, order) {
      const lines = await found.shop.owner.client.list(`/v1/customers/${found.played.customer}/bonus-history`, { "page[size]": 100 })
      const mine = lines.filter((line) => JSON.stringify(line).includes(order))
      assert.equal(
        mine.reduce((sum, { attributes }) => sum + Number(attributes.amount), 0),
        Math.floor((3 * rosePrice * 5) / 100),
      )
    },
  },
  {
    service: "reports",
    promise: "without reports everything is sold, and stands in the figures when they are back",
    async meanwhile(found) {
      await assertGone(found.shop.owner.client, "/v1/report-types")
      return sell(found)
    },
    async afterwards(found, order) {
      const analytics = await found.shop.owner.client.list("/v1/orders/analytics/shipment-revenue", { "page[size]": 100 })
      assert.ok(
        analytics.some(({ id }) => id === order),
        "the order is among those that were sold",
      )
    },
  },
  {
    service: "gateway",
    promise:
      "without the gateway each service answers at its own address, and a sale that stock was not asked about is issued when it is back",
    async meanwhile(found) {
      const { services, shop, signal } = found
      await assert.rejects(fetch(services.url, { signal }))
      const { id, body } = saleOf(found)
      const response = await fetch(`${services.addresses.orders}/api/v1/orders`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${shop.manager.client.token}`,
          "content-type": "application/vnd.api+json",
          "idempotency-key": id,
        },
        body: JSON.stringify(body),
        signal,
      })
      assert.equal(response.status, 201, await response.text())
      return id
    },
    async afterwards(found, order) {
      assert.equal(await statusOf(found, order), "done")
    },
  },
]
