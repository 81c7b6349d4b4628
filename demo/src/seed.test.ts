import assert from "node:assert/strict"
import { test } from "node:test"
import { randomFrom } from "./random.ts"
import { paymentRows, takesBack } from "./seed-rows.ts"

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
  const withRefund = new Set(paid.filter(({ refunded }) => refunded > 0).map(({ shop }) => shop))
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
