// Bouquets from components to the showcase and the customer, and what orders tell about them.
import assert from "node:assert/strict"
import { after, afterEach, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import type { Platform } from "../../kit/test/platform.ts"
import type { Shop } from "./ground.ts"
import { assertLedger, assertTold, startStock } from "./ground.ts"

let platform: Platform
let shop: Shop
before(async () => {
  ;({ platform, shop } = await startStock())
})
after(async () => {
  await assertTold(platform).finally(() => platform[Symbol.asyncDispose]())
})
afterEach(() => assertLedger(platform))

async function flowers(): Promise<{ rose: string; tulip: string }> {
  const [rose, tulip] = [newId(), newId()]
  await shop.receive({
    lines: [
      { item: rose, qty: 3, price: 10.01, freshUntil: "2030-03-02" },
      { item: rose, qty: 3, price: 7, freshUntil: "2030-03-03" },
      { item: tulip, qty: 9, price: 3.33, freshUntil: "2030-03-01" },
    ],
  })
  return { rose, tulip }
}

const bouquetRow = async (id: string) => (await shop.ask("GET", `/v1/bouquets/${id}`)).body.data

function snapshot(order: string, more: { bouquetId?: string; itemId?: string; qty?: number; revision?: number }) {
  const { bouquetId = null, itemId = null, qty = 1_000, revision = 1 } = more
  const at = new Date().toISOString()
  const nothing = { customerId: null, sourceId: null, createdBy: null, postedBy: null, floristId: null, courierId: null }
  return {
    id: order,
    docNo: "17",
    status: "done",
    revision,
    storeId: shop.store,
    ...nothing,
    date: at.slice(0, 10),
    dueTime: null,
    createdAt: at,
    updatedAt: at,
    postedAt: at,
    returnedAt: null,
    delivery: false,
    deliveryStatus: null,
    fiscalized: false,
    byBonuses: false,
    totalAmount: 0,
    discountAmount: 0,
    markupAmount: 0,
    budget: 0,
    lines: [
      {
        id: `${order}-0`,
        itemId,
        bouquetId,
        title: "",
        categoryId: null,
        qty,
        price: 0,
        amount: 0,
        total: 0,
      },
    ],
  }
}

test("assembling takes components at cost and makes a bouquet of equal cost; taking it apart gives the exact batches back", async () => {
  const { rose, tulip } = await flowers()
  const before = [await shop.batches(rose), await shop.batches(tulip)]
  const made = shop.must(
    200,
    await shop.make({
      status: "demonstrated",
      parts: [
        [rose, 4],
        [tulip, 2],
      ],
      more: { saleAmount: 150 },
    }),
  )
  const { id, attributes } = made.body.data
  assert.deepEqual([attributes.status, attributes.cost, attributes.saleAmount], ["demonstrated", 30.03 + 7 + 6.66, 150])
  assert.equal((await shop.balance(rose)).qty, 2)
  shop.must(200, await shop.setStatus(id, "disassembled"))
  assert.deepEqual([await shop.batches(rose), await shop.batches(tulip)], before)
  shop.must(200, await shop.setStatus(id, "assembled"))
  assert.equal((await bouquetRow(id)).attributes.cost, 43.69)
  shop.must(200, await shop.ask("DELETE", `/v1/bouquets/${id}`))
  shop.must(200, await shop.ask("DELETE", `/v1/bouquets/${id}`))
  assert.deepEqual([await shop.batches(rose), await shop.batches(tulip)], before)
})

test("what lacks components is not made, and nothing of it is taken", async () => {
  const { rose, tulip } = await flowers()
  const refused = await shop.make({
    status: "assembled",
    parts: [
      [rose, 2],
      [tulip, 10],
    ],
  })
  assert.deepEqual([refused.status, refused.body.errors[0].source.pointer], [409, "/data/relationships/components/data/1"])
  assert.equal((await shop.balance(rose)).qty, 6)
})

test("a bouquet whose components nobody named, as the published API knows it, costs nothing and is sold like any other", async () => {
  const shown = shop.must(200, await shop.make({ status: "demonstrated", more: { amount: 76.8 } })).body.data
  assert.deepEqual([shown.attributes.cost, shown.attributes.saleAmount], [0, 76.8])
  const sold = shop.must(200, await shop.issue({ order: newId(), lines: [{ bouquet: shown.id, qty: 1 }] }))
  assert.deepEqual([sold.body.lines[0].cost, sold.body.lines[0].shortage], [0, 0])
  const other = shop.must(200, await shop.make({ status: "assembled" })).body.data
  assert.equal(shop.must(200, await shop.setStatus(other.id, "disassembled")).body.data.attributes.status, "disassembled")
})

test("the same creation twice, and at once, is one bouquet; other content under its id is refused", async () => {
  const { rose } = await flowers()
  const id = newId()
  const words = { id, status: "assembled", parts: [[rose, 1]] as const }
  const answers = await Promise.all(Array.from({ length: 8 }, () => shop.make({ ...words, parts: [[rose, 1]] })))
  assert.deepEqual(new Set(answers.map(({ status, body }) => `${status} ${body.data?.attributes.docNo}`)).size, 1)
  assert.equal((await shop.balance(rose)).qty, 5)
  assert.equal((await shop.make({ ...words, parts: [[rose, 2]] })).status, 409)
})

test("a bouquet from a recipe has its components, its words and its price; changed components are taken anew", async () => {
  const { rose, tulip } = await flowers()
  const recipe = {
    title: "Morning",
    saleAmount: 99.5,
    lines: [
      { itemId: rose, qty: 1 },
      { itemId: tulip, qty: 2 },
    ],
  }
  const { id: recipeId } = shop.must(201, await shop.ask("POST", "/v1/recipes", { data: { type: "recipes", attributes: recipe } })).body
    .data
  const body = shop.bouquet({ status: "demonstrated" }) as { data: { relationships: object } }
  Object.assign(body.data.relationships, { specWithVar: { data: { type: "recipes", id: recipeId } } })
  const made = shop.must(200, await shop.ask("POST", "/v1/bouquets", body)).body.data
  assert.deepEqual([made.attributes.title, made.attributes.saleAmount, made.relationships.components.data.length], ["Morning", 99.5, 2])
  const change = shop.bouquet({ parts: [[rose, 2]] })
  const changed = shop.must(200, await shop.ask("PATCH", `/v1/bouquets/${made.id}`, change)).body.data
  assert.deepEqual([changed.attributes.status, changed.attributes.cost], ["demonstrated", 20.02])
  assert.deepEqual([(await shop.balance(rose)).qty, (await shop.balance(tulip)).qty], [4, 9])
  assert.ok(changed.attributes.onWindowAt)
})

test("the price follows the amount, its markup and its discount; a stale revision is refused", async () => {
  const made = shop.must(
    200,
    await shop.make({ more: { amount: 200, markup: 10, markupType: "percent", discount: 20.5, discountType: "absolute" } }),
  ).body.data
  assert.equal(made.attributes.saleAmount, 199.5)
  const patch = (attributes: object) => shop.ask("PATCH", `/v1/bouquets/${made.id}`, { data: { type: "bouquets", attributes } })
  assert.equal((await patch({ title: "x", revision: made.attributes.revision - 1 })).body.errors[0].code, "stale-revision")
  assert.equal(shop.must(200, await patch({ discount: 0, revision: made.attributes.revision })).body.data.attributes.saleAmount, 220)
  assert.equal((await patch({ status: "sold" })).status, 409)
})

test("a sold bouquet leaves as a whole; its return brings it back at its cost, with a write-off it is gone", async () => {
  const { rose } = await flowers()
  const make = async () => shop.must(200, await shop.make({ status: "demonstrated", parts: [[rose, 1]] })).body.data.id as string
  const [first, second] = [await make(), await make()]
  const order = newId()
  const sold = shop.must(200, await shop.issue({ order, lines: [{ bouquet: first, qty: 1 }] }))
  assert.equal(sold.body.lines[0].cost, 1_001)
  assert.equal((await bouquetRow(first)).attributes.status, "sold")
  assert.equal((await shop.issue({ order: newId(), lines: [{ bouquet: first, qty: 1 }] })).status, 409)
  assert.equal((await shop.setStatus(first, "disassembled")).status, 409)
  const returned = { order: snapshot(order, { bouquetId: first, revision: 3 }), withWriteOff: false, returnedBy: null, shiftId: null }
  await shop.tell("orders", "order.returned", order, returned)
  await shop.tell("orders", "order.returned", order, returned)
  const other = newId()
  await shop.tell("orders", "order.posted", other, snapshot(other, { bouquetId: second }))
  await shop.tell("orders", "order.returned", other, {
    ...returned,
    order: snapshot(other, { bouquetId: second, revision: 2 }),
    withWriteOff: true,
  })
  await platform.settle()
  assert.deepEqual([(await bouquetRow(first)).attributes.status, (await bouquetRow(second)).attributes.status], ["assembled", "deleted"])
  assert.deepEqual(await shop.balance(rose), { qty: 4, cost: 1_001 + 2_100 })
  shop.must(200, await shop.setStatus(first, "disassembled"))
  assert.deepEqual(await shop.balance(rose), { qty: 5, cost: 2_002 + 2_100 })
})

test("order.posted takes the goods once, whether or not the order asked before; a return and a new sale are a new turn", async () => {
  const { rose } = await flowers()
  const order = newId()
  shop.must(200, await shop.issue({ order, lines: [{ item: rose, qty: 2, line: `${order}-0` }] }))
  const posted = (revision: number) => shop.tell("orders", "order.posted", order, snapshot(order, { itemId: rose, qty: 2_000, revision }))
  await posted(1)
  await posted(1)
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, 4)
  const returned = { order: snapshot(order, { itemId: rose, revision: 2 }), withWriteOff: false, returnedBy: null, shiftId: null }
  await shop.tell("orders", "order.returned", order, returned)
  await posted(3)
  await posted(1)
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, 4)
  const offline = newId()
  await shop.tell("orders", "order.posted", offline, snapshot(offline, { itemId: rose, qty: 9_000 }))
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, -5, "an offline sale is never lost")
  const { rows } = await platform.shard.query("SELECT data FROM stock.outbox WHERE type = 'stock.order-issued' AND subject = $1", [offline])
  assert.deepEqual(
    rows.map(({ data }) => data.lines[0].shortage),
    [5_000],
  )
})

test("what of an order comes back lies in the batches that it was taken from, at its cost; the rest of it may follow", async () => {
  const { rose } = await flowers()
  const order = newId()
  const before = await shop.batches(rose)
  shop.must(200, await shop.issue({ order, lines: [{ item: rose, qty: 5, line: `${order}-0` }] }))
  await shop.tell("orders", "order.posted", order, snapshot(order, { itemId: rose, qty: 5_000, revision: 1 }))
  const part = (kept: number, back: number, revision: number, withWriteOff: boolean) =>
    shop.tell("orders", "order.returned-partly", order, {
      order: snapshot(order, { itemId: rose, qty: kept, revision }),
      returned: snapshot(order, { itemId: rose, qty: back, revision }),
      withWriteOff,
      returnedBy: null,
      shiftId: null,
    })
  await part(3_000, 2_000, 2, false)
  await part(3_000, 2_000, 2, false)
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, 3)
  await part(2_000, 1_000, 3, true)
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, 3, "written off at once")
  const returned = {
    order: snapshot(order, { itemId: rose, qty: 2_000, revision: 4 }),
    withWriteOff: false,
    returnedBy: null,
    shiftId: null,
  }
  await shop.tell("orders", "order.returned", order, returned)
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, 5)
  const { rows } = await platform.shard.query(
    "SELECT sum(cost)::int AS cost, sum(qty)::int AS qty FROM stock.stock_movement WHERE item_id = $1",
    [rose],
  )
  const costs = (await shop.batches(rose)).map(({ cost }) => cost)
  assert.deepEqual([rows[0].qty, rows[0].cost], [5_000, costs.reduce((a, b) => a + b, 0)])
  assert.equal(before.length, 2)
})

test("a return that arrives before its sale makes up for it; the late sale does nothing more", async () => {
  const { rose } = await flowers()
  const [kept, withered] = [newId(), newId()]
  for (const [order, withWriteOff] of [
    [kept, false],
    [withered, true],
  ] as const) {
    const returned = { order: snapshot(order, { itemId: rose, revision: 5 }), withWriteOff, returnedBy: null, shiftId: null }
    await shop.tell("orders", "order.returned", order, returned)
    await shop.tell("orders", "order.posted", order, snapshot(order, { itemId: rose, revision: 4 }))
    await shop.tell("orders", "order.returned", order, returned)
  }
  await platform.settle()
  assert.equal((await shop.balance(rose)).qty, 5)
})

test("services are on no shelf", async () => {
  const delivery = newId()
  await shop.tellItem(delivery, { itemType: "service" })
  await platform.settle()
  const issued = shop.must(200, await shop.issue({ order: newId(), lines: [{ item: delivery, qty: 1 }] }))
  assert.deepEqual([issued.body.lines[0].cost, issued.body.lines[0].shortage], [0, 0])
})

test("a bouquet that was made for an order is sold to no other one; separated, it goes to the showcase", async () => {
  const { rose } = await flowers()
  const order = newId()
  const { id } = shop.must(200, await shop.make({ status: "reserved", order, parts: [[rose, 1]] })).body.data
  assert.match((await shop.issue({ order: newId(), lines: [{ bouquet: id, qty: 1 }] })).body.errors[0].detail, /made for the order/)
  await shop.tell("orders", "order.bouquet-separated", order, { orderId: order, bouquetId: id, storeId: shop.store })
  await platform.settle()
  const { attributes, relationships } = await bouquetRow(id)
  assert.deepEqual([attributes.status, relationships.order.data], ["demonstrated", null])
  const showcase = await shop.ask("GET", `/v1/showcase?filter[stores]=${shop.store}`)
  assert.ok(showcase.body.data[0].attributes.count >= 1)
  shop.must(200, await shop.issue({ order: newId(), lines: [{ bouquet: id, qty: 1 }] }))
})

test("a bouquet moves with its cost; taken apart in the other store, its parts lie there", async () => {
  const { rose } = await flowers()
  const { id } = shop.must(200, await shop.make({ status: "assembled", parts: [[rose, 4]] })).body.data
  shop.must(201, await shop.transfer({ lines: [{ bouquet: id }] }))
  assert.equal((await bouquetRow(id)).relationships.store.data.id, shop.branch)
  shop.must(200, await shop.setStatus(id, "disassembled"))
  assert.deepEqual(
    (await shop.batches(rose, shop.branch)).map(({ qty, cost, fresh }) => [qty, cost, fresh?.slice(0, 10)]),
    [
      [3, 3_003, "2030-03-02"],
      [1, 700, "2030-03-03"],
    ],
  )
  assert.equal((await shop.balance(rose)).qty, 2)
})

test("a withered bouquet is written off as a whole", async () => {
  const { rose } = await flowers()
  const { id } = shop.must(200, await shop.make({ status: "demonstrated", parts: [[rose, 2]] })).body.data
  const written = shop.must(201, await shop.writeOff({ lines: [{ bouquet: id }] }))
  assert.deepEqual([written.body.data.attributes.amount, (await bouquetRow(id)).attributes.status], [20.02, "deleted"])
  assert.equal((await shop.writeOff({ lines: [{ bouquet: id }] })).status, 409)
})

test("a bouquet that was sold before it was made is sold in the moment that it is made, at its true cost", async () => {
  const { rose } = await flowers()
  const order = newId()
  const { id } = shop.must(200, await shop.make({ order, parts: [[rose, 2]] })).body.data
  assert.equal((await shop.issue({ order: newId(), lines: [{ bouquet: id, qty: 1 }] })).status, 409)
  await shop.tell("orders", "order.posted", order, snapshot(order, { bouquetId: id }))
  await platform.settle()
  assert.equal((await bouquetRow(id)).attributes.status, "draft")
  assert.equal(shop.must(200, await shop.setStatus(id, "assembled")).body.data.attributes.status, "sold")
  const { rows } = await platform.shard.query(
    "SELECT sum(qty) AS qty, sum(cost) AS cost FROM stock.stock_movement WHERE document_id = $1",
    [order],
  )
  assert.deepEqual([Number(rows[0].qty), Number(rows[0].cost)], [-1_000, -2_002])
  const returned = { order: snapshot(order, { bouquetId: id, revision: 2 }), withWriteOff: false, returnedBy: null, shiftId: null }
  await shop.tell("orders", "order.returned", order, returned)
  await platform.settle()
  assert.equal((await bouquetRow(id)).attributes.status, "assembled")
})

test("a bouquet past its freshness is sold by whoever names it", async () => {
  const rose = newId()
  await shop.receive({ at: "2026-01-01T00:00:00Z", lines: [{ item: rose, qty: 2, price: 1, freshUntil: "2026-01-03" }] })
  const { id } = shop.must(200, await shop.make({ status: "demonstrated", at: "2026-01-02T00:00:00Z", parts: [[rose, 2]] })).body.data
  shop.must(200, await shop.issue({ order: newId(), at: "2026-01-09T00:00:00Z", lines: [{ bouquet: id, qty: 1 }] }))
})
