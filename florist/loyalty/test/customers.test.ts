// Customers over HTTP, held against the publication where it is named.
import { pointsChanged, pointsEntry } from "@florist/kit/contracts/loyalty"
import { newId } from "@florist/kit/id"
import { resourceChanged } from "@florist/kit/known"
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { z } from "zod"
import { ownerId, shops } from "../../kit/test/platform.ts"
import { openShop } from "./shop.ts"
import type { Shop } from "./shop.ts"

let shop: Shop
before(async () => {
  shop = await openShop()
})
after(() => shop[Symbol.asyncDispose]())

const told = z.object({ type: z.string(), revision: z.number(), attributes: z.record(z.string(), z.unknown()) })
const one = (type: string, attributes: object, more: object = {}) => ({ data: { type, attributes, ...more } })
const dictionary = async (type: string, title: string) => (await shop.call("POST", `/v1/${type}`, { body: one(type, { title }) })).one.id
const group = async (type: string, attributes: object) =>
  (await shop.call("POST", `/v1/${type}`, { body: one(type, { status: "on", ...attributes }) })).one.id
const found = async (query: Record<string, string | number | boolean | readonly string[]>) =>
  (await shop.call("GET", "/v1/customers", { query: { "page[size]": 200, ...query } })).many.map(({ id }) => id).toSorted()

test("a customer is created once, with everything said of it, and read with what it is linked to", async () => {
  const bonus = await group("bonus-groups", { title: "Silver", bonusRate: 10, limit: 30 })
  const discount = await group("discount-groups", { title: "Friends", discount: 7.5 })
  const source = await dictionary("customer-sources", "Street")
  const preference = await dictionary("customer-preferences", "Peonies")
  const id = newId()
  const body = one(
    "customers",
    {
      title: "Bob Ross",
      phone: "8 (926) 869-36-54",
      birthday: "1996-05-16",
      email: "bob@example.com",
      bonusCard: "1234567890",
      gender: "male",
      notes: "",
      itn: "77",
      instagram: "bob",
    },
    {
      id,
      relationships: {
        bonusGroup: { data: { type: "bonus-groups", id: bonus } },
        discountGroups: { data: [{ type: "discount-groups", id: discount }] },
        customerSources: { data: [{ type: "customer-sources", id: source }] },
        customerPreferences: { data: [{ type: "customer-preferences", id: preference }] },
      },
    },
  )
  const created = await shop.call("POST", "/v1/customers", { body })
  assert.equal(created.status, 201)
  const { phone, countryCode, notes, status, isPerson, currentPoints, averageCheck } = created.one.attributes
  assert.deepEqual(
    { phone, countryCode, notes, status, isPerson, currentPoints, averageCheck },
    { phone: "9268693654", countryCode: 7, notes: null, status: "on", isPerson: true, currentPoints: 0, averageCheck: 0 },
  )
  const again = await shop.call("POST", "/v1/customers", { body })
  assert.deepEqual(again.one, created.one)
  const other = await shop.call("POST", "/v1/customers", { body: one("customers", { title: "Other" }, { id }) })
  assert.equal(other.status, 409)

  const everything = [
    "person",
    "bonusGroup",
    "bonusGroup.rules",
    "discountGroups",
    "discountGroups.rules",
    "customerSources",
    "customerPreferences",
    "customerEvents",
    "createdBy",
  ]
  const read = await shop.call("GET", "/v1/customers/{id}", { params: { id }, query: { include: everything } })
  assert.deepEqual(read.one, created.one)
  assert.deepEqual(read.included.map(({ type }) => type).toSorted(), [
    "bonus-groups",
    "customer-preferences",
    "customer-sources",
    "discount-groups",
  ])
})

test("every way of writing a phone finds the same customer, as do words of the name and the card", async () => {
  const id = await shop.customer({ title: "Анна-Мария Соловьёва", phone: "+7 916 123-45-67", bonusCard: "VIP_77" })
  for (const search of [
    "9161234567",
    "89161234567",
    "+7 (916) 123-45-67",
    "79161234567",
    "8 916 123",
    "4567",
    "соловьева",
    "Мария анна",
    "vip_77",
    "Анна-М",
  ]) {
    assert.ok((await found({ search })).includes(id), search)
  }
  for (const search of ["+7 916 123-45-68", "Анна Петрова", "VIP_78"]) assert.ok(!(await found({ search })).includes(id), search)
  await shop.call("PATCH", "/v1/customers/{id}", { params: { id }, body: one("customers", { phone: "89990000000" }) })
  assert.ok(!(await found({ search: "9161234567" })).includes(id))
  assert.ok((await found({ search: "9990000000" })).includes(id))
})

test("known phone numbers are given back as they were written, each once", async () => {
  await shop.customer({ phone: "77472291318" })
  await shop.customer({ phone: "293623231", countryCode: 375 })
  const phoneNumbers = ["77779208653", "77472291318", "8 747 229 13 18", "77472291318", "375293623231", "garbage"]
  const answer = await shop.call("POST", "/v1/customers/filter-phone-numbers", { body: one("customer-phone-numbers", { phoneNumbers }) })
  assert.deepEqual(answer.one.attributes.phoneNumbers, ["77472291318", "8 747 229 13 18", "375293623231"])
})

test("a bonus card has one owner, until the owner is deleted", async () => {
  const first = await shop.customer({ bonusCard: "C-1" })
  const second = await shop.customer()
  const take = () => shop.call("PATCH", "/v1/customers/{id}", { params: { id: second }, body: one("customers", { bonusCard: "C-1" }) })
  const refused = await take()
  assert.equal(refused.status, 409)
  assert.equal(refused.errors[0]?.code, "bonus-card-taken")
  await shop.call("PATCH", "/v1/customers/{id}", { params: { id: first }, body: one("customers", { status: "deleted" }) })
  assert.equal((await take()).status, 200)
  assert.equal(
    (await shop.call("PATCH", "/v1/customers/{id}", { params: { id: first }, body: one("customers", { status: "on" }) })).status,
    409,
  )
})

test("a change of what was changed meanwhile is refused; without a revision the last one wins", async () => {
  const id = await shop.customer()
  const patch = (attributes: object) => shop.call("PATCH", "/v1/customers/{id}", { params: { id }, body: one("customers", attributes) })
  const first = await patch({ notes: "first" })
  assert.equal((await patch({ notes: "second", revision: first.one.attributes.revision })).status, 200)
  const stale = await patch({ notes: "third", revision: first.one.attributes.revision })
  assert.deepEqual([stale.status, stale.errors[0]?.code], [409, "stale-revision"])
  assert.equal((await patch({ notes: "last" })).one.attributes.notes, "last")
})

test("several are changed together or not at all", async () => {
  const ids = [await shop.customer(), await shop.customer()]
  const body = (all: readonly string[]) => ({
    data: all.map((id) => ({ type: "customers", id, attributes: { notes: "bulk", birthday: "1990-01-02" } })),
  })
  const missing = await shop.call("PATCH", "/v1/customers", { body: body([...ids, newId()]) })
  assert.equal(missing.status, 404)
  assert.equal((await shop.call("GET", "/v1/customers/{id}", { params: { id: ids[0] ?? "" } })).one.attributes.notes, null)
  const changed = await shop.call("PATCH", "/v1/customers", { body: body(ids) })
  assert.deepEqual(
    changed.many.map(({ attributes }) => attributes.notes),
    ["bulk", "bulk"],
  )
})

test("a discount group is given to many at once, and again without a second membership", async () => {
  const groupId = await group("discount-groups", { title: "Many", discount: 5 })
  const ids = [await shop.customer(), await shop.customer()]
  const data = ids.map((id) => ({
    type: "customer-discount-groups",
    attributes: { discountGroup: Number(groupId) },
    relationships: { customer: { data: { type: "customers", id } } },
  }))
  const first = await shop.call("POST", "/v1/customers/discount-groups", { body: { data } })
  const second = await shop.call("POST", "/v1/customers/discount-groups", { body: { data } })
  assert.equal(first.status, 200)
  assert.deepEqual(
    second.many.map(({ id }) => id),
    first.many.map(({ id }) => id),
  )
  assert.deepEqual(await found({ "filter[discount]": groupId }), ids.toSorted())
  const unknown = await shop.call("POST", "/v1/customers/discount-groups", {
    body: { data: [{ ...data[0], attributes: { discountGroup: 99_999 } }] },
  })
  assert.equal(unknown.status, 404)
})

test("what changed since a revision is told, deleted ones too, in the order of the changes", async () => {
  const before = Number((await shop.call("GET", "/v1/customers")).meta.revision)
  const gone = await shop.customer()
  const there = await shop.customer()
  await shop.call("PATCH", "/v1/customers/{id}", { params: { id: gone }, body: one("customers", { status: "deleted" }) })
  const answer = await shop.call("GET", "/v1/customers", { query: { "filter[revision]": before } })
  assert.deepEqual(
    answer.many.map(({ id, attributes }) => [id, attributes.status]),
    [
      [there, "on"],
      [gone, "deleted"],
    ],
  )
  assert.ok(!(await found({})).includes(gone))
})

test("a shop sees, changes and counts its own customers alone", async () => {
  const id = await shop.customer({ phone: "9035550000", bonusCard: "mine" })
  for (const other of [shops.neighbour, shops.faraway]) {
    assert.equal((await shop.call("GET", "/v1/customers/{id}", { params: { id }, shop: other })).status, 404)
    assert.equal(
      (await shop.call("PATCH", "/v1/customers/{id}", { params: { id }, shop: other, body: one("customers", { title: "stolen" }) })).status,
      404,
    )
    const list = await shop.call("GET", "/v1/customers", { shop: other, query: { search: "9035550000" } })
    assert.deepEqual([list.many.length, list.meta.total, list.meta.qtyAllCustomers], [0, 0, 0])
    const points = one("customer-bonus-history-lines", { amount: 5, reason: "x" })
    assert.equal((await shop.call("POST", "/v1/customers/{id}/bonus-history", { params: { id }, shop: other, body: points })).status, 404)
    assert.equal((await shop.peer("GET", `/v1/customers/${id}/terms`, undefined, other)).status, 404)
  }
  assert.equal(
    (await shop.call("POST", "/v1/customers", { shop: shops.neighbour, body: one("customers", { title: "Theirs", bonusCard: "mine" }) }))
      .status,
    201,
  )
})

test("who may not, cannot: settings are the management's, private groups too, couriers read the customer that they go to", async () => {
  const vip = await group("bonus-groups", { title: "VIP", private: true, bonusRate: 20 })
  const id = await shop.customer()
  const give = { data: { type: "customers", relationships: { bonusGroup: { data: { type: "bonus-groups", id: vip } } } } }
  assert.equal((await shop.call("PATCH", "/v1/customers/{id}", { params: { id }, body: give, as: "cashier" })).status, 403)
  assert.equal((await shop.call("PATCH", "/v1/customers/{id}", { params: { id }, body: give, as: "manager" })).status, 200)
  assert.equal((await shop.call("POST", "/v1/customers", { body: one("customers", { title: "x" }), as: "courier" })).status, 403)
  assert.equal((await shop.call("GET", "/v1/customers", { as: "courier" })).status, 403, "who brings one order needs no list of everybody")
  assert.equal((await shop.call("GET", "/v1/customers/{id}", { params: { id }, as: "courier" })).status, 200)
  assert.equal((await shop.call("POST", "/v1/bonus-groups", { body: one("bonus-groups", { title: "x" }), as: "florist" })).status, 403)
  assert.equal(
    (
      await shop.call("POST", "/v1/customers/{id}/bonus-history", {
        params: { id },
        body: one("customer-bonus-history-lines", { amount: 5, reason: "x" }),
        as: "cashier",
      })
    ).status,
    403,
  )
})

test("one key is one customer, however often it is sent at once", async () => {
  const key = newId()
  const body = one("customers", { title: "Once" })
  const answers = await Promise.all(Array.from({ length: 8 }, () => shop.call("POST", "/v1/customers", { body, key })))
  assert.deepEqual(new Set(answers.map((answer) => `${answer.status} ${answer.one.id}`)).size, 1)
})

test("the counts beside the list are those of the table", async () => {
  const { meta } = await shop.call("GET", "/v1/customers", { query: { "page[size]": 1 } })
  const [counted] = await shop.rows(
    "SELECT count(*)::int AS n, (count(*) FILTER (WHERE status = 'on'))::int AS active FROM loyalty.customer WHERE shop_id = $1 AND status <> 'deleted'",
    [shops.rose],
  )
  assert.deepEqual([meta.qtyAllCustomers, meta.qtyActiveCustomers, meta.total], [counted?.n, counted?.active, counted?.n])
})

test("the others are told of customers, sources and preferences as they are, and of every change of points", async () => {
  const source = await dictionary("customer-sources", "Told")
  const id = await shop.customer({ title: "Told" })
  await shop.call("POST", "/v1/customers/{id}/bonus-history", {
    params: { id },
    body: one("customer-bonus-history-lines", { amount: 5, reason: "A gift" }),
  })
  const events = await shop.rows(
    "SELECT type, data FROM loyalty.outbox WHERE shop_id = $1 AND (subject = $2 OR data ->> 'type' = 'customer-sources' AND subject = $3) ORDER BY xid, position",
    [shops.rose, id, source],
  )
  const resources = events.filter(({ type }) => type === resourceChanged).map(({ data }) => told.parse(data))
  const seen = (await shop.call("GET", "/v1/customers/{id}", { params: { id } })).one.attributes
  assert.deepEqual(
    resources.map(({ type }) => type),
    ["customer-sources", "customers", "customers"],
  )
  assert.deepEqual(resources.at(-1)?.attributes, seen)
  assert.ok(Number(resources[1]?.revision) < Number(resources[2]?.revision))
  const [entry] = events.filter(({ type }) => type === pointsChanged).map(({ data }) => pointsEntry.parse(data))
  assert.deepEqual([entry?.customerId, entry?.kind, entry?.points, entry?.balance, entry?.orderId], [id, "granted", 5, 5, null])
})

test("who created a customer can be included, as the staff service told it", async () => {
  const data = { type: "workers", id: ownerId, revision: 3, deleted: false, attributes: { firstName: "Olga" } }
  await shop.tell("staff", resourceChanged, data)
  await shop.platform.settle()
  const id = await shop.customer()
  const { included } = await shop.call("GET", "/v1/customers/{id}", { params: { id }, query: { include: ["createdBy"] } })
  assert.deepEqual([included[0]?.id, included[0]?.attributes.firstName], [ownerId, "Olga"])
})
