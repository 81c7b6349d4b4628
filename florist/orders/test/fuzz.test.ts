// Every operation of the service under right, broken and senseless requests: refusals as published, never a failure, never half a write.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import { fuzz } from "../../published/src/fuzz.ts"
import { orders } from "../src/service.ts"
import { bodyOf, lineOf, openShop, toOne } from "./shop.ts"
import type { TestShop } from "./shop.ts"

let shop: TestShop
before(async () => {
  shop = await openShop()
})
after(async () => {
  shop.client.exercised.keep("orders-fuzz")
  await shop[Symbol.asyncDispose]()
})

const tables = [
  "sale_order",
  "order_line",
  "order_discount",
  "order_history",
  "order_tag",
  "discount_reason",
  "order_source",
  "number_counter",
  "sale_under_way",
  "outbox",
]

test("whatever is sent to any operation is answered as published, and what is refused has changed nothing", async () => {
  const token = await shop.platform.token()
  const [id, bouquet] = [newId(), newId()]
  const lines = [lineOf({ bouquet, price: "800.00" }), lineOf({ item: shop.item, price: "1" })]
  const body = bodyOf({ id, lines, relationships: { store: toOne("stores", shop.store) } })
  assert.equal((await shop.client.call("POST", "/v1/orders", { token, body })).status, 201)
  const report = await fuzz({
    client: shop.client,
    operations: orders.operations(shop.surroundings),
    numRuns: 20,
    seed: 20260308,
    token,
    known: { stores: [shop.store], "inventory-items": [shop.item], orders: [id], bouquets: [bouquet] },
    params: () => ({ id, bouquetId: bouquet }),
    async fingerprint() {
      const sums = tables.map(
        (table) => `SELECT '${table}' AS t, count(*) AS n, sum(hashtextextended(r::text, 0)) AS s FROM orders.${table} r`,
      )
      const { rows } = await shop.platform.shard.query(sums.join(" UNION ALL "))
      return JSON.stringify(rows)
    },
  })
  assert.ok(report.requests > 300)
  const accepted = Object.values(report.answers).flatMap((byStatus) =>
    Object.entries(byStatus).filter(([status]) => status.startsWith("2")),
  )
  assert.ok(accepted.length > 8, JSON.stringify(report.answers))
})
