// The tree of categories, the history of prices and price lists, on real servers.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { orderPosted } from "@florist/kit/contracts/orders"
import { movementsRecorded } from "@florist/kit/contracts/stock"
import { openFleet } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import { shops } from "../../kit/test/platform.ts"
import { exportStep } from "../src/export-job.ts"
import { catalog } from "../src/service.ts"
import { categoryBody, itemBody, link, moved, openGround, priceBody, textOf } from "./ground.ts"
import type { Asking, Ground } from "./ground.ts"

let ground: Ground
before(async () => {
  // Price lists are made by the tests themselves, step by step.
  const { background: _, ...asked } = catalog
  ground = await openGround(asked)
})
after(async () => {
  ground.client.exercised.keep("catalog-tree-and-prices")
  await ground[Symbol.asyncDispose]()
})

const ask = (method: string, path: string, options: Asking = {}) => ground.ask(method, path, options)
const category = async (title: string, parent: string | null = null) =>
  (await ask("POST", "/v1/categories", { body: categoryBody(title, parent) })).one.id
const change = (id: string, attributes: object, relationships: object = {}) =>
  ask("PATCH", "/v1/categories/{id}", { params: { id }, body: { data: { type: "categories", id, attributes, relationships } } })
const moveTo = (id: string, parent: string | null) =>
  change(id, {}, { parent: { data: parent === null ? null : { type: "categories", id: parent } } })
const remove = (id: string) => ask("DELETE", "/v1/categories/{id}", { params: { id } })
const all = async () => (await ask("GET", "/v1/categories")).many
const one = async (id: string) => (await all()).find((each) => each.id === id)
const item = async (attributes: Record<string, unknown> = {}, relationships: object = {}) =>
  (await ask("POST", "/v1/inventory-items", { body: itemBody(attributes, relationships) })).one.id

test("a category is made once, shown with its path, renamed, moved with what is below it, and deleted when it is empty", async () => {
  const body = categoryBody("Roses")
  for (const _ of [1, 2]) assert.equal((await ask("POST", "/v1/categories", { body })).one.id, body.data.id)
  assert.equal((await ask("POST", "/v1/categories", { body: categoryBody("Other", null, body.data.id) })).status, 409)
  assert.equal((await ask("POST", "/v1/categories", { body: categoryBody("Orphan", newId()) })).status, 422)
  const roses = body.data.id
  const [red, tea] = [await category("Red", roses), await category("Tea")]
  const dark = await category("Dark", red)
  assert.deepEqual(
    [(await one(dark))?.attributes.path, (await one(dark))?.attributes.pathIds],
    [
      ["Roses", "Red"],
      [roses, red],
    ],
  )
  assert.equal((await change(roses, { title: "All roses", status: "off", revision: 0 })).status, 409)
  assert.equal((await change(roses, { title: "All roses" })).status, 200)
  assert.equal((await moveTo(red, tea)).status, 200)
  assert.deepEqual((await one(dark))?.attributes.path, ["Tea", "Red"])
  assert.equal((await moveTo(tea, dark)).status, 422)
  assert.equal((await moveTo(tea, tea)).status, 422)
  assert.equal((await remove(tea)).status, 400)
  assert.equal((await remove(newId())).status, 404)
  assert.equal((await change(newId(), {})).status, 404)
  for (const _ of [1, 2]) assert.equal((await remove(dark)).status, 200)
  assert.equal(await one(dark), undefined)
  assert.equal((await change(roses, { status: "off" })).one.attributes.status, "off")
  const shown = (await ask("GET", "/v1/catalog/categories")).many.map(({ id }) => id)
  assert.ok(shown.includes(tea) && !shown.includes(roses))
  assert.equal((await ask("GET", "/v1/catalog/categories/{id}", { params: { id: tea } })).one.id, tea)
  assert.equal((await ask("GET", "/v1/catalog/categories/{id}", { params: { id: roses } })).status, 404)
  const token = await ground.platform.token({ shop: shops.neighbour })
  assert.equal(
    (await ask("PATCH", "/v1/categories/{id}", { params: { id: tea }, body: { data: { attributes: { title: "X" } } }, token })).status,
    404,
  )
  assert.equal((await ask("DELETE", "/v1/categories/{id}", { params: { id: tea }, token })).status, 404)
})

test("a category counts its public items, whichever way they come and go", async () => {
  const [from, to] = [await category("From"), await category("To")]
  const counts = async () => [(await one(from))?.attributes.countPublicItems, (await one(to))?.attributes.countPublicItems]
  const [first, second] = [
    await item({ public: true }, { category: link("categories", from) }),
    await item({}, { category: link("categories", from) }),
  ]
  assert.deepEqual(await counts(), [1, 0])
  assert.equal(
    (await ask("PATCH", "/v1/inventory-items", { body: { data: [{ type: "inventory-items", id: second, attributes: { public: true } }] } }))
      .status,
    200,
  )
  assert.deepEqual(await counts(), [2, 0])
  await ask("PATCH", "/v1/inventory-items/{id}", {
    params: { id: first },
    body: { data: { type: "inventory-items", attributes: {}, relationships: { category: link("categories", to) } } },
  })
  assert.deepEqual(await counts(), [1, 1])
  await ask("DELETE", "/v1/inventory-items", { body: { data: [{ type: "inventory-items", id: first }] } })
  assert.deepEqual(await counts(), [1, 0])
  assert.equal((await remove(from)).status, 400)
  assert.equal((await remove(to)).status, 200)
})

test("however categories are moved at once, none lies below itself, and every path leads to its root", async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, (_, n) => category(`Moved ${n}`)))
  const place = fc.integer({ min: 0, max: 4 })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(place, fc.option(place)), { minLength: 2, maxLength: 6 }), async (moves) => {
      const answers = await Promise.all(moves.map(([id, to]) => moveTo(ids[id] ?? "", to === null ? null : (ids[to] ?? ""))))
      for (const { status } of answers) assert.ok(status === 200 || status === 422)
      const rows = new Map((await all()).filter(({ id }) => ids.includes(id)).map((row) => [row.id, row]))
      for (const [id, { attributes, relationships }] of rows) {
        const above: string[] = []
        for (
          let up = relationships.parent?.data;
          typeof up === "object" && up !== null && "id" in up;
          up = rows.get(textOf(up.id))?.relationships.parent?.data
        ) {
          above.unshift(textOf(up.id))
          assert.ok(above.length < 5 && !above.includes(id))
        }
        assert.deepEqual(attributes.pathIds, above)
      }
    }),
    { numRuns: 25 },
  )
})

const pricesOf = async (id: string) => (await ask("GET", "/v1/inventory-items/{id}/prices", { params: { id } })).many
const setPrice = (id: string, store: string | null, attributes: object, token?: string) =>
  ask("POST", "/v1/inventory-items/{id}/prices", {
    params: { id },
    body: { data: priceBody(store, attributes) },
    ...(token === undefined ? {} : { token }),
  })

test("prices are set for stores and for the shop, switched off, and told of; an item knows its range", async () => {
  const [id, store] = [await item(), newId()]
  const set = await setPrice(id, store, { price: 150.5, status: "on" })
  assert.deepEqual([set.one.id, set.one.attributes.price, set.one.attributes.cost], [`${id}-${store}`, 150.5, 0])
  assert.equal((await setPrice(id, null, { price: 99, status: "on" })).one.relationships.store?.data, null)
  const others = [newId(), newId()]
  const bulk = await ask("POST", "/v1/inventory-items/{id}/bulk-prices", {
    params: { id },
    body: { data: others.map((other, n) => priceBody(other, { price: 200 + n, status: "on" })) },
  })
  assert.deepEqual(
    bulk.many.map(({ attributes }) => attributes.price),
    [200, 201],
  )
  const flip = (price: string, status: string) =>
    ask("PATCH", "/v1/inventory-items/{id}/prices", {
      params: { id },
      body: { data: { type: "prices", id: price, attributes: { status, setAt: "2026-03-08T10:00:00+03:00" } } },
    })
  assert.equal((await flip(`${id}-${others[1] ?? ""}`, "off")).one.attributes.status, "off")
  assert.equal((await flip(`${id}-${newId()}`, "off")).status, 404)
  assert.equal((await flip(`${newId()}-${store}`, "off")).status, 422)
  const shown = (await ask("GET", "/v1/inventory-items/{id}", { params: { id } })).one.attributes
  assert.deepEqual([shown.priceMin, shown.priceMax, (await pricesOf(id)).length], [99, 200, 4])
  const { rows } = await ground.platform.shard.query(
    "SELECT data FROM catalog.outbox WHERE subject = $1 ORDER BY xid DESC, position DESC LIMIT 1",
    [id],
  )
  const { prices } = (rows[0] as { data: { attributes: { prices: { storeId: string | null; price: number }[] } } }).data.attributes
  assert.deepEqual(
    new Map(prices.map(({ storeId, price }) => [storeId, price])),
    new Map<string | null, number>([
      [null, 9_900],
      [store, 15_050],
      [others[0] ?? "", 20_000],
    ]),
  )
  assert.equal((await setPrice(newId(), store, { price: 1, status: "on" })).status, 404)
  assert.equal((await setPrice(id, store, { price: -1, status: "on" })).status, 422)
  assert.equal((await setPrice(id, store, { price: 1, status: "on", occurredAt: "2090-01-01T00:00:00Z" })).status, 422)
  const some = await ground.platform.token({ role: "manager", stores: [store] })
  assert.deepEqual(
    [
      (await setPrice(id, store, { price: 150, status: "on" }, some)).status,
      (await setPrice(id, newId(), { price: 1, status: "on" }, some)).status,
      (await setPrice(id, null, { price: 1, status: "on" }, some)).status,
    ],
    [200, 403, 403],
  )
  const bad = await ask("POST", "/v1/inventory-items/{id}/bulk-prices", { params: { id }, body: { data: [] } })
  assert.equal(bad.status, 422)
})

test("in whatever order and however many at once prices arrive, each is what the history says it was last set to, and the history keeps them all", async () => {
  const start = Date.UTC(2026, 2, 1)
  const setting = fc.record({
    store: fc.integer({ min: 0, max: 1 }),
    day: fc.integer({ min: 0, max: 20 }),
    price: fc.integer({ min: 0, max: 500 }),
    status: fc.constantFrom("on", "off"),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(setting, { selector: ({ store, day }) => `${store}:${day}`, minLength: 1, maxLength: 8 }),
      async (settings) => {
        const [id, stores] = [await item(), [newId(), newId()]]
        const answers = await Promise.all(
          settings.map(({ store, day, price, status }) =>
            setPrice(id, stores[store] ?? "", { price, status, occurredAt: new Date(start + day * 86_400_000).toISOString() }),
          ),
        )
        for (const { status } of answers) assert.equal(status, 200)
        const kept = await pricesOf(id)
        for (const [n, store] of stores.entries()) {
          const own = settings.filter((each) => each.store === n).toSorted((a, b) => a.day - b.day)
          const last = own.at(-1)
          const now = kept.find((each) => each.id === `${id}-${store}`)
          assert.deepEqual([now?.attributes.price, now?.attributes.status], [last?.price, last?.status])
          const period = {
            "filter[sold][startDate]": "2026-03-01T00:00:00Z",
            "filter[sold][endDate]": "2026-03-22T00:00:00Z",
            "filter[format]": "day",
          }
          const dynamics = await ask("GET", "/v1/inventory-items/{id}/price-dynamics/{price}", {
            params: { id, price: `${id}-${store}` },
            query: period,
          })
          const replayed = Array.from({ length: 21 }, (_, day) => own.findLast((each) => each.day <= day)?.price ?? 0)
          assert.deepEqual(
            dynamics.many.map(({ attributes }) => attributes.price),
            replayed,
          )
        }
        const active = kept.filter(({ attributes }) => attributes.status === "on").map(({ attributes }) => Number(attributes.price))
        const { priceMin, priceMax } = (await ask("GET", "/v1/inventory-items/{id}", { params: { id } })).one.attributes
        assert.deepEqual([priceMin, priceMax], active.length === 0 ? [0, 0] : [Math.min(...active), Math.max(...active)])
      },
    ),
    { numRuns: 15 },
  )
})

test("the dynamics of a price tell what was paid and what it cost, from sales that were followed", async () => {
  const [id, store] = [await item(), newId()]
  const at = new Date("2026-03-08T10:00:00Z")
  await setPrice(id, store, { price: 150, status: "on", occurredAt: "2026-03-01T00:00:00Z" })
  await ground.tell("stock", movementsRecorded, {
    movements: [
      moved({ itemId: id, storeId: store, qty: 10_000, cost: 50_000 }),
      moved({ itemId: id, storeId: store, qty: -2_000, cost: -10_000, kind: "sale", occurredAt: at }),
    ],
  })
  const line = {
    id: newId(),
    itemId: id,
    bouquetId: null,
    title: "Rose",
    categoryId: null,
    qty: 2_000,
    price: 15_000,
    amount: 30_000,
    total: 27_000,
  }
  const nobody = {
    customerId: null,
    sourceId: null,
    createdBy: null,
    postedBy: null,
    floristId: null,
    courierId: null,
    dueTime: null,
    returnedAt: null,
    deliveryStatus: null,
  }
  const amounts = {
    totalAmount: 27_000,
    discountAmount: 3_000,
    markupAmount: 0,
    budget: 0,
    delivery: false,
    fiscalized: false,
    byBonuses: false,
  }
  await ground.tell("orders", orderPosted, {
    id: newId(),
    docNo: "1",
    status: "done",
    revision: 1,
    storeId: store,
    date: "2026-03-08",
    createdAt: at,
    updatedAt: at,
    postedAt: at,
    ...nobody,
    ...amounts,
    lines: [line],
  })
  const ask8 = (query: Asking["query"]) =>
    ask("GET", "/v1/inventory-items/{id}/price-dynamics/{price}", { params: { id, price: `${id}-${store}` }, query: query ?? {} })
  const answer = await ask8({ "filter[sold][startDate]": "2026-03-01T00:00:00Z", "filter[sold][endDate]": "2026-03-15T00:00:00Z" })
  assert.deepEqual(
    answer.many.map(({ attributes: { price, sellingPrice, cost } }) => [price, sellingPrice, cost]),
    [
      [150, 0, 0],
      [150, 135, 50],
    ],
  )
  assert.deepEqual(answer.meta, { price: 150, cost: 50, format: "week" })
  assert.equal(
    (await ask8({ "filter[sold][startDate]": "1990-01-01", "filter[sold][endDate]": "2026-03-15", "filter[format]": "day" })).status,
    400,
  )
  assert.equal((await ask("GET", "/v1/inventory-items/{id}/price-dynamics/{price}", { params: { id: newId(), price: store } })).status, 404)
})

test("a price list is made part by part, goes on after each step was cut off, and is fetched whole", async () => {
  const [root, id] = [await category("Listed"), newId()]
  const below = await category("Below", root)
  await ground.platform.shard.query(
    `INSERT INTO catalog.item (shop_id, id, title, item_type, category_id, group_id, measure_id, content_hash, created_at, updated_at, revision)
     SELECT $1, gen_random_uuid(), 'Listed ' || n, 'item', $2, 1, '0198a000-0000-7000-8000-000000000001', '', now(), now(), 1 FROM generate_series(1, 1200) n`,
    [shops.rose, below],
  )
  const start = (format: string) => ask("GET", "/v1/catalog-export/{category}", { params: { category: root }, query: { format } })
  const [csv, again, yml] = [await start("csv"), await start("csv"), await start("yml")]
  assert.deepEqual([csv.one.attributes.status, again.one.id], ["created", csv.one.id])
  const file = (of: string) => ground.platform.ask({ service: "catalog", path: `/api/v1/catalog-exports/${of}/file` })
  assert.equal((await file(csv.one.id)).status, 409)
  const fleet = openFleet({ service: "catalog", directoryUrl: ground.platform.directoryUrl, poolSize: 2 })
  const shard = (await fleet.shards()).find(({ name }) => name === "Shard s1")
  assert.ok(shard !== undefined)
  // Each step is first cut off at its end, as by a crash: nothing of it may stay.
  for (let steps = 0; steps < 20; steps++) {
    const cut = Object.assign(Object.create(shard) as typeof shard, {
      transaction: (shop: number | undefined, work: Parameters<typeof shard.transaction>[1]) =>
        shard.transaction(shop, async (reader) => {
          await work(reader)
          throw new Error("cut off")
        }),
    })
    await assert.rejects(exportStep(cut, new Date()), /cut off/)
    if (!(await exportStep(shard, new Date()))) break
  }
  await fleet.close()
  const seen = await ask("GET", "/v1/catalog-exports/{id}", { params: { id: csv.one.id } })
  assert.deepEqual([seen.one.attributes.status, seen.one.attributes.items], ["done", 1_200])
  const lines = textOf((await file(csv.one.id)).body)
    .trimEnd()
    .split("\r\n")
  assert.equal(new Set(lines).size, 1_201)
  assert.match(lines[1] ?? "", /,Listed \/ Below,/)
  const offers = textOf((await file(yml.one.id)).body)
  assert.equal(offers.match(/<offer /g)?.length, 1_200)
  assert.ok(offers.endsWith("</yml_catalog>\n"))
  for (const path of ["/v1/catalog-exports/{id}", "/v1/catalog-exports/{id}/file"])
    assert.equal((await ask("GET", path, { params: { id } })).status, 404)
  assert.equal((await ask("GET", "/v1/catalog-export/{category}", { params: { category: id } })).status, 404)
  const token = await ground.platform.token({ shop: shops.neighbour })
  assert.equal((await ask("GET", "/v1/catalog-exports/{id}", { params: { id: csv.one.id }, token })).status, 404)
})

test("a running service makes price lists by itself", async () => {
  const root = await category("By itself")
  await ground.platform.stop("catalog")
  const { address } = await ground.platform.start(catalog)
  const asked = (path: string) => ground.platform.ask({ service: "catalog", path: `/api${path}` })
  assert.ok(address.startsWith("http"))
  const { id } = (await asked(`/v1/catalog-export/${root}`)).body.data
  while ((await asked(`/v1/catalog-exports/${id}`)).body.data.attributes.status !== "done") await sleep(50)
  assert.match((await asked(`/v1/catalog-exports/${id}/file`)).body, /^id,title/)
})
