// What a shop does with its stock, one promise each, over HTTP on a real server.
import assert from "node:assert/strict"
import { after, afterEach, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import type { Platform } from "../../kit/test/platform.ts"
import type { Shop } from "./ground.ts"
import { assertLedger, shops, startStock } from "./ground.ts"

let platform: Platform
let shop: Shop
before(async () => {
  ;({ platform, shop } = await startStock())
})
after(() => platform[Symbol.asyncDispose]())
afterEach(() => assertLedger(platform))

test("a receipt stocks what came whole at its price, and claims what came spoilt", async () => {
  const item = newId()
  const { body } = await shop.receive({ lines: [{ item, qty: 10, defectQty: 3, price: 33.33, freshUntil: "2030-01-01" }] })
  assert.deepEqual([body.data.attributes.amount, body.data.attributes.claimAmount], [233.31, 99.99])
  assert.deepEqual(await shop.balance(item), { qty: 7, cost: 23_331 })
  assert.match(body.data.attributes.docNo, /^rc-0+1$/)
  assert.equal(body.included[0].attributes.defectQty, 3)
})

test("a batch stays fresh as long as its item does, where the receipt does not say", async () => {
  const item = newId()
  await shop.tellItem(item, { freshForDays: 5, categoryId: "flowers" })
  await platform.settle()
  const { body } = await shop.receive({
    at: "2030-01-01T12:00:00Z",
    lines: [
      { item, qty: 1, price: 1 },
      { item, qty: 2, price: 1, freshUntil: "2030-01-03" },
    ],
  })
  assert.deepEqual(
    (await shop.batches(item)).map(({ qty, fresh }) => [qty, fresh]),
    [
      [2, "2030-01-03T00:00:00.000Z"],
      [1, "2030-01-06T12:00:00.000Z"],
    ],
  )
  const { rows } = await platform.shard.query("SELECT data FROM stock.outbox WHERE subject = $1", [body.data.id])
  assert.equal(rows[0].data.movements[0].categoryId, "flowers")
})

test("an act is posted once: twenty of the same request, at once and again, are one receipt", async () => {
  const [item, id] = [newId(), newId()]
  const receipt = shop.act("receipts", { id, lines: [{ item, qty: 5, price: 10 }] })
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop.ask("POST", "/v1/receipts", receipt)))
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  assert.equal(new Set(answers.map(({ body }) => body.data.attributes.docNo)).size, 1)
  assert.deepEqual(await shop.balance(item), { qty: 5, cost: 5_000 })
  const other = await shop.ask("POST", "/v1/receipts", shop.act("receipts", { id, lines: [{ item, qty: 6, price: 10 }] }))
  assert.deepEqual([other.status, other.body.errors[0].code], [409, "id-taken"])
})

test("a draft changes, is posted once, and is closed then", async () => {
  const item = newId()
  const draft = shop.must(
    201,
    await shop.ask("POST", "/v1/receipts", shop.act("receipts", { posted: false, lines: [{ item, qty: 1, price: 5 }] })),
  )
  const { id } = draft.body.data
  assert.equal((await shop.balance(item)).qty, 0)
  const patch = (attributes: object, relationships?: object) =>
    shop.ask("PATCH", `/v1/receipts/${id}`, { data: { type: "receipts", id, attributes, relationships } })
  const [line] = draft.body.included
  const lines = {
    data: [
      { type: "receipt-lines", id: line.id, attributes: { qty: 2 } },
      { type: "receipt-lines", attributes: { qty: 3, price: 7 }, relationships: { item: { data: { type: "inventory-items", id: item } } } },
    ],
  }
  assert.equal((await patch({ revision: 999 })).body.errors[0].code, "stale-revision")
  const changed = shop.must(200, await patch({ revision: draft.body.data.attributes.revision }, { lines }))
  assert.equal(changed.body.data.attributes.linesCount, 2)
  const posted = await Promise.all([patch({ posted: true }), patch({ posted: true }), patch({ posted: true })])
  assert.deepEqual(
    posted.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.deepEqual(await shop.balance(item), { qty: 5, cost: 3_100 })
  assert.equal((await patch({}, { lines })).body.errors[0].code, "act-closed")
  assert.equal((await shop.ask("DELETE", `/v1/receipts/${id}`)).status, 409)
})

test("what withers first is taken first, then what came first; the last unit of a batch takes the rest of its cost", async () => {
  const item = newId()
  await shop.receive({ at: "2026-01-02T00:00:00Z", lines: [{ item, qty: 3, price: 0.1, freshUntil: "2029-02-01" }] })
  await shop.receive({ at: "2026-01-01T00:00:00Z", lines: [{ item, qty: 3, price: 0.34, freshUntil: "2029-02-01" }] })
  await shop.receive({ at: "2026-01-03T00:00:00Z", lines: [{ item, qty: 3, price: 5, freshUntil: "2029-01-01" }] })
  const order = newId()
  const sold = shop.must(200, await shop.issue({ order, lines: [{ item, qty: 4 }] }))
  assert.equal(sold.body.lines[0].cost, 1_500 + 34)
  const half = shop.must(200, await shop.issue({ order: newId(), lines: [{ item, qty: 0.5 }] }))
  const rest = shop.must(200, await shop.issue({ order: newId(), lines: [{ item, qty: 4.5 }] }))
  assert.equal(half.body.lines[0].cost + rest.body.lines[0].cost, 68 + 30)
  assert.deepEqual(await shop.balance(item), { qty: 0, cost: 0 })
})

test("what is past its freshness is not sold unless it is allowed, and may be written off", async () => {
  const item = newId()
  await shop.receive({ at: "2026-01-01T00:00:00Z", lines: [{ item, qty: 2, price: 10, freshUntil: "2026-01-05" }] })
  const at = "2026-01-06T10:00:00Z"
  const refused = await shop.issue({ order: newId(), at, lines: [{ item, qty: 1 }] })
  assert.deepEqual([refused.status, refused.body.errors[0].code, refused.body.errors[0].source.pointer], [409, "out-of-stock", "/lines/0"])
  assert.equal((await shop.transfer({ at, lines: [{ item, qty: 1 }] })).status, 409)
  shop.must(200, await shop.issue({ order: newId(), at, expired: "take", lines: [{ item, qty: 1 }] }))
  const reason = shop.must(
    201,
    await shop.ask("POST", "/v1/write-off-reasons", { data: { type: "write-off-reasons", attributes: { title: "Withered" } } }),
  )
  const written = shop.must(201, await shop.writeOff({ at, reason: reason.body.data.id, lines: [{ item, qty: 1 }] }))
  assert.equal(written.body.data.attributes.amount, 10)
  const { rows } = await platform.shard.query("SELECT data FROM stock.outbox WHERE subject = $1 AND type = 'stock.movements-recorded'", [
    written.body.data.id,
  ])
  assert.equal(rows[0].data.movements[0].reasonId, reason.body.data.id)
})

test("a named batch is written off, and not more than it has", async () => {
  const item = newId()
  await shop.receive({
    lines: [
      { item, qty: 2, price: 10, freshUntil: "2030-01-05" },
      { item, qty: 2, price: 20, freshUntil: "2030-01-01" },
    ],
  })
  const [, later] = await shop.batches(item)
  assert.equal((await shop.writeOff({ lines: [{ item, batch: later?.id ?? "", qty: 3 }] })).status, 409)
  shop.must(201, await shop.writeOff({ lines: [{ item, batch: later?.id ?? "", qty: 2 }] }))
  assert.deepEqual(
    (await shop.batches(item)).map(({ qty, cost }) => [qty, cost]),
    [[2, 4_000]],
  )
})

test("an issue happens once for each order; cancelled goods come back to their batches, and a late request is refused", async () => {
  const [item, order] = [newId(), newId()]
  await shop.receive({ lines: [{ item, qty: 3, price: 9.99 }] })
  const first = shop.must(200, await shop.issue({ order, lines: [{ item, qty: 2 }] }))
  assert.deepEqual((await shop.issue({ order, lines: [{ item, qty: 2 }] })).body, first.body)
  assert.equal((await shop.balance(item)).qty, 1)
  const cancel = (orderId: string) => shop.peer("/v1/issues/cancel", { orderId, occurredAt: new Date().toISOString() })
  assert.deepEqual([(await cancel(order)).body, (await cancel(order)).body], [{}, {}])
  assert.deepEqual(await shop.balance(item), { qty: 3, cost: 2_997 })
  assert.equal((await shop.issue({ order, lines: [{ item, qty: 2 }] })).body.errors[0].code, "issue-cancelled")
  const unknown = newId()
  assert.deepEqual((await cancel(unknown)).body, {})
  assert.equal((await shop.issue({ order: unknown, lines: [{ item, qty: 1 }] })).body.errors[0].code, "issue-cancelled")
})

test("a sale without stock is a shortage at the last known cost; receipts settle it, oldest first, at true cost", async () => {
  const item = newId()
  await shop.receive({ at: "2026-01-01T00:00:00Z", lines: [{ item, qty: 1, price: 10 }] })
  const [early, late] = [newId(), newId()]
  const sold = shop.must(200, await shop.issue({ order: late, at: "2026-01-03T00:00:00Z", shortage: "allow", lines: [{ item, qty: 4 }] }))
  assert.deepEqual(sold.body.lines[0], { lineId: `${late}-0`, cost: 4_000, shortage: 3_000 })
  shop.must(200, await shop.issue({ order: early, at: "2026-01-02T00:00:00Z", shortage: "allow", lines: [{ item, qty: 2 }] }))
  assert.deepEqual(await shop.balance(item), { qty: -5, cost: -5_000 })
  await shop.receive({ at: "2026-01-04T00:00:00Z", lines: [{ item, qty: 3, price: 20 }] })
  const costOf = async (order: string) =>
    Number((await platform.shard.query("SELECT -sum(cost) AS cost FROM stock.stock_movement WHERE document_id = $1", [order])).rows[0].cost)
  assert.deepEqual([await costOf(early), await costOf(late)], [4_000, 1_000 + 2_000 + 2_000])
  await shop.receive({ at: "2026-01-05T00:00:00Z", lines: [{ item, qty: 5, price: 30 }] })
  assert.deepEqual([await costOf(late), (await shop.balance(item)).qty], [1_000 + 2_000 + 6_000, 3])
  shop.must(200, await shop.peer("/v1/issues/cancel", { orderId: late, occurredAt: "2026-01-06T00:00:00Z" }))
  assert.deepEqual([await costOf(late), await shop.balance(item)], [0, { qty: 7, cost: 1_000 + 2_000 + 15_000 }])
})

test("a transfer moves cost and freshness as they are", async () => {
  const item = newId()
  await shop.receive({
    lines: [
      { item, qty: 3, price: 3.34, freshUntil: "2030-05-01" },
      { item, qty: 3, price: 7, freshUntil: "2030-04-01" },
    ],
  })
  const moved = shop.must(201, await shop.transfer({ lines: [{ item, qty: 4 }] }))
  assert.equal(moved.body.data.attributes.amount, 24.34)
  assert.match(moved.body.data.id, /^\d+$/)
  assert.deepEqual(
    (await shop.batches(item, shop.branch)).map(({ qty, cost, fresh }) => [qty, cost, fresh]),
    [
      [3, 2_100, "2030-04-01T00:00:00.000Z"],
      [1, 334, "2030-05-01T00:00:00.000Z"],
    ],
  )
  assert.equal((await shop.transfer({ lines: [{ item, qty: 3 }] })).status, 409)
})

test("a count is held against the books at its moment; a late sale from before it is not counted twice", async () => {
  const item = newId()
  await shop.receive({ at: "2026-02-01T08:00:00Z", lines: [{ item, qty: 12, price: 10 }] })
  await shop.issue({ order: newId(), at: "2026-02-01T19:00:00Z", lines: [{ item, qty: 1 }] })
  const counted = shop.must(201, await shop.count({ at: "2026-02-01T18:00:00Z", lines: [{ item, qty: 10 }] }))
  const [line] = counted.body.included
  assert.deepEqual([line.attributes.expectedQty, line.attributes.difference], [12, -2])
  assert.equal((await shop.balance(item)).qty, 9)
  shop.must(200, await shop.issue({ order: newId(), at: "2026-02-01T17:00:00Z", lines: [{ item, qty: 2 }] }))
  assert.deepEqual(await shop.balance(item), { qty: 9, cost: 9_000 })
  const again = await shop.ask("GET", `/v1/stocktakes/${counted.body.data.id}`)
  assert.deepEqual([again.body.included[0].attributes.expectedQty, again.body.included[0].attributes.difference], [10, 0])
  await shop.receive({ at: "2026-02-01T09:00:00Z", lines: [{ item, qty: 5, price: 20 }] })
  assert.equal((await shop.balance(item)).qty, 9, "nor is a late receipt that the count saw")
  assert.equal((await shop.count({ at: "2026-02-01T18:00:00Z", lines: [{ item, qty: 3 }] })).status, 409)
})

test("a purchase order is received in parts, and says what it still waits for", async () => {
  const item = newId()
  const supplier = shop.must(
    201,
    await shop.ask("POST", "/v1/suppliers", { data: { type: "suppliers", attributes: { title: "Greenhouse" } } }),
  ).body.data.id
  const make = (status: string) => ({
    data: {
      type: "purchase-orders",
      attributes: { status, lines: [{ itemId: item, qty: 10, price: 12.5 }] },
      relationships: { store: { data: { id: shop.store } }, supplier: { data: { id: supplier } } },
    },
  })
  const placed = shop.must(201, await shop.ask("POST", "/v1/purchase-orders", make("draft"))).body.data
  const receive = (qty: number, defectQty = 0) =>
    shop.ask(
      "POST",
      "/v1/receipts",
      shop.act("receipts", { supplier, purchaseOrder: placed.id, lines: [{ item, qty, defectQty, price: 12.5 }] }),
    )
  assert.equal((await receive(1)).body.errors[0].code, "not-ordered")
  const set = (status: string) =>
    shop.ask("PATCH", `/v1/purchase-orders/${placed.id}`, { data: { type: "purchase-orders", attributes: { status } } })
  assert.equal((await set("received")).status, 409)
  shop.must(200, await set("ordered"))
  shop.must(201, await receive(6, 2))
  const half = (await shop.ask("GET", `/v1/purchase-orders/${placed.id}`)).body.data.attributes
  assert.deepEqual([half.status, half.lines[0].receivedQty, half.lines[0].defectQty, half.amount], ["partially-received", 4, 2, 125])
  assert.equal((await set("cancelled")).status, 409)
  shop.must(201, await receive(6))
  assert.equal((await shop.ask("GET", `/v1/purchase-orders/${placed.id}`)).body.data.attributes.status, "received")
  assert.equal((await shop.balance(item)).qty, 10)
})

test("the plan asks for what falls below its minimum or sells away, less what is on its way, from who brought it last", async () => {
  const [item, enough] = [newId(), newId()]
  await shop.tellItem(item, { minimumBalance: 20_000, title: "Rose" })
  await shop.tellItem(enough, { minimumBalance: 1_000, title: "Ribbon" })
  await platform.settle()
  const supplier = shop.must(201, await shop.ask("POST", "/v1/suppliers", { data: { type: "suppliers", attributes: { title: "Market" } } }))
    .body.data.id
  await shop.receive({
    supplier,
    lines: [
      { item, qty: 15, price: 8 },
      { item: enough, qty: 5, price: 1 },
    ],
  })
  await shop.issue({ order: newId(), lines: [{ item, qty: 10 }] })
  const plan = async (days: string) =>
    shop.must(200, await shop.ask("GET", `/v1/purchase-plan?filter[store]=${shop.store}${days}`)).body.data
  const [line, ...others] = await plan("")
  assert.deepEqual(
    [others.length, line.id, line.attributes.qty, line.attributes.price, line.relationships.supplier.data.id],
    [0, item, 15, 8, supplier],
  )
  const [fast] = await plan("&filter[days]=2&filter[cover]=8")
  assert.equal(fast.attributes.qty, 35)
  shop.must(
    201,
    await shop.ask("POST", "/v1/purchase-orders", {
      data: {
        type: "purchase-orders",
        attributes: { status: "ordered", lines: [{ itemId: item, qty: 15, price: 8 }] },
        relationships: { store: { data: { id: shop.store } }, supplier: { data: { id: supplier } } },
      },
    }),
  )
  assert.deepEqual(await plan(""), [])
})

test("balances show batches and what withers next; another service asks for many items at once", async () => {
  const [item, never] = [newId(), newId()]
  await shop.receive({
    lines: [
      { item, qty: 3, price: 2, freshUntil: "2027-01-02" },
      { item, qty: 1, price: 2, freshUntil: "2027-01-01" },
    ],
  })
  const { body } = await shop.ask("GET", `/v1/stock/balances?filter[items]=${item}&include=batches`)
  assert.deepEqual(body.data[0].attributes, { qty: 4, amount: 8, freshUntil: "2027-01-01T00:00:00+00:00" })
  assert.deepEqual(
    body.included.map(({ attributes }: { attributes: { qty: number } }) => attributes.qty),
    [1, 3],
  )
  const expiring = await shop.ask("GET", "/v1/stock/expiring-batches?filter[before]=2027-01-01")
  assert.equal(expiring.body.data.at(-1).relationships.item.data.id, item)
  const balances = await shop.peer("/v1/balances", { storeId: null, itemIds: [never, item] })
  assert.deepEqual(balances.body, {
    balances: [
      { itemId: never, qty: 0 },
      { itemId: item, qty: 4_000 },
    ],
  })
})

test("movements are only ever added: the service itself may neither change nor delete one", async () => {
  const { default: pg } = await import("pg")
  const url = new URL(platform.postgres.url("s1"))
  url.username = "florist_stock"
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`SET florist.shop = '${shops.rose}'`)
  await assert.rejects(client.query("UPDATE stock.stock_movement SET qty = 1"), /permission denied/)
  await assert.rejects(client.query("DELETE FROM stock.stock_movement"), /permission denied/)
  await client.end()
})
