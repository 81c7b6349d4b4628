// Sources, preferences, celebrations, events and groups over HTTP; then every operation with broken and senseless requests.
import { newId } from "@florist/kit/id"
import { fuzz } from "@florist/published/fuzz"
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { ownerId, shops } from "../../kit/test/platform.ts"
import { openShop, orderOf, posted } from "./shop.ts"
import type { Shop } from "./shop.ts"

let shop: Shop
before(async () => {
  shop = await openShop()
})
after(() => shop[Symbol.asyncDispose]())

const one = (type: string, attributes: object, more: object = {}) => ({ data: { type, attributes, ...more } })

for (const [type, switched] of [
  ["customer-sources", { "filter[disabled]": true }],
  ["customer-preferences", { "filter[onlyActive]": false }],
] as const) {
  test(`${type} are created, changed, deleted, and told to who asks what changed`, async () => {
    const path = `/v1/${type}`
    const created = await shop.call("POST", path, { body: one(type, { title: "Roses" }) })
    assert.deepEqual([created.status, created.one.attributes.title, created.one.attributes.deleted], [201, "Roses", false])
    const { id } = created.one
    const renamed = await shop.call("PATCH", `${path}/{id}`, { params: { id }, body: one(type, { title: "Peonies" }, { id: Number(id) }) })
    assert.equal(renamed.one.attributes.title, "Peonies")
    const stale = one(type, { title: "x", revision: created.one.attributes.revision })
    assert.equal((await shop.call("PATCH", `${path}/{id}`, { params: { id }, body: stale })).status, 409)
    assert.equal((await shop.call("PATCH", `${path}/{id}`, { params: { id: "99" }, body: one(type, { title: "x" }) })).status, 404)
    assert.equal((await shop.call("POST", path, { body: one(type, { title: " " }) })).status, 400)
    assert.equal(
      (
        await shop.call("DELETE", path, {
          body: {
            data: [
              { type, id: Number(id) },
              { type, id: 99 },
            ],
          },
        })
      ).status,
      404,
    )
    assert.equal((await shop.call("GET", path)).many.length, 1)
    assert.equal((await shop.call("GET", path, { shop: shops.neighbour })).many.length, 0)
    const seen = Number((await shop.call("GET", path)).meta.revision)
    assert.equal((await shop.call("DELETE", path, { body: { data: [{ type, id: Number(id) }] } })).status, 200)
    assert.equal((await shop.call("GET", path)).many.length, 0)
    assert.deepEqual(
      (await shop.call("GET", path, { query: switched })).many.map((each) => each.attributes.deleted),
      [true],
    )
    assert.deepEqual(
      (await shop.call("GET", path, { query: { "filter[revision]": seen } })).many.map((each) => each.id),
      [id],
    )
    assert.equal((await shop.call("POST", path, { body: one(type, { title: "x" }), as: "courier" })).status, 403)
  })
}

test("a celebration has days of its own, which stay the same days where they are named", async () => {
  const type = "customer-celebrations"
  const day = (dateFrom: string, dateUntil: string, more: object = {}) => ({
    type: "celebration-dates",
    attributes: { dateFrom, dateUntil },
    ...more,
  })
  const dates = (...data: object[]) => ({ relationships: { dates: { data } } })
  const created = await shop.call("POST", "/v1/customer-celebrations", {
    body: one(type, { title: "Shop's birthday" }, dates(day("2024-07-19", "2024-07-20"), day("2025-07-19", "2025-07-19"))),
  })
  assert.equal(created.status, 201)
  const { id } = created.one
  const [first, second] = created.included.map((each) => each.id)
  const listed = await shop.call("GET", "/v1/customer-celebrations")
  assert.deepEqual([listed.many[0]?.id, listed.meta.minYear, listed.included.length], [id, "2024", 2])
  const changed = await shop.call("PATCH", "/v1/customer-celebration/{id}", {
    params: { id },
    body: one(
      type,
      { title: "Birthday" },
      { id, ...dates(day("2024-07-21", "2024-07-22", { id: first }), day("2026-07-19", "2026-07-19")) },
    ),
  })
  assert.equal(changed.one.attributes.title, "Birthday")
  const ids = changed.included.map((each) => each.id)
  assert.ok(ids.includes(first ?? "") && !ids.includes(second ?? "") && ids.length === 2)
  const backwards = one(type, { title: "x" }, dates(day("2024-07-21", "2024-07-20")))
  assert.equal((await shop.call("POST", "/v1/customer-celebrations", { body: backwards })).status, 400)
  assert.deepEqual((await shop.call("GET", "/v1/customer-celebration/{id}", { params: { id } })).one, changed.one)
  const removal = { body: { data: [{ id, type }] } }
  assert.equal((await shop.call("DELETE", "/v1/customer-celebrations", removal)).status, 201)
  assert.equal((await shop.call("GET", "/v1/customer-celebration/{id}", { params: { id } })).status, 404)
  assert.equal((await shop.call("DELETE", "/v1/customer-celebrations", { body: { data: [{ id: "99", type }] } })).status, 404)
})

test("an event belongs to a customer and is created once", async () => {
  const type = "customer-events"
  const customer = await shop.customer()
  const id = newId()
  const body = one(
    type,
    { title: "Daughter's birthday", dateFrom: "2026-10-12", dateUntil: "2026-10-12" },
    {
      id,
      relationships: { customer: { data: { type: "customers", id: customer } } },
    },
  )
  const created = await shop.call("POST", "/v1/customer-events", { body })
  assert.deepEqual([created.status, created.one.id], [200, id])
  assert.deepEqual((await shop.call("POST", "/v1/customer-events", { body })).one, created.one)
  assert.deepEqual(
    (await shop.call("GET", "/v1/customers/{id}", { params: { id: customer }, query: { include: ["customerEvents"] } })).included[0],
    created.one,
  )
  assert.deepEqual((await shop.call("GET", "/v1/customer-events", { query: { "filter[customer]": customer } })).many, [created.one])
  const changed = await shop.call("PATCH", "/v1/customer-events/{id}", {
    params: { id },
    body: one(type, { title: "Sister's birthday" }, { id }),
  })
  assert.deepEqual([changed.one.attributes.title, changed.one.attributes.dateFrom], ["Sister's birthday", "2026-10-12"])
  const ofNobody = { data: { ...body.data, id: newId(), relationships: { customer: { data: { type: "customers", id: newId() } } } } }
  assert.equal((await shop.call("POST", "/v1/customer-events", { body: ofNobody })).status, 404)
  assert.equal((await shop.call("DELETE", "/v1/customer-events", { body: { data: [{ type, id }] }, shop: shops.neighbour })).status, 404)
  assert.equal((await shop.call("DELETE", "/v1/customer-events", { body: { data: [{ type, id }] } })).status, 204)
  assert.equal((await shop.call("GET", "/v1/customer-events/{id}", { params: { id } })).status, 404)
})

test("groups are numbered, changed with a history in words, and deleted without going away", async () => {
  const path = "/v1/bonus-groups"
  const created = await shop.call("POST", path, {
    body: one("bonus-groups", {
      title: "Ten",
      bonusRate: 10,
      limit: 15,
      entryAmount: 250.5,
      private: false,
      status: "off",
      validFrom: null,
      validTo: null,
    }),
  })
  assert.deepEqual(
    [created.status, created.one.attributes.bonusRate, created.one.attributes.entryAmount, created.one.attributes.activateOnEntry],
    [201, 10, 250.5, false],
  )
  const { id } = created.one
  const changed = await shop.call("PATCH", `${path}/{id}`, {
    params: { id },
    body: one("bonus-groups", { bonusRate: 20, status: "on" }, { id }),
  })
  assert.equal(changed.status, 201)
  assert.equal((await shop.call("DELETE", path, { body: { data: [{ id, type: "bonus-groups" }] } })).status, 204)
  assert.equal((await shop.call("DELETE", path, { body: { data: [{ id, type: "bonus-groups" }] } })).status, 204)
  const history = (await shop.call("GET", "/v1/bonus-group-changes-history")).many.map(({ attributes }) => [
    attributes.operationType,
    attributes.field,
    attributes.oldValue,
    attributes.newValue,
  ])
  assert.deepEqual(history, [
    ["create", null, null, null],
    ["update", "bonus_rate", "10", "20"],
    ["update", "status", "Not active", "Active"],
    ["delete", null, null, null],
  ])
  assert.equal((await shop.call("GET", path)).many.length, 0)
  assert.equal((await shop.call("GET", `${path}/{id}`, { params: { id } })).one.attributes.status, "deleted")
  assert.equal((await shop.call("GET", `${path}/{id}`, { params: { id: "77" } })).status, 404)
  assert.equal((await shop.call("POST", path, { body: one("bonus-groups", { title: "x", bonusRate: 101 }) })).status, 422)
  const backwards = one("bonus-groups", { title: "x", validFrom: "2026-02-01T00:00:00Z", validTo: "2026-01-01T00:00:00Z" })
  assert.equal((await shop.call("POST", path, { body: backwards })).status, 422)
  const discount = await shop.call("POST", "/v1/discount-groups", { body: one("discount-groups", { title: "Half", discount: 12.5 }) })
  assert.deepEqual([discount.status, discount.one.attributes.discount, discount.one.attributes.entryAmount], [201, 12.5, null])
  const params = { id: discount.one.id }
  assert.equal(
    (await shop.call("PATCH", "/v1/discount-groups/{id}", { params, body: one("discount-groups", { title: "More" }, { id: params.id }) }))
      .status,
    200,
  )
  assert.equal((await shop.call("GET", "/v1/discount-groups/{id}", { params, shop: shops.neighbour })).status, 404)
  assert.equal((await shop.call("GET", "/v1/discount-groups")).meta.pageNumber, 1)
  assert.equal(
    (await shop.call("DELETE", "/v1/discount-groups", { body: { data: [{ id: params.id, type: "discount-groups" }] } })).status,
    204,
  )
})

test("whatever is asked, the answer is as published or a refusal that left nothing behind", async () => {
  const customer = await shop.customer({ title: "Fuzzed", phone: "9001112233" })
  await shop.tell("orders", ...posted(orderOf({ id: newId(), customerId: customer })))
  await shop.platform.settle()
  const known = { customers: [customer], workers: [ownerId] }
  const tables = (
    await shop.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'loyalty' AND tablename NOT IN ('inbox', 'idempotency')")
  ).map(({ tablename }) => String(tablename))
  const sums = tables
    .map((table) => `(SELECT coalesce(sum(hashtext(row::text)::bigint), 0)::text FROM loyalty.${table} row)`)
    .join(" || ' ' || ")
  const report = await fuzz({
    client: shop.client,
    operations: shop.operations,
    numRuns: 10,
    seed: 7,
    token: await shop.platform.token(),
    known,
    params: (path): Record<string, string> => ({ id: /groups|preferences|sources|celebration/.test(path) ? "1" : customer }),
    fingerprint: async () => String((await shop.rows(`SELECT ${sums} AS sums`))[0]?.sums),
  })
  assert.ok(report.requests > 400, `${report.requests}`)
})
