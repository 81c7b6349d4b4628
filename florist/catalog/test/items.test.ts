// Items, their codes, filters and what others are told of them, on real servers.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { itemAttributes } from "@florist/kit/contracts/catalog"
import { movementsRecorded, bouquetChanged } from "@florist/kit/contracts/stock"
import { newId } from "@florist/kit/id"
import { fuzz } from "@florist/published/fuzz"
import { shops } from "../../kit/test/platform.ts"
import { categoryBody, idsOf, itemBody, link, moved, openGround, priceBody, textOf } from "./ground.ts"
import type { Asking, Ground } from "./ground.ts"

let ground: Ground
before(async () => {
  ground = await openGround()
})
after(async () => {
  ground.client.exercised.keep("catalog-items")
  await ground[Symbol.asyncDispose]()
})

const ask = (method: string, path: string, options: Asking = {}) => ground.ask(method, path, options)
const list = (query: Asking["query"] = {}) => ask("GET", "/v1/inventory-items", { query: { "page[size]": 200, ...query } })
const get = (id: string) => ask("GET", "/v1/inventory-items/{id}", { params: { id } })
const change = (id: string, attributes: object, relationships: object = {}, token?: string) =>
  ask("PATCH", "/v1/inventory-items/{id}", {
    params: { id },
    body: { data: { type: "inventory-items", id, attributes, relationships } },
    ...(token === undefined ? {} : { token }),
  })
const make = async (attributes: Record<string, unknown> = {}, relationships: object = {}) => {
  const answer = await ask("POST", "/v1/inventory-items", { body: itemBody(attributes, relationships) })
  assert.equal(answer.status, 200)
  return answer.one.id
}
const category = async (title: string, parent: string | null = null) =>
  (await ask("POST", "/v1/categories", { body: categoryBody(title, parent) })).one.id
const told = async (id: string) =>
  (await ground.platform.shard.query("SELECT data FROM catalog.outbox WHERE subject = $1 ORDER BY xid, position", [id])).rows as {
    data: { deleted: boolean; revision: number; attributes: Record<string, unknown> }
  }[]

const codes = (...barcodes: object[]) => ({
  barcodes: { data: barcodes.map((attributes) => ({ type: "inventory-barcodes", attributes })) },
})

test("an item is made once, with its codes, images and what freshness needs; others are told", async () => {
  const [id, image] = [newId(), newId()]
  const body = itemBody(
    { description: "White", itemType: "item", fractional: true, freshForDays: 5, minimumBalance: 2.5 },
    {
      ...codes({ barcode: "725272730706", barcodeType: "upc", spawn: false }, { barcode: "9780201379624" }, { spawn: true }),
      vendorCodes: { data: [{ type: "inventory-vendor-codes", attributes: { vendorCode: "white-rose-art1" } }] },
      group: link("inventory-groups", "2"),
      images: { data: [{ type: "images", id: image }] },
      logo: link("images", image),
      measure: link("measures", "0198a000-0000-7000-8000-000000000002"),
      vendors: { data: [{ type: "vendors", id: "7" }] },
    },
    id,
  )
  for (const _ of [1, 2]) assert.equal((await ask("POST", "/v1/inventory-items", { body })).one.id, id)
  assert.equal((await ask("POST", "/v1/inventory-items", { body: itemBody({ title: "Other" }, {}, id) })).status, 409)
  const seen = await get(id)
  assert.deepEqual(
    [
      seen.one.attributes.freshForDays,
      seen.one.attributes.minimumBalance,
      seen.one.relationships.images?.data,
      seen.one.relationships.group?.data,
    ],
    [5, 2.5, [{ type: "images", id: image }], { type: "inventory-groups", id: "2" }],
  )
  const barcodes = seen.included.filter(({ type }) => type === "inventory-barcodes").map(({ attributes }) => attributes.barcode)
  assert.equal(barcodes.length, 3)
  assert.ok(
    barcodes.some((code) => textOf(code).startsWith("2")),
    "one is the shop's own",
  )
  const events = await told(id)
  assert.equal(events.length, 1)
  const { minimumBalance, freshForDays, prices } = itemAttributes.parse(events[0]?.data.attributes)
  assert.deepEqual([minimumBalance, freshForDays, prices], [2_500, 5, []])
  assert.deepEqual(idsOf(await list({ "filter[vendors]": ["7"] })), [id])
})

test("barcodes with a wrong check digit, or of another item, are refused and leave nothing behind", async () => {
  const before = await ground.fingerprint()
  for (const [attributes, status] of [
    [{ barcode: "9780201379625" }, 422],
    [{ barcode: "123" }, 422],
    [{ barcode: "90311017", barcodeType: "ean13" }, 422],
    [{ barcode: "9780201379624" }, 409],
  ] as const) {
    assert.equal((await ask("POST", "/v1/inventory-items", { body: itemBody({}, codes(attributes)) })).status, status)
  }
  assert.equal(await ground.fingerprint(), before)
})

test("an item is changed, by revision where one is given, made public, deleted; its barcode is free then", async () => {
  const id = await make({ title: "Black rose" }, codes({ barcode: "96385074" }))
  assert.equal((await change(id, { title: "Blacker rose", revision: 0 })).status, 409)
  const changed = await change(id, { title: "Blacker rose", description: null }, codes({ barcode: "4006381333931" }))
  assert.equal(changed.one.attributes.title, "Blacker rose")
  assert.deepEqual(
    (await get(id)).included.map(({ attributes }) => attributes.barcode).filter((code) => code !== undefined),
    ["4006381333931"],
  )
  const publish = (item: string) =>
    ask("PATCH", "/v1/inventory-items", { body: { data: [{ type: "inventory-items", id: item, attributes: { public: true } }] } })
  assert.equal((await publish(id)).many[0]?.attributes.public, true)
  assert.equal((await publish(newId())).status, 404)
  const remove = (item: string) => ask("DELETE", "/v1/inventory-items", { body: { data: [{ type: "inventory-items", id: item }] } })
  for (const _ of [1, 2]) assert.equal((await remove(id)).status, 200)
  assert.equal((await remove(newId())).status, 404)
  assert.equal((await get(id)).status, 404)
  assert.equal((await change(id, { title: "Again" })).status, 404)
  assert.deepEqual(idsOf(await list({ "filter[id]": [id] })), [])
  assert.deepEqual(idsOf(await list({ "filter[id]": [id], "filter[revision]": 0 })), [id])
  assert.equal((await told(id)).at(-1)?.data.deleted, true)
  await make({ title: "Heir" }, codes({ barcode: "4006381333931" }))
})

test("a service has no stock, and what has stock becomes no service", async () => {
  assert.equal((await ask("POST", "/v1/inventory-items", { body: itemBody({ itemType: "service", freshForDays: 3 }) })).status, 422)
  const service = await make({ title: "Wrapping", itemType: "service" })
  assert.equal((await change(service, { minimumBalance: 1 })).status, 422)
  const item = await make({ title: "Moss", freshForDays: 9 })
  assert.equal((await change(item, { itemType: "service" })).one.attributes.freshForDays, null)
  const stocked = await make({ title: "Fern" })
  await ground.tell("stock", movementsRecorded, { movements: [moved({ itemId: stocked, storeId: newId(), qty: 1_000 })] })
  assert.equal((await change(stocked, { itemType: "service" })).status, 422)
  assert.deepEqual(idsOf(await list({ type: "service", search: "wrapp" })), [service])
})

test("search finds by the beginnings of words of the title, by vendor codes and by a scanned barcode", async () => {
  const id = await make(
    { title: "Пион «Сара Бернар» ёмкость" },
    {
      ...codes({ barcode: "5901234123457" }),
      vendorCodes: { data: [{ type: "inventory-vendor-codes", attributes: { vendorCode: "PB-77" } }] },
    },
  )
  for (const search of ["пион", "САР", "бер пио", "емк", "pb-77", "5901234123457"])
    assert.deepEqual(idsOf(await list({ search })), [id], search)
  for (const search of ["ион", "пион роза", "!!"]) assert.deepEqual(idsOf(await list({ search })), [], search)
  assert.equal((await change(id, { title: "Тюльпан" })).status, 200)
  assert.deepEqual(idsOf(await list({ search: "пион" })), [])
  assert.deepEqual(idsOf(await list({ search: "тюл" })), [id])
})

test("each filter of categories, dates, origins and prices shows what it says", async () => {
  const [root, store] = [await category("Filter"), newId()]
  const below = await category("Filter below", root)
  const [inRoot, inBelow] = [
    await make({ title: "Fa" }, { category: link("categories", root) }),
    await make({ title: "Fb", globalId: "g-1", public: true }, { category: link("categories", below) }),
  ]
  const within = async (query: Asking["query"]) => idsOf(await list({ "filter[categories]": [root, below], ...query }))
  assert.deepEqual(idsOf(await list({ "filter[categories]": [root] })), [inRoot])
  assert.deepEqual(new Set(idsOf(await list({ "filter[categories]": [root], recursive: true }))), new Set([inRoot, inBelow]))
  assert.deepEqual(await within({ public: true }), [inBelow])
  assert.deepEqual(await within({ "filter[globalId]": "g-1" }), [inBelow])
  assert.deepEqual(await within({ "filter[dataSource]": "catalog" }), [inBelow])
  assert.equal((await within({ "filter[dataSource]": "both" })).length, 2)
  assert.deepEqual(await within({ from: "2090-01-01T00:00:00Z" }), [])
  assert.equal((await within({ from: "2020-01-01T00:00:00Z", type: "item" })).length, 2)
  const { meta } = await list()
  assert.equal(
    (
      await ask("POST", "/v1/inventory-items/{id}/prices", {
        params: { id: inRoot },
        body: { data: priceBody(store, { price: 99.5, status: "on" }) },
      })
    ).status,
    200,
  )
  assert.deepEqual(idsOf(await list({ "filter[revision]": Number(meta.revision) })), [inRoot])
  assert.deepEqual(await within({ "filter[hasActivePrices]": true }), [inRoot])
  assert.deepEqual(await within({ "filter[hasActivePrices]": true, "filter[store]": store }), [inRoot])
  assert.deepEqual(await within({ "filter[hasActivePrices]": true, "filter[store]": newId() }), [])
  assert.deepEqual(await within({ "filter[storePrice]": store }), [inRoot])
  assert.deepEqual(await within({ "filter[store]": store }), [inRoot])
  const page = await ask("GET", "/v1/catalog/{category}", { params: { category: root } })
  assert.deepEqual(
    page.many.map(({ id, attributes }) => [id, attributes.activePoints, attributes.minPrice]),
    [[`item-${inRoot}`, 1, 99.5]],
  )
  assert.equal((await ask("GET", "/v1/catalog/{category}", { params: { category: newId() } })).status, 404)
  assert.equal((await ask("GET", "/v1/catalog/inventory-items/{id}", { params: { id: inRoot } })).one.id, inRoot)
  assert.equal((await ask("GET", "/v1/catalog/inventory-items/{id}", { params: { id: newId() } })).status, 404)
})

test("filters of stock follow its ledger: balances, movements, sales, journals and the window, by store; an event that comes again counts once", async () => {
  const [here, there, receipt, bouquet] = [newId(), newId(), newId(), newId()]
  const [full, short, empty, never] = [await make(), await make(), await make(), await make()]
  const within = async (query: Asking["query"]) => new Set(idsOf(await list({ "filter[id]": [full, short, empty, never], ...query })))
  const recorded = {
    movements: [
      moved({ itemId: full, storeId: here, qty: 4_000, documentId: receipt }),
      // A transfer is named by its number.
      moved({ itemId: full, storeId: here, qty: 1_000, kind: "transfer-in", documentId: "1" }),
      moved({ itemId: short, storeId: here, qty: -1_000, kind: "sale", occurredAt: new Date("2026-03-08T10:00:00Z") }),
      moved({ itemId: empty, storeId: there, qty: 2_000 }),
      moved({ itemId: empty, storeId: there, qty: -2_000, kind: "assembly-out", documentId: bouquet }),
    ],
  }
  await ground.tell("stock", movementsRecorded, recorded)
  const { rows } = await ground.platform.shard.query("SELECT id FROM stock.outbox ORDER BY position DESC LIMIT 1")
  await ground.platform.shard.query(
    "INSERT INTO stock.outbox (shop_id, id, type, subject, occurred_at, data) SELECT shop_id, id, type, subject, occurred_at, data FROM stock.outbox WHERE id = $1",
    [rows[0]?.id],
  )
  await ground.platform.settle()
  assert.deepEqual(await within({ "filter[available]": true }), new Set([full]))
  assert.deepEqual(await within({ "filter[balances][nonzero]": true }), new Set([full, short]))
  assert.equal((await within({ "filter[balances][nonzero]": false })).size, 4)
  assert.equal((await list({ "filter[balances][nonzero]": true, "filter[available]": true })).status, 422)
  assert.deepEqual(await within({ "filter[hasTransactions]": true }), new Set([full, short, empty]))
  assert.deepEqual(await within({ "filter[hasTransactions]": true, "filter[store]": there }), new Set([empty]))
  assert.deepEqual(
    await within({ "filter[sold][from]": "2026-03-08T00:00:00Z", "filter[sold][to]": "2026-03-08T23:59:59Z" }),
    new Set([short]),
  )
  assert.deepEqual(await within({ "filter[sold][from]": "2026-03-09T00:00:00Z" }), new Set())
  assert.deepEqual(await within({ "filter[sold][to]": "2026-03-09T00:00:00Z", "filter[store]": there }), new Set())
  assert.deepEqual(await within({ "filter[exclude][journal]": receipt }), new Set([short, empty, never]))
  assert.deepEqual(await within({ "filter[onWindow]": true }), new Set())
  const snapshot = {
    id: bouquet,
    docNo: "1",
    title: "B",
    storeId: there,
    orderId: null,
    floristId: null,
    cost: 1,
    salePrice: 2,
    assembledAt: null,
    onWindowAt: null,
  }
  await ground.tell("stock", bouquetChanged, { ...snapshot, status: "demonstrated", revision: 2 })
  await ground.tell("stock", bouquetChanged, { ...snapshot, status: "assembled", revision: 1 })
  assert.deepEqual(await within({ "filter[onWindow]": true }), new Set([empty]))
  assert.deepEqual(await within({ "filter[onWindow]": true, "filter[store]": here }), new Set())
  await ground.tell("stock", bouquetChanged, { ...snapshot, status: "sold", revision: 3 })
  assert.deepEqual(await within({ "filter[onWindow]": true }), new Set())
  const { rows: balances } = await ground.platform.shard.query("SELECT qty FROM catalog.balance WHERE item_id = $1", [full])
  assert.deepEqual(balances, [{ qty: "5000" }])
})

test("another shop's items are neither seen nor changed, and who only sells changes nothing", async () => {
  const id = await make({ title: "Secret" }, codes({ barcode: "73513537" }))
  const before = await ground.fingerprint()
  const token = await ground.platform.token({ shop: shops.neighbour })
  const attacks = [
    await ask("GET", "/v1/inventory-items/{id}", { params: { id }, token }),
    await change(id, { title: "X" }, {}, token),
    await ask("PATCH", "/v1/inventory-items", { body: { data: [{ type: "inventory-items", id, attributes: { public: true } }] }, token }),
    await ask("DELETE", "/v1/inventory-items", { body: { data: [{ type: "inventory-items", id }] }, token }),
    await ask("POST", "/v1/inventory-items/{id}/prices", {
      params: { id },
      body: { data: priceBody(newId(), { price: 1, status: "on" }) },
      token,
    }),
  ]
  assert.deepEqual(new Set(attacks.map(({ status }) => status)), new Set([404]))
  assert.deepEqual(idsOf(await ask("GET", "/v1/inventory-items", { query: { search: "73513537" }, token })), [])
  const florist = await ground.platform.token({ role: "florist" })
  assert.equal((await change(id, { title: "X" }, {}, florist)).status, 403)
  assert.equal((await ask("GET", "/v1/inventory-items/{id}", { params: { id }, token: florist })).status, 200)
  assert.equal(await ground.fingerprint(), before)
})

test("the same request with one key at once is one item", async () => {
  const body = { data: { type: "inventory-items", attributes: { title: "Once" } } }
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask("POST", "/v1/inventory-items", { body, key: "once" })))
  assert.equal(new Set(answers.map(({ one }) => one.id)).size, 1)
  assert.equal(idsOf(await list({ search: "once" })).length, 1)
})

test("groups and measures are listed", async () => {
  assert.equal((await ask("GET", "/v1/inventory-groups")).many.length, 9)
  assert.equal((await ask("GET", "/v1/measures")).many.length, 5)
})

test("right, broken and senseless requests are refused or done, never half", async () => {
  const [item, root, store] = [await make(), await category("Fuzz"), newId()]
  await ask("POST", "/v1/inventory-items/{id}/prices", {
    params: { id: item },
    body: { data: priceBody(store, { price: 5, status: "on" }) },
  })
  await fuzz({
    client: ground.client,
    operations: ground.operations,
    numRuns: 12,
    seed: 8,
    token: ground.owner,
    known: { "inventory-items": [item], categories: [root], stores: [store] },
    params: (path) => ({ id: path.includes("categor") ? root : item, category: root, price: `${item}-${store}` }),
    fingerprint: () => ground.fingerprint(),
  })
})
