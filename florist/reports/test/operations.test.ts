// Every operation of reports as software written for the published API asks it: a shop whose figures are known by heart, roles, other shops, documents, and senseless requests.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { readSheet } from "read-excel-file/node"
import { PublishedClient } from "@florist/published/exchange"
import { fuzz } from "@florist/published/fuzz"
import { reports } from "../src/service.ts"
import { shops } from "../../kit/test/platform.ts"
import type { Role } from "@florist/kit/role"
import { categories, customers, eventsOf, historyStart, idOf, items, movementWith, orderWith, sources, stores, workers } from "./history.ts"
import type { Told } from "./history.ts"
import { startGround } from "./shop-of-history.ts"
import type { Ground } from "./shop-of-history.ts"

let ground: Ground
let client: PublishedClient
let token: string
before(async () => {
  ground = await startGround()
  client = new PublishedClient({ base: `${ground.platform.url("reports")}/api` })
  token = await ground.platform.token()
  await ground.send(shops.rose, shopByHeart)
})
after(async () => {
  client.exercised.keep("reports")
  await ground[Symbol.asyncDispose]()
})

const [store = "", otherStore = ""] = stores
const [worker = "", otherWorker = ""] = workers
const [rose = "", tulip = ""] = items
let made = 0
const event = (type: string, at: string, data: object): Told => ({
  id: idOf(50, ++made),
  type,
  subject: "subject",
  occurredAt: new Date(at),
  data: JSON.parse(JSON.stringify(data)) as object,
})
const known = (type: string, id: string, attributes: object): Told =>
  event("resource.changed", "2026-01-01T00:00:00Z", { type, id, revision: 1, deleted: false, attributes })

const noon = "2026-03-20T12:00:00+03:00"
const lateEvening = "2026-03-20T23:30:00+03:00"
const lineOf = (number: number, item: string, category: string, qty: number, amount: number, total: number) => ({
  id: idOf(51, number),
  itemId: item,
  bouquetId: null,
  title: "flowers",
  categoryId: category,
  qty,
  price: 10_000,
  amount,
  total,
})
const order = orderWith({
  id: idOf(52, 1),
  storeId: store,
  docNo: "A-1",
  status: "done",
  revision: 2,
  postedBy: worker,
  sourceId: sources[0] ?? null,
  customerId: customers[0] ?? null,
  fiscalized: true,
  postedAt: new Date(noon),
  totalAmount: 145_050,
  discountAmount: 5_000,
  lines: [lineOf(1, rose, categories[0] ?? "", 10_000, 100_000, 95_000), lineOf(2, tulip, categories[1] ?? "", 5_005, 50_050, 50_050)],
})
const second = orderWith({
  id: idOf(52, 2),
  storeId: store,
  docNo: "A-2",
  status: "done",
  revision: 1,
  postedBy: otherWorker,
  postedAt: new Date(lateEvening),
  totalAmount: 20_000,
  delivery: true,
  lines: [lineOf(3, rose, categories[0] ?? "", 2_000, 20_000, 20_000)],
})
const secondBack = { ...second, status: "returned" as const, revision: 2, returnedAt: new Date("2026-03-20T23:45:00+03:00") }
const moved = (number: number, changes: Partial<Parameters<typeof movementWith>[0]>) =>
  movementWith({ id: idOf(53, number), storeId: store, kind: "sale", qty: 0, cost: 0, occurredAt: new Date(noon), ...changes })
const paid = (number: number, method: string, amount: number, orderId: string | null, kind = "payment") => ({
  id: idOf(54, number),
  orderId,
  storeId: store,
  customerId: null,
  shiftId: idOf(55, 1),
  workerId: worker,
  kind,
  method,
  amount,
  occurredAt: noon,
})
const sold = { itemId: rose, categoryId: categories[0] ?? null, documentId: order.id, lineId: idOf(51, 1) }
const bouquetId = idOf(56, 1)

/** Sold 1,450.50 and 200 (which came back), taken 1,000 by card, 450.50 in cash and 100 in points; the goods had cost 600.25. */
const shopByHeart: readonly Told[] = [
  known("stores", store, { title: "Main" }),
  known("workers", worker, { firstName: "Anna", lastName: "Rosova" }),
  event("order.returned", "2026-03-20T23:45:00+03:00", { order: secondBack, withWriteOff: false, returnedBy: null, shiftId: null }),
  event("order.posted", noon, order),
  event("order.posted", lateEvening, second),
  event("payment.cash-shift-changed", "2026-03-20T09:00:00+03:00", {
    id: idOf(55, 1),
    storeId: store,
    registerId: idOf(57, 1),
    status: "open",
    openedAt: "2026-03-20T09:00:00+03:00",
    closedAt: null,
    opening: 50_000,
    expected: 50_000,
    counted: null,
  }),
  event("payment.recorded", noon, paid(1, "card", 100_000, order.id)),
  event("payment.recorded", noon, paid(2, "cash", 45_050, order.id)),
  event("payment.recorded", noon, paid(3, "bonus", 10_000, null)),
  event("payment.cash-moved", noon, {
    id: idOf(54, 9),
    storeId: store,
    shiftId: idOf(55, 1),
    kind: "withdraw",
    reasonId: null,
    amount: 20_000,
    occurredAt: noon,
  }),
  event("stock.movements-recorded", noon, {
    movements: [
      moved(1, { kind: "receipt", itemId: rose, categoryId: categories[0] ?? null, qty: 100_000, cost: 600_000, documentId: idOf(58, 1) }),
    ],
  }),
  event("stock.movements-recorded", noon, { movements: [moved(2, { ...sold, qty: -10_000, cost: -60_025 })] }),
  event("stock.movements-recorded", noon, {
    movements: [moved(3, { kind: "write-off", itemId: rose, qty: -1_000, cost: -6_000, reasonId: "31", documentId: idOf(58, 2) })],
  }),
  event("stock.bouquet-changed", noon, {
    id: bouquetId,
    docNo: "B-1",
    title: "Spring",
    status: "demonstrated",
    revision: 1,
    storeId: store,
    orderId: null,
    floristId: worker,
    cost: 50_000,
    salePrice: 150_000,
    assembledAt: noon,
    onWindowAt: noon,
  }),
  event("loyalty.points-changed", noon, {
    id: idOf(59, 1),
    customerId: customers[0],
    orderId: order.id,
    kind: "earned",
    points: 72,
    balance: 72,
    occurredAt: noon,
  }),
]

const today = { "filter[range]": "day" }
const customDay = {
  "filter[range]": "custom",
  "filter[rangeFrom]": "2026-03-20T00:00:00+03:00",
  "filter[rangeTo]": "2026-03-21T00:00:00+03:00",
}

test("the figures of a shop that is known by heart, told through the senders' outboxes", async () => {
  const { one, meta } = await client.call("GET", "/v1/stores/{id}/stats", { token, params: { id: store }, query: customDay })
  assert.deepEqual(one.attributes, {
    revenue: 1_450.5,
    revenuePrev: null,
    paymentsRevenue: 1_450.5,
    paymentsRevenuePrev: null,
    profit: 850.25,
    profitPrev: null,
    marginality: 58.62,
    ordersQty: 2,
    ordersQtyPrev: null,
    avgOrderSum: 1_450.5,
    avgOrderSumPrev: null,
    ordersReturnedQty: 1,
    ordersReturnedQtyPrev: 1,
    ordersReturnedAmount: 200,
    checksPrinted: 1,
    discountAmount: 50,
    discountShare: 3.33,
    bonusesAccrued: 72,
    bonusesSpent: 0,
    negativeBalance: false,
    cashboxAmount: 750.5,
  })
  assert.deepEqual([meta.previousFrom, meta.previousTo], ["2026-03-19", "2026-03-19"])
  const narrowed = await client.call("GET", "/v1/stores/{id}/stats", {
    token,
    params: { id: store },
    query: { ...customDay, "filter[categories]": [categories[1] ?? ""] },
  })
  assert.deepEqual([narrowed.one.attributes.revenue, narrowed.one.attributes.ordersQty], [500.5, 1])
})

const lists = [
  "stats-workers",
  "stats-payments",
  "stats-sources",
  "stats-debts",
  "stats-revenue",
  "stats-payments-revenue",
  "stats-profit",
] as const
const shopLists = ["workers", "payments", "sources", "debts", "revenue", "payments-revenue", "profit"] as const
const showcases = [
  "stats-warehouses",
  "showcase-stats",
  "showcase-days-stats",
  "showcase-price-stats",
  "showcase-top-flowers-stats",
] as const
const warehouse = ["stats-warehouse-base", "stats-warehouse-top-items", "write-off-stats", "packing-invoice"] as const

test("every statistic is answered as published, for every range, and is refused as documented", async () => {
  for (const path of ["stats", ...lists, ...showcases]) {
    for (const range of ["day", "week", "month", "year"]) {
      const answer = await client.call("GET", `/v1/stores/{id}/${path}`, {
        token,
        params: { id: store },
        query: { "filter[range]": range },
      })
      assert.equal(answer.status, 200, path)
    }
    const query = { "filter[range]": "custom", "filter[rangeFrom]": "2026-03-01" }
    const open = await client.call("GET", `/v1/stores/{id}/${path}`, { token, params: { id: store }, query, request: "malformed" })
    assert.deepEqual([open.status, open.errors[0]?.code], [422, "invalid"])
    const unknown = await client.call("GET", `/v1/stores/{id}/${path}`, { token, params: { id: idOf(1, 77) }, query: today })
    assert.equal(unknown.status, 404)
  }
  for (const path of ["general", ...shopLists, ...warehouse]) {
    const query = { ...today, "filter[stores]": [store] }
    assert.equal((await client.call("GET", `/v1/stats/stores/${path}`, { token, query })).status, 200, path)
    const wrong = { ...today, "filter[stores]": ["nobody"] }
    assert.equal((await client.call("GET", `/v1/stats/stores/${path}`, { token, query: wrong, request: "malformed" })).status, 422, path)
  }
})

test("lists say who, what and why, with their shares", async () => {
  const ask = (path: string, query: Record<string, string | string[]> = customDay) =>
    client.call("GET", path, { token, params: { id: store }, query })
  const byWorker = await ask("/v1/stores/{id}/stats-workers")
  assert.deepEqual(
    byWorker.many.map(({ attributes, relationships }) => [relationships.worker?.data, attributes]),
    [
      [
        { type: "workers", id: worker },
        { avgOrderAmount: 1_450.5, salesAmount: 1_450.5, share: 100 },
      ],
      [
        { type: "workers", id: otherWorker },
        { avgOrderAmount: 0, salesAmount: 0, share: 0 },
      ],
    ],
  )
  const byMethod = await ask("/v1/stores/{id}/stats-payments")
  assert.deepEqual(
    byMethod.many.map(({ attributes }) => attributes),
    [
      { amount: 1_000, share: 64.5 },
      { amount: 450.5, share: 29.06 },
      { amount: 100, share: 6.45 },
    ],
  )
  const inStores = { ...customDay, "filter[stores]": [store] }
  const reasons = await ask("/v1/stats/stores/write-off-stats", inStores)
  assert.deepEqual(reasons.many[0]?.attributes, { amount: 60, shareSale: 4.14, sharePurchase: 1 })
  const none = await ask("/v1/stats/stores/stats-warehouse-top-items", { ...inStores, "filter[reason]": "32" })
  assert.deepEqual(none.many, [])
  const showcase = await ask("/v1/stores/{id}/showcase-stats")
  assert.deepEqual(showcase.meta.onShowcase, { count: 1, amount: 1_500, averagePrice: 1_500, averageDays: 0.5, longestDays: 0 })
  const later = await client.call("GET", "/v1/inventory-items/{id}/stats-by-store/{price}", {
    token,
    params: { id: idOf(5, 77), price: store },
  })
  assert.equal(later.status, 404)
  await ground.send(shops.rose, [known("inventory-items", rose, itemAttributes)])
  const byStore = await client.call("GET", "/v1/inventory-items/{id}/stats-by-store/{price}", { token, params: { id: rose, price: store } })
  assert.deepEqual(byStore.one.attributes, { qty: 89, optQty: 0, cost: 60, amount: 13_350, prevCost: null, price: 150, prevPrice: 150 })
  const byPriceId = await client.call("GET", "/v1/inventory-items/{id}/stats-by-store/{price}", {
    token,
    params: { id: rose, price: `${rose}-${store}` },
  })
  assert.deepEqual(byPriceId.one.attributes, byStore.one.attributes)
  const senseless = await client.call("GET", "/v1/inventory-items/{id}/stats-by-store/{price}", {
    token,
    params: { id: rose, price: "cheap" },
  })
  assert.equal(senseless.status, 400)
})

test("an item's price before the one of now is kept", async () => {
  const dearer = { ...itemAttributes, prices: [{ storeId: store, price: 17_500 }] }
  const change = { type: "inventory-items", id: rose, revision: 2, deleted: false, attributes: dearer }
  await ground.send(shops.rose, [event("resource.changed", noon, change)])
  const params = { id: rose, price: store }
  const { attributes } = (await client.call("GET", "/v1/inventory-items/{id}/stats-by-store/{price}", { token, params })).one
  assert.deepEqual([attributes.price, attributes.prevPrice], [175, 150])
  await ground.send(shops.rose, [event("resource.changed", noon, { ...change, revision: 3, attributes: itemAttributes })])
})

const itemAttributes = {
  title: "Rose",
  itemType: "item",
  fractional: false,
  public: true,
  categoryId: categories[0],
  freshForDays: 5,
  minimumBalance: null,
  prices: [
    { storeId: null, price: 14_000 },
    { storeId: store, price: 15_000 },
  ],
}

test("orders behind the figures: each filter does what it says, and the header sums up", async () => {
  const ask = (query: Record<string, string | string[] | boolean>, path = "shipment-revenue") =>
    client.call("GET", `/v1/orders/analytics/${path}`, { token, query })
  const numbers = async (query: Record<string, string | string[] | boolean>, path?: string) =>
    (await ask(query, path)).many.map(({ attributes }) => attributes.docNo)
  const everything = await ask({})
  assert.deepEqual(everything.meta.analytic_header, {
    orders_count: "1",
    fullRevenue: "1650.50",
    returnedRevenue: "200.00",
    revenueBonuses: "100.00",
    revenue: "1450.50",
  })
  assert.deepEqual(
    everything.many.map(({ attributes }) => [attributes.docNo, attributes.paymentsAmount, attributes.profit]),
    [["A-1", 1_450.5, 850.25]],
  )
  const narrowed = await ask({ "filter[stores]": [store], "filter[withReturned]": true, "filter[createdAt][from]": "2026-01-01" })
  assert.deepEqual([narrowed.meta.total, (narrowed.meta.analytic_header as { revenue: string }).revenue], [2, "1450.50"])
  assert.deepEqual(await numbers({}, "returned"), ["A-2"])
  assert.deepEqual(await numbers({}, "total-discount"), ["A-1"])
  assert.deepEqual(await numbers({}, "bonuses-accrued"), ["A-1"])
  assert.deepEqual(await numbers({}, "bonuses-subtract"), [])
  assert.deepEqual(await numbers({}, "marginality"), ["A-1"])
  const returnedToo = { "filter[withReturned]": true }
  const cases: [Record<string, string | string[] | boolean>, string[]][] = [
    [{ "filter[customer]": customers[0] ?? "" }, ["A-1"]],
    [{ "filter[postedBy]": [otherWorker], ...returnedToo }, ["A-2"]],
    [{ "filter[sources]": [sources[0] ?? ""] }, ["A-1"]],
    [{ "filter[sources]": ["markup"] }, []],
    [{ "filter[items]": [tulip] }, ["A-1"]],
    [{ "filter[docNo]": ["A-2"], ...returnedToo }, ["A-2"]],
    [{ "filter[amount][min]": "1000" }, ["A-1"]],
    [{ "filter[amount][max]": "1000" }, []],
    [{ "filter[delivery]": true, ...returnedToo }, ["A-2"]],
    [{ "filter[fiscalized]": true }, ["A-1"]],
    [{ "filter[paymentMethods]": ["cash"] }, ["A-1"]],
    [{ "filter[paymentMethods]": ["qr"] }, []],
    [{ "filter[shift]": idOf(55, 1) }, ["A-1"]],
    [{ "filter[statuses]": ["returned"], ...returnedToo }, ["A-2"]],
    [{ "filter[onlyExternal]": true }, []],
    [{ "filter[postedAt][from]": lateEvening, ...returnedToo }, ["A-2"]],
    [{ "filter[postedAt][to]": noon }, ["A-1"]],
    [{ "filter[withoutCouriers]": true, "filter[withoutFlorists]": true }, ["A-1"]],
    [{ "filter[florists]": [worker] }, []],
    [{ "filter[revision]": "1", "filter[stores]": [store] }, ["A-1"]],
    [{ search: "a-1" }, ["A-1"]],
    [{ search: "%" }, []],
    [{ "filter[stores]": [otherStore] }, []],
  ]
  for (const [query, expected] of cases) assert.deepEqual(await numbers(query), expected, JSON.stringify(query))
  const statuses = await ask({ addMetaStatuses: true })
  assert.deepEqual(statuses.meta.statuses, { done: 1, returned: 1 })
  const wrong = await client.call("GET", "/v1/orders/analytics/marginality", {
    token,
    query: { "filter[statuses]": ["gone"] },
    request: "malformed",
  })
  assert.equal(wrong.status, 422)
})

test("workers see their own sales, managers all, a manager of one store that store", async () => {
  const as = (role: Role, more: { worker?: string; stores?: string[] } = {}) => ground.platform.token({ role, ...more })
  const florist = await as("florist", { worker: otherWorker })
  const own = await client.call("GET", "/v1/stores/{id}/stats-workers", { token: florist, params: { id: store }, query: customDay })
  assert.deepEqual(
    own.many.map(({ relationships }) => relationships.worker?.data),
    [{ type: "workers", id: otherWorker }],
  )
  const orders = await client.call("GET", "/v1/orders/analytics/returned", { token: florist })
  assert.equal(orders.many.length, 1)
  assert.equal((await client.call("GET", "/v1/orders/analytics/shipment-revenue", { token: florist })).many.length, 0)
  for (const path of ["/v1/stats/stores/general", "/v1/report-types", "/v1/projections/current"]) {
    assert.equal((await client.call("GET", path, { token: florist, query: today })).status, 403, path)
  }
  const manager = await as("manager", { stores: [otherStore] })
  assert.equal((await client.call("GET", "/v1/stores/{id}/stats", { token: manager, params: { id: store }, query: today })).status, 403)
  const general = await client.call("GET", "/v1/stats/stores/general", { token: manager, query: customDay })
  assert.equal(general.one.attributes.revenue, 0)
  const foreign = { token: manager, query: { "filter[stores]": [store] } }
  assert.equal((await client.call("GET", "/v1/orders/analytics/marginality", foreign)).status, 403)
  assert.equal((await client.call("POST", "/v1/projections/current/rebuild", { token: await as("manager") })).status, 403)
  assert.equal((await client.call("GET", "/v1/report-types")).status, 401)
})

test("another shop sees none of it and changes nothing", async () => {
  const stranger = await ground.platform.token({ shop: shops.neighbour })
  assert.equal((await client.call("GET", "/v1/stores/{id}/stats", { token: stranger, params: { id: store }, query: today })).status, 404)
  const general = await client.call("GET", "/v1/stats/stores/general", {
    token: stranger,
    query: { ...customDay, "filter[stores]": [store] },
  })
  assert.deepEqual([general.one.attributes.revenue, general.one.attributes.cashboxAmount], [0, 0])
  assert.deepEqual((await client.call("GET", "/v1/orders/analytics/shipment-revenue", { token: stranger })).many, [])
  const item = { id: rose, price: store }
  assert.equal((await client.call("GET", "/v1/inventory-items/{id}/stats-by-store/{price}", { token: stranger, params: item })).status, 404)
  const { one } = await client.call("POST", "/v1/reports", { token, body: reportBody("9") })
  for (const [method, path] of [
    ["GET", "/v1/reports/{id}"],
    ["POST", "/v1/reports/{id}"],
    ["GET", "/v1/reports/{id}/result"],
    ["GET", "/v1/reports/{id}/result.csv"],
    ["GET", "/v1/reports/{id}/result.xlsx"],
  ] as const) {
    assert.equal((await client.call(method, path, { token: stranger, params: { id: one.id } })).status, 404, path)
  }
  const patched = await client.call("PATCH", "/v1/reports/{id}", {
    token: stranger,
    params: { id: one.id },
    body: { data: { type: "reports", attributes: { title: "Mine" } } },
  })
  assert.equal(patched.status, 404)
  assert.equal(
    (await client.call("DELETE", "/v1/reports", { token: stranger, body: { data: [{ type: "reports", id: one.id }] } })).status,
    404,
  )
  assert.equal((await client.call("GET", "/v1/reports/{id}", { token, params: { id: one.id } })).one.attributes.title, "March")
})

const reportBody = (type: string, relationships: object = {}) => ({
  data: {
    type: "reports",
    attributes: { title: "March", periodStart: "2026-03-01", periodStop: "2026-03-31", format: "xlsx" },
    relationships: { reportType: { data: { id: type, type: "report-types" } }, ...relationships },
  },
})

/** Asks until the background work has made it; the test's own time limit ends a wait for ever. */
async function prepared(id: string): Promise<void> {
  for (;;) {
    const { one } = await client.call("GET", "/v1/reports/{id}", { token, params: { id } })
    if (one.attributes.stage === "prepared") return
    await sleep(50)
  }
}

const csvOf = (id: string) => ground.platform.ask({ service: "reports", path: `/api/v1/reports/${id}/result.csv`, token })

test("each kind of report is made in the background, with a result as JSON, CSV and xlsx", { timeout: 60_000 }, async () => {
  const types = (await client.call("GET", "/v1/report-types", { token })).many
  const found: Record<string, unknown[][]> = {}
  for (const { id, attributes } of types) {
    const name = typeof attributes.typeName === "string" ? attributes.typeName : ""
    assert.equal((await client.call("GET", "/v1/report-types/{id}", { token, params: { id } })).one.attributes.title, attributes.title)
    const { status, one } = await client.call("POST", "/v1/reports", { token, body: reportBody(id) })
    assert.deepEqual([status, one.attributes.stage, one.attributes.downloadable], [201, "requested", false])
    await prepared(one.id)
    const result = await client.call("GET", "/v1/reports/{id}/result", { token, params: { id: one.id } })
    found[name] = result.one.attributes.rows as unknown[][]
    const csv = await csvOf(one.id)
    assert.equal(csv.headers.get("content-type"), "text/csv; charset=utf-8")
    assert.equal(String(csv.body).split("\r\n").length, (found[name]?.length ?? 0) + 2, "a line for the titles and one for each row")
    const asked = await fetch(`${ground.platform.url("reports")}/api/v1/reports/${one.id}/result.xlsx`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const xlsx = await readSheet(Buffer.from(await asked.arrayBuffer()))
    assert.equal(xlsx.length, (found[name]?.length ?? 0) + 1, "a row for the titles and one for each row")
  }
  assert.deepEqual(found.Sales, [["2026-03-20", 2, 15.005, 1_700.5, 1_650.5, 200, 1_450.5]])
  assert.deepEqual(found.WrittenOffItems, [["31", "Rose", 1, 60, 100]])
  assert.deepEqual(
    found.CashShifts?.map((row) => [row[0], ...row.slice(5)]),
    [["Main", 500, 250.5, 750.5, null, null]],
  )
  assert.deepEqual(found.StockBalance, [["Main", categories[0], "Rose", 89, 5_339.75, 150, 13_350]])
  assert.deepEqual(
    found.SalesByEmployees?.map((row) => [row[0], row[3]]),
    [
      ["Rosova Anna", 1_450.5],
      [otherWorker, 0],
    ],
  )
  assert.deepEqual(
    found.MarginByCategory?.map((row) => row.slice(2)),
    [
      [950, 600.25, 349.75, 36.82],
      [500.5, 0, 500.5, 100],
    ],
  )
  assert.deepEqual(
    found.Customers?.map((row) => row[3]),
    [1_450.5, 0],
  )
})

test("a report is narrowed, split, changed, made again and deleted", { timeout: 60_000 }, async () => {
  const filter = (name: string, value: string) => ({
    type: "report-filters",
    attributes: { values: [value] },
    relationships: { filterType: { data: { id: name, type: "report-filter-types" } } },
  })
  const detail = (name: string) => ({ id: name, type: "report-detailing" })
  const body = reportBody("9", {
    filters: { data: [filter("Sales-store", store), filter("Sales-item", rose)] },
    detailing: { data: [detail("Sales-item"), detail("Sales-order_num")] },
  })
  const created = await client.call("POST", "/v1/reports", { token, body, key: "report-1" })
  const again = await client.call("POST", "/v1/reports", { token, body, key: "report-1" })
  assert.equal(again.one.id, created.one.id, "the same key is one report")
  const { id } = created.one
  await prepared(id)
  const rowsOf = async () => (await client.call("GET", "/v1/reports/{id}/result", { token, params: { id } })).one.attributes.rows
  assert.deepEqual(await rowsOf(), [
    ["Rose", "A-1", 1, 10, 1_000, 950, 0, 950],
    ["Rose", "A-2", 1, 0, 200, 200, 200, 0],
  ])
  const shown = await client.call("GET", "/v1/reports/{id}", { token, params: { id } })
  assert.deepEqual(
    shown.one.relationships.detailing?.data,
    [detail("Sales-item"), detail("Sales-order_num")].map(({ id: name, type }) => ({ type, id: name })),
  )
  const attributes = { periodStart: "2026-02-01", periodStop: "2026-02-28" }
  const patch = { token, params: { id }, body: { data: { type: "reports", attributes } } }
  const changed = await client.call("PATCH", "/v1/reports/{id}", patch)
  assert.deepEqual([changed.one.attributes.stage, changed.one.attributes.periodStart], ["requested", "2026-02-01"])
  await prepared(id)
  assert.deepEqual(await rowsOf(), [])
  const stale = { ...patch, body: { data: { type: "reports", attributes: { ...attributes, revision: 1 } } }, request: "malformed" as const }
  assert.equal((await client.call("PATCH", "/v1/reports/{id}", stale)).errors[0]?.code, "stale-revision")
  assert.equal((await client.call("POST", "/v1/reports/{id}", { token, params: { id } })).one.attributes.stage, "requested")
  await prepared(id)

  const refused = async (request: object) =>
    (await client.call("POST", "/v1/reports", { token, body: request, request: "malformed" })).status
  assert.equal(await refused(reportBody("999")), 422)
  assert.equal(await refused(reportBody("104", { filters: { data: [filter("CashShifts-item", rose)] } })), 422)
  assert.equal(await refused(reportBody("9", { detailing: { data: [detail("Sales-moon")] } })), 422)
  const backwards = reportBody("9")
  backwards.data.attributes.periodStop = "2026-02-01"
  assert.equal(await refused(backwards), 422)

  assert.ok((await client.call("GET", "/v1/reports", { token })).many.some((each) => each.id === id))
  const deletion = { token, body: { data: [{ type: "reports", id }] } }
  assert.equal((await client.call("DELETE", "/v1/reports", deletion)).status, 204)
  assert.equal((await client.call("DELETE", "/v1/reports", deletion)).status, 204, "again: the same")
  assert.equal((await client.call("GET", "/v1/reports/{id}", { token, params: { id } })).status, 404)
  assert.equal((await client.call("GET", "/v1/report-types/{id}", { token, params: { id: "999" } })).status, 404)
})

test("days go by a store's own clock; where it becomes known later, the figures are built anew by it", { timeout: 60_000 }, async () => {
  const shop = await ground.openShop()
  const minutes = (Date.parse(lateEvening) - historyStart) / 60_000
  const none = {
    worker: null,
    source: null,
    customer: null,
    payments: [],
    isFiscalized: false,
    delivery: false,
    correction: null,
    returned: null,
    points: null,
  }
  const lines = [{ item: 0, qty: 1_000, amount: 70_000, discount: 0, cost: 1 }]
  await ground.send(shop, eventsOf([{ deed: "sale", store, at: minutes, lines, ...none }]))
  const revenueOn = async (day: string): Promise<number> => {
    const query = { "filter[range]": "custom", "filter[rangeFrom]": day, "filter[rangeTo]": day }
    return (await ground.get(shop, `/v1/stores/${store}/stats`, query)).body.data.attributes.revenue
  }
  assert.deepEqual([await revenueOn("2026-03-20"), await revenueOn("2026-03-21")], [700, 0])
  const attributes = { title: "Far", timezone: "Asia/Vladivostok" }
  await ground.send(shop, [event("resource.changed", noon, { type: "stores", id: store, revision: 2, deleted: false, attributes })])
  while ((await revenueOn("2026-03-21")) !== 700) await sleep(50)
  assert.equal(await revenueOn("2026-03-20"), 0)
})

test("the owner has all figures built anew; a command line does the same", { timeout: 60_000 }, async () => {
  const asked = await client.call("POST", "/v1/projections/current/rebuild", { token })
  assert.deepEqual([asked.status, asked.one.attributes.rebuild], [202, "requested"])
  const isDone = async () => {
    const { attributes } = (await client.call("GET", "/v1/projections/current", { token })).one
    return attributes.rebuild === "none" && attributes.rebuiltAt !== null
  }
  while (!(await isDone())) await sleep(50)
  const facts = shopByHeart.filter(({ type }) => type !== "resource.changed").length
  const cli = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "../src/rebuild.ts"), String(shops.rose)],
    {
      env: { ...process.env, FLORIST_DIRECTORY_URL: ground.platform.directoryUrl, FLORIST_SECRET: ground.platform.secret },
      stdio: ["ignore", "pipe", "inherit"],
    },
  )
  let said = ""
  cli.stdout.on("data", (chunk) => (said += String(chunk)))
  const [code] = (await once(cli, "close")) as [number]
  assert.deepEqual([code, said], [0, `shop ${shops.rose}: ${facts} facts\n`])
  const { one } = await client.call("GET", "/v1/stores/{id}/stats", { token, params: { id: store }, query: customDay })
  assert.equal(one.attributes.revenue, 1_450.5)
})

test("senseless requests are refused as published, and nothing is written by them", { timeout: 60_000 }, async () => {
  const fingerprint = async () => {
    const { rows } = await ground.platform.shard.query(
      "SELECT (SELECT count(*) FROM reports.report) || '/' || (SELECT coalesce(sum(run), 0) FROM reports.report) || '/' || (SELECT count(*) FROM reports.fact) AS state",
    )
    return String(rows[0].state)
  }
  // A result as a file is no JSON:API document.
  const operations = reports.operations({} as never).filter(({ path }) => !/\.(csv|xlsx)$/.test(path))
  for (const id of ["0", "-1", "x", "%00", "999999999999", "1'--"]) assert.ok([404, 422].includes((await csvOf(id)).status), id)
  await fuzz({
    client,
    token,
    operations,
    numRuns: 6,
    seed: 7,
    fingerprint,
    params: (path) =>
      path.includes("stats-by-store") ? { id: rose, price: store } : path.includes("report") ? { id: "1" } : { id: store },
    known: { stores: [store], "report-types": ["9"], reports: ["1"] },
  })
})

test("what of an order came back is taken off revenue on its day; the order counts as sold until all of it is back", async () => {
  const sold = orderWith({
    id: idOf(52, 90),
    storeId: store,
    docNo: "A-90",
    status: "done",
    revision: 1,
    postedBy: worker,
    postedAt: new Date("2026-01-15T12:00:00+03:00"),
    totalAmount: 100_000,
    lines: [lineOf(90, rose, categories[0] ?? "", 10_000, 100_000, 100_000)],
  })
  const parts = (qty: number, amount: number) => ({
    totalAmount: amount,
    lines: [lineOf(90, rose, categories[0] ?? "", qty, amount, amount)],
  })
  const kept = { ...sold, revision: 2, ...parts(7_000, 70_000) }
  const returned = { ...kept, ...parts(3_000, 30_000), returnedAt: new Date("2026-01-16T12:00:00+03:00") }
  const partly = { order: kept, returned, withWriteOff: false, returnedBy: null, shiftId: null }
  await ground.send(shops.neighbour, [
    event("order.posted", "2026-01-15T12:00:00+03:00", sold),
    event("order.returned-partly", "2026-01-16T12:00:00+03:00", partly),
    event("order.returned-partly", "2026-01-16T12:00:00+03:00", partly),
  ])
  const figures = async (from: string, to: string) => {
    const { one } = await client.call("GET", "/v1/stores/{id}/stats", {
      token: await ground.platform.token({ shop: shops.neighbour }),
      params: { id: store },
      query: { "filter[range]": "custom", "filter[rangeFrom]": from, "filter[rangeTo]": to },
    })
    const { revenue, ordersQty, ordersReturnedQty, ordersReturnedAmount } = one.attributes
    return [revenue, ordersQty, ordersReturnedQty, ordersReturnedAmount]
  }
  assert.deepEqual(await figures("2026-01-15", "2026-01-15"), [1_000, 1, 0, 0])
  assert.deepEqual(await figures("2026-01-15", "2026-01-16"), [700, 1, 0, 300])
  const rest = {
    order: { ...kept, status: "returned", revision: 3, returnedAt: new Date("2026-01-17T12:00:00+03:00") },
    withWriteOff: false,
  }
  await ground.send(shops.neighbour, [event("order.returned", "2026-01-17T12:00:00+03:00", { ...rest, returnedBy: null, shiftId: null })])
  assert.deepEqual(await figures("2026-01-15", "2026-01-17"), [0, 1, 1, 1_000])
})
