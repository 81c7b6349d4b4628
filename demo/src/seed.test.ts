import assert from "node:assert/strict"
import { test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import pg from "pg"
import { expandedSchema } from "../../florist/payments/test/platform.ts"
import { randomFrom } from "./random.ts"
import { paymentRows, takesBack } from "./seed-rows.ts"
import { seedFlorist } from "./seed.ts"
import type { SeedProgress } from "./seed.ts"

const shops = 300
const rows = 6_000

test("the same seed gives the same payments, and another one others", () => {
  const of = (seed: number) => [...paymentRows({ shops, rows: 500, random: randomFrom(seed) })]
  assert.deepEqual(of(1), of(1))
  assert.notDeepEqual(of(1), of(2))
})

test("every shop is paid at least once, has a refund only if it takes things back, and no payment's id comes twice", () => {
  const paid = [...paymentRows({ shops, rows, random: randomFrom(1) })]
  assert.equal(paid.length, rows)
  assert.equal(new Set(paid.map(({ id }) => id)).size, rows)
  assert.equal(new Set(paid.map(({ shop }) => shop)).size, shops)
  const withRefund = new Set(paid.filter(({ status }) => status === "refunded").map(({ shop }) => shop))
  for (let shop = 1; shop <= shops; shop++) assert.equal(withRefund.has(shop), takesBack(shop), `shop ${shop}`)
})

test("the season has its peaks before the holidays, and few shops are large", () => {
  const paid = [...paymentRows({ shops: 1_000, rows: 50_000, random: randomFrom(1) })]
  const sales = Map.groupBy(paid, ({ occurredAt }) => new Date(occurredAt).toISOString().slice(5, 10))
  const on = (day: string) => sales.get(day)?.length ?? 0
  assert.ok(on("03-08") > 5 * on("03-03"))
  assert.ok(on("02-14") > 5 * on("02-10"))
  const sizes = [...Map.groupBy(paid, ({ shop }) => shop).values()].map((list) => list.length).sort((a, b) => b - a)
  assert.ok((sizes[0] ?? 0) > 20 * (sizes[500] ?? 0))
})

test("the fleet holds exactly what was asked for, each shop on the shard that the directory names", async () => {
  const server = await startPostgres({ databases: ["directory", "s1", "s2", "s3"] })
  const shards = ["s1", "s2", "s3"].map((name) => ({ name, url: server.url(name) }))
  try {
    for (const { url } of shards) for (const statement of await expandedSchema()) await query(url, statement)
    const seen: SeedProgress[] = []
    await seedFlorist({
      directoryUrl: server.url("directory"),
      shards,
      shops,
      rows,
      seed: 7,
      onProgress: (progress) => seen.push(progress),
    })

    assert.deepEqual(seen.at(-1), { rows, of: rows })
    let payments = 0
    for (const { name, url } of shards) {
      const named = await query(server.url("directory"), `SELECT id FROM directory.shop WHERE shard = '${name}' ORDER BY id`)
      const paid = await query(url, "SELECT DISTINCT shop_id AS id FROM payments.payment ORDER BY 1")
      const selling = await query(url, "SELECT DISTINCT shop_id AS id FROM catalog.item ORDER BY 1")
      assert.deepEqual(paid, named)
      assert.deepEqual(selling, named)
      payments += (await query(url, "SELECT FROM payments.payment WHERE method_code IS NOT NULL")).length
    }
    assert.equal(payments, rows)
  } finally {
    await server.stop()
  }
})

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
