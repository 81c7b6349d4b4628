// Stock over HTTP as software for the published API uses it; and who must not see or change what.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import type { Operation } from "@florist/kit/operation"
import { PublishedClient } from "@florist/published/exchange"
import { fuzz } from "@florist/published/fuzz"
import { startPlatform } from "../../kit/test/platform.ts"
import type { Platform } from "../../kit/test/platform.ts"
import { stock } from "../src/service.ts"
import { Shop, shops } from "./ground.ts"

let platform: Platform
let shop: Shop
let client: PublishedClient
let operations: readonly Operation[]
let token: string
before(async () => {
  platform = await startPlatform()
  const { address, app } = await platform.start(stock)
  operations = stock.operations(app.surroundings)
  shop = new Shop(platform)
  client = new PublishedClient({ base: `${address}/api` })
  token = await platform.token()
})
after(async () => {
  client.exercised.keep("stock")
  await platform[Symbol.asyncDispose]()
})

const call = (method: string, path: string, options: Parameters<PublishedClient["call"]>[2] = {}) =>
  client.call(method, path, { token, ...options })

test("bouquets are made, listed with their prices, changed and deleted as published", async () => {
  const item = newId()
  await shop.receive({ lines: [{ item, qty: 10, price: 5 }] })
  const store = { data: { type: "stores", id: shop.store } }
  const bouquet = (attributes: object, more: object = {}) => ({ data: { type: "bouquets", attributes, relationships: { store, ...more } } })
  const components = {
    components: {
      data: [
        { type: "bouquet-components", attributes: { qty: 3 }, relationships: { item: { data: { type: "inventory-items", id: item } } } },
      ],
    },
  }
  const draft = await call("POST", "/v1/bouquets", { body: bouquet({ title: "Bouquet 1" }) })
  assert.deepEqual([draft.status, draft.one.attributes.status], [200, "draft"])
  const shown = { title: "Bouquet 2", status: "demonstrated", amount: 76.8, discountType: "absolute", description: "", public: false }
  const made = await call("POST", "/v1/bouquets", { body: bouquet(shown, components) })
  assert.deepEqual([made.one.attributes.saleAmount, made.one.attributes.cost], [76.8, 15])
  const listed = await call("GET", "/v1/bouquets", { query: { "filter[status]": "demonstrated", "filter[stores]": [shop.store] } })
  assert.deepEqual(
    [listed.many.map(({ id }) => id), listed.meta.minPrice, listed.meta.total, listed.meta.pageSize],
    [[made.one.id], 76.8, 1, 20],
  )
  const params = { id: made.one.id }
  const asList = { data: [{ type: "bouquets", id: made.one.id, attributes: { title: "Bouquet 3", height: 40 } }] }
  const changed = await call("PATCH", "/v1/bouquets/{id}", { params, body: asList })
  assert.deepEqual(
    [changed.one.attributes.title, changed.one.attributes.height, changed.one.attributes.status],
    ["Bouquet 3", 40, "demonstrated"],
  )
  const since = Number(listed.meta.revision)
  assert.deepEqual(
    (await call("GET", "/v1/bouquets", { query: { "filter[revision]": since } })).many.map(({ id }) => id),
    [made.one.id],
  )
  assert.equal(
    (await call("PATCH", "/v1/bouquets/{id}", { params, body: { data: { attributes: { height: "tall" } } }, request: "malformed" })).status,
    422,
  )
  assert.equal((await call("POST", "/v1/bouquets", { body: { data: { attributes: {} } } })).status, 422)
  assert.equal((await call("DELETE", "/v1/bouquets/{id}", { params })).status, 200)
  assert.equal((await shop.balance(item)).qty, 10)
  assert.equal((await call("DELETE", "/v1/bouquets/{id}", { params: { id: newId() } })).status, 404)
  assert.equal((await call("DELETE", "/v1/bouquets/{id}", { params: { id: "17" } })).status, 400)
})

test("movement acts are written, filled line by line, posted and listed as published", async () => {
  const [rose, tulip] = [newId(), newId()]
  await shop.receive({
    lines: [
      { item: rose, qty: 10, price: 5 },
      { item: tulip, qty: 10, price: 4 },
    ],
  })
  const [from, to] = [shop.store, shop.branch].map((id) => ({ data: { type: "stores", id } }))
  const draft = await call("POST", "/v1/movement-acts", {
    body: {
      data: { type: "movement-acts", attributes: { posted: false, linesCount: 0 }, relationships: { createdBy: { data: null }, from, to } },
    },
  })
  assert.deepEqual([draft.status, draft.one.attributes.posted, draft.one.attributes.calculated], [201, false, false])
  const params = { id: draft.one.id }
  const line = (item: string, qty: number) => ({
    type: "movement-act-lines",
    attributes: { qty, price: 300, priceEnabled: true },
    relationships: { item: { data: { id: item, type: "inventory-items" } } },
  })
  const patch = (attributes: object, data?: object) =>
    call("PATCH", "/v1/movement-act/{id}", {
      params,
      body: {
        data: {
          type: "movement-acts",
          id: draft.one.id,
          attributes,
          ...(data === undefined ? {} : { relationships: { lines: { data } } }),
        },
      },
    })
  const filled = await patch({ date: "2026-07-26", linesCount: 1 }, [line(rose, 2), line(tulip, 1)])
  const [first] = filled.included
  const refilled = await patch({}, [{ id: first?.id, type: "movement-act-lines" }, line(tulip, 3)])
  assert.deepEqual([refilled.one.attributes.linesCount, refilled.included[0]?.attributes.qty, refilled.included[0]?.id], [2, 2, first?.id])
  assert.equal((await patch({}, [{ id: "999999", type: "movement-act-lines" }])).status, 422)
  const posted = await patch({ posted: true })
  assert.deepEqual([posted.one.attributes.posted, posted.one.attributes.amount, posted.one.attributes.date], [true, 22, "2026-07-26"])
  assert.equal((await call("GET", "/v1/movement-act/{id}", { params })).one.attributes.postedAt, posted.one.attributes.postedAt)
  const list = async (query: Record<string, string>) => (await call("GET", "/v1/movement-acts", { query })).many.map(({ id }) => id)
  const days = { "filter[startDate]": "2026-07-26", "filter[endDate]": "2026-07-26" }
  assert.deepEqual(await list({ ...days, "filter[from]": shop.store, "filter[to]": shop.branch }), [draft.one.id])
  assert.deepEqual(await list({ ...days, "filter[to]": shop.store }), [])
  assert.deepEqual(await list({ "filter[endDate]": "2026-07-25" }), [])
  assert.equal((await call("GET", "/v1/movement-act/{id}", { params: { id: "999999" } })).status, 404)
  assert.equal((await call("POST", "/v1/movement-acts", { body: { data: { relationships: { from, to: from } } } })).status, 422)
  assert.equal((await call("GET", "/v1/movement-acts", { query: { "filter[startDate]": "never" } })).status, 422)
})

test("an item's history runs back from what there is now, page by page, with totals by kind", async () => {
  const item = newId()
  for (const [index, qty] of [5, 6, 7].entries())
    await shop.receive({ at: `2026-05-0${index + 1}T10:00:00Z`, lines: [{ item, qty, price: 2 }] })
  shop.must(200, await shop.issue({ order: newId(), at: "2026-05-02T12:00:00Z", lines: [{ item, qty: 4 }] }))
  shop.must(201, await shop.transfer({ at: "2026-05-05T12:00:00Z", lines: [{ item, qty: 1 }] }))
  const params = { id: item, storeId: shop.store }
  const seen: unknown[] = []
  for (const number of ["1", "2", "3"]) {
    const page = await call("GET", "/v1/inventory-items/{id}/warehouse-movement/{storeId}", {
      params,
      query: { "page[number]": number, "page[size]": "2" },
    })
    seen.push(...page.many.map(({ attributes }) => [attributes.qty, attributes.remainderQty, attributes.transType]))
    assert.deepEqual(
      [page.meta.qtySalesOrder, page.meta.qtyInventoryTransaction, page.meta.qtyTransferShipment, page.meta.total],
      [-4, 18, -1, 5],
    )
  }
  assert.deepEqual(seen, [
    [-1, 13, "transferShipment"],
    [7, 14, "inventoryTransaction"],
    [-4, 7, "salesOrder"],
    [6, 11, "inventoryTransaction"],
    [5, 5, "inventoryTransaction"],
  ])
  assert.equal(
    (await call("GET", "/v1/inventory-items/{id}/warehouse-movement/{storeId}", { params: { ...params, id: "rose" } })).status,
    400,
  )
})

test("net costs are by FIFO on a day, last costs by what came in until then", async () => {
  const [item, never] = [newId(), newId()]
  await shop.receive({ at: "2026-06-01T10:00:00Z", lines: [{ item, qty: 2, price: 10 }] })
  await shop.receive({ at: "2026-06-03T10:00:00Z", lines: [{ item, qty: 2, price: 20 }] })
  shop.must(200, await shop.issue({ order: newId(), at: "2026-06-04T10:00:00Z", lines: [{ item, qty: 1 }] }))
  const relationships = { store: { data: { type: "stores", id: shop.store } } }
  const net = async (date: string, qty: number) => {
    const attributes = { qty: [qty], date, items: [item, never] }
    const { many } = await call("POST", "/v1/inventory-items/net-costs", {
      body: { data: { type: "search-net-costs", attributes, relationships } },
    })
    assert.deepEqual([many[1]?.attributes.cost, many[1]?.attributes.leftQty], [null, 0])
    return [many[0]?.attributes.cost, many[0]?.attributes.leftQty]
  }
  assert.deepEqual(await net("2026-06-02", 4), [10, 2])
  assert.deepEqual(await net("2026-06-03", 4), [15, 4])
  assert.deepEqual(await net("2026-06-04", 2), [15, 3])
  const last = async (dateTime: string) => {
    const attributes = { dateTime, items: [item] }
    const { many } = await call("POST", "/v1/inventory-items/last-costs", {
      body: { data: { type: "search-last-costs", attributes, relationships } },
    })
    return many[0]?.attributes
  }
  assert.deepEqual(await last("2026-06-02T00:00:00Z"), { purchasePrice: 10, costPrice: 10 })
  assert.deepEqual(await last("2021-07-28T00:00:00Z"), { purchasePrice: null, costPrice: null })
  assert.equal((await call("POST", "/v1/inventory-items/net-costs", { body: { data: { attributes: { items: [] } } } })).status, 422)
  assert.equal((await call("POST", "/v1/inventory-items/last-costs", { body: { data: { attributes: { items: [item] } } } })).status, 422)
})

for (const [type, attributes] of [
  ["suppliers", { title: "Greenhouse", phone: "+7", deliveryDays: 2 }],
  ["write-off-reasons", { title: "Withered" }],
  ["recipes", { title: "Morning", saleAmount: 10.5, lines: [{ itemId: newId(), qty: 0.5 }] }],
] as const) {
  test(`${type} are kept: made once, changed by revision, deleted, told to who asks what changed`, async () => {
    const path = `/v1/${type}`
    const id = newId()
    const body = (given: object) => ({ data: { type, id, attributes: given } })
    const made = await call("POST", path, { body: body(attributes) })
    assert.equal(made.status, 201)
    for (const [name, value] of Object.entries(attributes)) assert.deepEqual(made.one.attributes[name], value)
    assert.deepEqual((await call("POST", path, { body: body(attributes) })).one, made.one)
    assert.equal((await call("POST", path, { body: body({ ...attributes, title: "Other" }) })).status, 409)
    assert.equal((await call("POST", path, { body: body({ ...attributes, title: " " }) })).status, 422)
    const one = { params: { id } }
    const renamed = await call("PATCH", `${path}/{id}`, { ...one, body: body({ title: "New" }) })
    assert.deepEqual(renamed.one.attributes, { ...made.one.attributes, title: "New", revision: renamed.one.attributes.revision })
    assert.equal(
      (await call("PATCH", `${path}/{id}`, { ...one, body: body({ title: "x", revision: made.one.attributes.revision }) })).status,
      409,
    )
    assert.ok((await call("GET", path)).many.some((each) => each.id === id))
    assert.deepEqual([(await call("DELETE", `${path}/{id}`, one)).status, (await call("DELETE", `${path}/{id}`, one)).status], [204, 204])
    assert.ok(!(await call("GET", path)).many.some((each) => each.id === id))
    const since = { "filter[revision]": Number(renamed.one.attributes.revision) }
    assert.deepEqual(
      (await call("GET", path, { query: since })).many.map((each) => [each.id, each.attributes.deleted]),
      [[id, true]],
    )
    assert.equal((await call("GET", `${path}/{id}`, { params: { id: newId() } })).status, 404)
    const courier = await platform.token({ role: "courier" })
    assert.equal((await call("POST", path, { body: body(attributes), token: courier })).status, 403)
  })
}

/** One of everything, of shop rose. */
async function everything() {
  const item = newId()
  const supplier = (await call("POST", "/v1/suppliers", { body: { data: { type: "suppliers", attributes: { title: "Field" } } } })).one.id
  const receipt = (await shop.receive({ supplier, lines: [{ item, qty: 50, price: 5, freshUntil: "2030-01-01" }] })).body.data.id
  const bouquet = shop.must(200, await shop.make({ status: "demonstrated", parts: [[item, 2]] })).body.data.id
  const act = shop.must(
    201,
    await shop.ask("POST", "/v1/movement-acts", shop.act("movement-acts", { posted: false, lines: [{ item, qty: 1 }] })),
  ).body.data.id
  const store = { data: { id: shop.store } }
  const lines = [{ itemId: item, qty: 5, price: 1 }]
  const order = shop.must(
    201,
    await shop.ask("POST", "/v1/purchase-orders", {
      data: { type: "purchase-orders", attributes: { lines }, relationships: { store, supplier: { data: { id: supplier } } } },
    }),
  ).body.data.id
  return { item, supplier, receipt, bouquet, act, order }
}

async function fingerprint(): Promise<string> {
  const tables = [
    "stock_movement",
    "stock_batch",
    "stock_balance",
    "act",
    "act_line",
    "bouquet",
    "recipe",
    "supplier",
    "write_off_reason",
    "purchase_order",
  ]
  const all = [...tables, "purchase_order_line", "item_supplier", "stock_count", "sale_issue", "counter", "outbox"]
  const sums = all.map((table) => `(SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM stock.${table} t)`)
  const { rows } = await platform.shard.query(`SELECT concat_ws(' ', ${sums.join(", ")}) AS sum`)
  return String(rows[0]?.sum)
}

test("another shop sees nothing of it and changes nothing, whatever ids it knows", async () => {
  const { item, supplier, receipt, bouquet, act, order } = await everything()
  const before = await fingerprint()
  const neighbour = shop.as(await platform.token({ shop: shops.neighbour }))
  const title = { attributes: { title: "x" } }
  const attacks = [
    await neighbour.ask("GET", `/v1/bouquets/${bouquet}`),
    await neighbour.ask("PATCH", `/v1/bouquets/${bouquet}`, { data: { attributes: { status: "disassembled" } } }),
    await neighbour.ask("DELETE", `/v1/bouquets/${bouquet}`),
    await neighbour.ask("GET", `/v1/receipts/${receipt}`),
    await neighbour.ask("GET", `/v1/movement-act/${act}`),
    await neighbour.ask("PATCH", `/v1/movement-act/${act}`, { data: { attributes: { posted: true } } }),
    await neighbour.ask("GET", `/v1/purchase-orders/${order}`),
    await neighbour.ask("PATCH", `/v1/purchase-orders/${order}`, { data: { attributes: { status: "ordered" } } }),
    await neighbour.ask("PATCH", `/v1/suppliers/${supplier}`, { data: title }),
    await neighbour.ask("DELETE", `/v1/suppliers/${supplier}`),
  ]
  assert.deepEqual(
    attacks.map(({ status }) => status),
    attacks.map(() => 404),
  )
  for (const path of [
    "bouquets",
    "receipts",
    "movement-acts",
    "purchase-orders",
    "suppliers",
    "stock/balances",
    "stock/expiring-batches",
    "showcase",
  ])
    assert.deepEqual((await neighbour.ask("GET", `/v1/${path}`)).body.data, [], path)
  assert.deepEqual((await neighbour.ask("GET", `/v1/inventory-items/${item}/warehouse-movement/${shop.store}`)).body.data, [])
  const taken = await neighbour.ask("POST", "/v1/movement-acts", shop.act("movement-acts", { lines: [{ item, qty: 1 }] }))
  assert.equal(taken.body.errors[0].code, "out-of-stock")
  const stolen = await shop.peer(
    "/v1/issues",
    {
      orderId: newId(),
      docNo: "1",
      storeId: shop.store,
      occurredAt: new Date().toISOString(),
      shortage: "refuse",
      lines: [{ lineId: "1", itemId: null, bouquetId: bouquet, qty: 1_000 }],
    },
    shops.neighbour,
  )
  assert.equal(stolen.status, 409)
  const named = await neighbour.ask("POST", "/v1/receipts", shop.act("receipts", { supplier, lines: [{ item, qty: 1, price: 1 }] }))
  assert.equal(named.status, 422, "nor may it name what is not its own")
  assert.equal(await fingerprint(), before)
})

test("who works in one store sees and changes that store's documents alone", async () => {
  const { item, receipt, bouquet, order, act } = await everything()
  const elsewhere = shop.as(await platform.token({ role: "manager", stores: [newId()] }))
  const here = shop.as(await platform.token({ role: "florist", stores: [shop.store] }))
  for (const path of [`bouquets/${bouquet}`, `receipts/${receipt}`, `purchase-orders/${order}`, `movement-act/${act}`]) {
    assert.equal((await elsewhere.ask("GET", `/v1/${path}`)).status, 404, path)
    assert.equal((await here.ask("GET", `/v1/${path}`)).status, 200, path)
  }
  for (const path of ["bouquets", "receipts", "purchase-orders", "movement-acts", "stock/balances"]) {
    assert.deepEqual((await elsewhere.ask("GET", `/v1/${path}`)).body.data, [], path)
    assert.ok((await here.ask("GET", `/v1/${path}`)).body.data.length > 0, path)
  }
  assert.equal((await elsewhere.ask("POST", "/v1/receipts", shop.act("receipts", { lines: [{ item, qty: 1, price: 1 }] }))).status, 403)
  assert.equal((await elsewhere.make({ parts: [[item, 1]] })).status, 403)
  assert.equal((await here.make({ parts: [[item, 1]] })).status, 200)
})

test("couriers and cashiers handle no flowers; nobody without a session does anything", async () => {
  for (const role of ["courier", "cashier"] as const) {
    const other = shop.as(await platform.token({ role }))
    for (const path of ["bouquets", "receipts", "write-offs", "stocktakes", "movement-acts", "purchase-orders"])
      assert.equal((await other.ask("POST", `/v1/${path}`, {})).status, 403, `${role} ${path}`)
    assert.equal((await other.ask("GET", "/v1/bouquets")).status, 200)
    const [balance] = (await other.ask("GET", "/v1/stock/balances?include=batches")).body.data
    assert.deepEqual(
      ["qty" in balance.attributes, "amount" in balance.attributes],
      [true, false],
      "they see what there is, and not what it cost",
    )
    assert.equal((await other.ask("POST", "/v1/inventory-items/net-costs", {})).status, 403)
  }
  assert.equal((await platform.ask({ service: "stock", path: "/api/v1/bouquets", token: null })).status, 401)
  const asWorker = await platform.ask({
    service: "stock",
    method: "POST",
    path: "/internal/stock/v1/balances",
    body: { storeId: null, itemIds: [] },
  })
  assert.equal(asWorker.status, 401, "what services ask each other is not for workers")
})

test("whatever is sent to any operation is refused or done, never half, never a failure", async () => {
  const { item, supplier, receipt, bouquet, act, order } = await everything()
  const ids: Readonly<Record<string, string>> = {
    bouquets: bouquet,
    receipts: receipt,
    suppliers: supplier,
    "purchase-orders": order,
    "movement-act": act,
  }
  const report = await fuzz({
    client,
    operations,
    numRuns: 9,
    seed: 20261122,
    token,
    known: { stores: [shop.store, shop.branch], "inventory-items": [item], suppliers: [supplier], bouquets: [bouquet] },
    params: (path) => ({ id: ids[path.split("/")[2] ?? ""] ?? item, storeId: shop.store }),
    fingerprint,
  })
  assert.ok(report.requests > 300)
})
