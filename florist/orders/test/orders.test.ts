// Orders over HTTP, held against the publication: creating, editing, reading, filters, delivery, return, separation, the dictionaries, roles, tenants.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { bouquetChanged } from "@florist/kit/contracts/stock"
import { paymentMethodId, paymentRecorded } from "@florist/kit/contracts/payments"
import { newId } from "@florist/kit/id"
import { resourceChanged } from "@florist/kit/known"
import type { Role } from "@florist/kit/role"
import { ownerId, shops } from "../../kit/test/platform.ts"
import { bodyOf, lineOf, loyalty, openShop, toOne } from "./shop.ts"
import type { OrderSaid, TestShop } from "./shop.ts"

let shop: TestShop
let token: string
before(async () => {
  shop = await openShop()
  token = await shop.platform.token()
})
after(async () => {
  shop.client.exercised.keep("orders")
  await shop[Symbol.asyncDispose]()
})

const as = (role: Role, more: object = {}) => shop.platform.token({ role, ...more })

async function create(said: OrderSaid = {}, more: { token?: string; key?: string } = {}) {
  const { attributes = {}, lines = [lineOf({ item: shop.item, price: "800.00" })], relationships = {} } = said
  const body = bodyOf({ id: newId(), ...said, attributes, lines, relationships: { store: toOne("stores", shop.store), ...relationships } })
  return shop.client.call("POST", "/v1/orders", { token, body, ...more })
}
const get = (id: string, query: Record<string, string | readonly string[]> = {}) =>
  shop.client.call("GET", "/v1/orders/{id}", { token, params: { id }, query })
const patch = (id: string, said: OrderSaid, more: { token?: string; key?: string } = {}) =>
  shop.client.call("PATCH", "/v1/orders/{id}", { token, params: { id }, body: bodyOf(said), ...more })
const list = async (query: Record<string, string | number | boolean | readonly string[]>, more: { token?: string } = {}) =>
  shop.client.call("GET", "/v1/orders", { token, query, ...more })
const idsOf = async (query: Parameters<typeof list>[0]) => (await list({ "page[size]": 200, ...query })).many.map(({ id }) => id)

test("the published example of a new order is taken as it is, and answered as published", async () => {
  const id = newId()
  const line = lineOf({
    item: shop.item,
    price: "800.00",
    more: { amount: "800.00", discountPrice: "800.00", manualSetting: false, totalAmount: "800.00", totalAmountWithDiscount: "800.00" },
  })
  const attributes = {
    budget: 0,
    byBonuses: false,
    createdAt: "2022-07-19T09:01:55Z",
    date: "2022-07-19",
    delivery: false,
    deliveryApartment: "",
    deliveryBuilding: "",
    deliveryCity: "",
    deliveryComments: "",
    deliveryContact: "",
    deliveryHouse: "",
    deliveryPhoneCode: "",
    deliveryPhoneNumber: "",
    deliveryStreet: "",
    deliveryTimeFrom: null,
    deliveryTimeTo: null,
    description: "",
    docNo: "aabn22000008",
    dueTime: null,
    fiscal: false,
    status: "new",
    updatedAt: "2022-07-19T09:01:55Z",
  }
  const relationships = {
    courier: { data: null },
    customer: { data: null },
    florist: { data: null },
    images: { data: [] },
    updatedBy: { data: null },
    createdBy: toOne("workers", newId()),
    source: toOne("order-sources", newId()),
  }
  const answer = await create({ id, attributes, lines: [line], discounts: [], relationships })
  assert.equal(answer.status, 201)
  const { attributes: shown, relationships: linked } = answer.one
  assert.deepEqual(
    [shown.status, shown.docNo, shown.totalAmount, shown.createdAt, shown.posted],
    ["new", "aabn22000008", 800, "2022-07-19T09:01:55+00:00", false],
  )
  assert.deepEqual(linked.lines?.data, [{ type: "order-lines", id: line.id }])
  const read = await get(id, { include: ["lines", "discounts"] })
  assert.deepEqual(read.one, answer.one)
  assert.deepEqual(
    read.included.map(({ attributes }) => [attributes.amount, attributes.qty, attributes.totalAmountWithDiscount]),
    [["800.00", "1.00", "800.00"]],
  )
  const again = await create({ id, attributes, lines: [line], discounts: [], relationships })
  assert.deepEqual(again.one, answer.one, "the same again has no second effect")
  const other = await create({ id, attributes: { ...attributes, budget: 5 }, lines: [line], relationships })
  assert.equal(other.status, 409)
})

test("what an order does not know is refused at its place and nothing is written; an order that was read may be sent back whole", async () => {
  const strange = {
    attributes: { amount: 4_999, storeId: shop.store },
    relationships: { client: toOne("customers", newId()) },
    lines: [lineOf({ item: shop.item, price: "800.00", more: { colour: "red" } })],
  }
  const before = (await list({})).meta.total
  const refused = await create(strange)
  assert.equal(refused.status, 422)
  assert.deepEqual(
    refused.errors.map(({ source }) => source),
    [
      "/data/attributes/amount",
      "/data/attributes/storeId",
      "/data/relationships/lines/data/0/attributes/colour",
      "/data/relationships/client",
    ].map((pointer) => ({ pointer })),
  )
  assert.equal((await list({})).meta.total, before)
  const { id } = (await create()).one
  const { data } = (await get(id)).body as { data: { attributes: object } }
  const sentBack = { data: { ...data, attributes: { ...data.attributes, description: "With a card" } } }
  const edited = await shop.client.call("PATCH", "/v1/orders/{id}", { token, params: { id }, body: sentBack, request: "malformed" })
  assert.deepEqual([edited.status, (await get(id)).one.attributes.description], [201, "With a card"])
  const answers = [await list({ "filter[phone]": "7" }), await list({ sort: "-date" }), await list({ include: ["lines", "nobody"] })]
  assert.deepEqual(
    answers.map(({ status, errors }) => [status, errors[0]?.source]),
    ["filter[phone]", "sort", "include"].map((parameter) => [422, { parameter }]),
  )
})

test("discounts of lines and of the whole order, by rate and by sum, add up; totals that do not are refused with pointers", async () => {
  const [rose, tulip] = [newId(), newId()]
  const lines = [lineOf({ id: rose, item: shop.item, qty: "3.00", price: "100.00" }), lineOf({ id: tulip, item: newId(), price: "0.01" })]
  const reason = newId()
  const discounts = [
    { type: "order-discounts", id: newId(), attributes: { percent: 10 }, relationships: { line: toOne("order-lines", rose) } },
    {
      type: "order-discounts",
      id: newId(),
      attributes: { amount: "70.01" },
      relationships: { reason: toOne("discount-reasons", reason) },
    },
    { type: "order-discounts", id: newId(), attributes: { discountType: "markup", amount: 20 } },
  ]
  const answer = await create({ lines, discounts, attributes: { totalAmount: "220.00" } })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  assert.deepEqual(
    [answer.one.attributes.totalAmount, answer.one.attributes.discountAmount, answer.one.attributes.markupAmount],
    [220, 100.01, 20],
  )
  const { included } = await get(answer.one.id, { include: ["lines", "discounts"] })
  const totals = included.filter(({ type }) => type === "order-lines").map(({ attributes }) => Number(attributes.totalAmountWithDiscount))
  assert.equal(Math.round(totals.reduce((a, b) => a + b, 0) * 100), 22_000)
  assert.deepEqual(
    included.find(({ relationships }) => JSON.stringify(relationships.reason?.data)?.includes(reason))?.attributes.amount,
    "70.01",
  )

  const wrong = await create({ lines: [lineOf({ item: shop.item, price: "1", more: { totalAmount: "1.01" } })] })
  assert.equal(wrong.status, 422)
  assert.deepEqual(wrong.errors[0]?.source, { pointer: "/data/relationships/lines/data/0/attributes/totalAmount" })
  const wrongTotal = await create({ lines, attributes: { totalAmount: 1 } })
  assert.deepEqual([wrongTotal.status, wrongTotal.errors[0]?.code], [422, "does-not-add-up"])
  const tooMuch = await create({ lines, discounts: [{ type: "order-discounts", attributes: { amount: 1_000 } }] })
  assert.deepEqual([tooMuch.status, tooMuch.errors[0]?.code], [422, "discount-too-large"])
})

test("numbers are counted for each store or register where the client gives none, without gaps by repeated requests", async () => {
  const key = newId()
  const body = bodyOf({ attributes: { docNoPrefix: "kassa1-", date: "2026-03-08" }, relationships: { store: toOne("stores", shop.store) } })
  const send = () => shop.client.call("POST", "/v1/orders", { token, body, key })
  const [first, again] = [await send(), await send()]
  assert.equal(first.one.attributes.docNo, "kassa1-26000001")
  assert.deepEqual(again.one, first.one)
  const numbers = await Promise.all(
    Array.from(
      { length: 8 },
      async () => (await create({ attributes: { docNoPrefix: "kassa1-", date: "2026-03-08" } })).one.attributes.docNo,
    ),
  )
  assert.deepEqual(
    numbers.map(String).toSorted((a, b) => a.localeCompare(b)),
    Array.from({ length: 8 }, (_, index) => `kassa1-2600000${index + 2}`),
  )
})

test("a price or title that is left out is the catalog's, the store's own before the shop's; without any the line is refused", async () => {
  const [priced, bouquet] = [newId(), newId()]
  const attributes = {
    title: "Rose",
    itemType: "item",
    fractional: false,
    public: true,
    categoryId: null,
    freshForDays: null,
    minimumBalance: null,
    prices: [
      {
        storeId: null,
        price: 1e4,
      },
      {
        storeId: shop.store,
        price: 12e3,
      },
    ],
  }
  await shop.tell("catalog", resourceChanged, priced, { type: "inventory-items", id: priced, revision: 1, deleted: false, attributes })
  const snapshot = {
    id: bouquet,
    docNo: "b1",
    title: "Spring",
    status: "assembled",
    revision: 1,
    storeId: shop.store,
    orderId: null,
    floristId: null,
    cost: 100,
    salePrice: 25e4,
    assembledAt: null,
    onWindowAt: null,
  }
  await shop.tell("stock", bouquetChanged, bouquet, snapshot)
  await shop.platform.settle()
  const said = { id: newId(), lines: [lineOf({ item: priced, qty: "2.5" }), lineOf({ bouquet })], attributes: { totalAmount: 2_800 } }
  const order = await create(said)
  assert.equal(order.one.attributes.totalAmount, 2_800)
  const dearer = { ...attributes, prices: [{ storeId: null, price: 99_900 }] }
  await shop.tell("catalog", resourceChanged, priced, {
    type: "inventory-items",
    id: priced,
    revision: 2,
    deleted: false,
    attributes: dearer,
  })
  await shop.platform.settle()
  assert.deepEqual((await create(said)).one, order.one, "a repeated request is not priced again")
  const { included } = await get(order.one.id, { include: ["lines", "lines.item"] })
  assert.deepEqual(
    included.map(({ attributes }) => attributes.title),
    ["Rose", "Spring", "Rose"],
  )
  const refused = await create({ lines: [lineOf({ item: newId() })] })
  assert.deepEqual(refused.errors[0]?.source, { pointer: "/data/relationships/lines/data/0/attributes/price" })
  assert.equal((await create({ lines: [lineOf({ bouquet, qty: "2" })] })).status, 422)
})

test("an edit changes what it speaks of; a stale revision is refused, a payment in between makes none stale", async () => {
  const order = (await create()).one
  const edited = await patch(order.id, { attributes: { description: "red", delivery: true, deliveryPhoneNumber: "+7 (916) 123-45-67" } })
  assert.equal(edited.status, 201)
  assert.deepEqual([edited.one.attributes.description, edited.one.attributes.totalAmount], ["red", 800])
  const stale = await patch(order.id, { attributes: { description: "blue", revision: order.attributes.revision } })
  assert.deepEqual([stale.status, stale.errors[0]?.code], [409, "stale-revision"])

  const payment = newId()
  await shop.tell("payments", paymentRecorded, payment, paymentOf(payment, order.id, { amount: 30_000 }))
  await shop.tell("payments", paymentRecorded, payment, paymentOf(payment, order.id, { amount: 30_000 }))
  await shop.platform.settle()
  const paid = (await get(order.id)).one
  assert.equal(paid.attributes.paymentsAmount, 300, "once, though it was told twice")
  assert.deepEqual(paid.relationships.payments?.data, [{ type: "order-payments", id: payment }])
  const fine = await patch(order.id, { attributes: { description: "blue", revision: edited.one.attributes.revision } })
  assert.equal(fine.status, 201)
  const nothing = await patch(order.id, { attributes: { description: "blue" } })
  assert.deepEqual(nothing.one, fine.one, "an edit that changes nothing makes no revision")
  assert.equal(
    (await patch(order.id, { attributes: { deliveryTimeFrom: "2026-03-08T12:00:00Z", deliveryTimeTo: "2026-03-08T11:00:00Z" } })).status,
    422,
  )
  assert.equal((await patch(order.id, { attributes: { deliveryPhoneNumber: "call me" } })).status, 422)
  assert.equal((await patch(order.id, { id: newId(), attributes: {} })).status, 422)
  assert.equal((await patch(newId(), { attributes: {} })).status, 404)
})

test("an edit whose answer was never kept is not made twice, and is not stale to itself", async () => {
  const [{ id, attributes }, key] = [(await create()).one, newId()]
  const said = { attributes: { description: "once", revision: attributes.revision } }
  const first = await patch(id, said, { key })
  // As after a kill between the edit and the keeping of its answer.
  await shop.platform.shard.query("UPDATE orders.idempotency SET status = NULL, body = NULL WHERE key = $1", [key])
  const again = await patch(id, said, { key })
  assert.deepEqual([again.status, again.body], [201, first.body])
})

test("an order begins in a status from which it can go on, and its store is said or plain", async () => {
  for (const status of ["canceled", "returned"]) assert.equal((await create({ attributes: { status } })).status, 422, status)
  for (const status of ["notAccepted", "assembled", "courier"]) assert.equal((await create({ attributes: { status } })).status, 201, status)
  assert.equal((await shop.client.call("POST", "/v1/orders", { token, body: bodyOf({ lines: [] }) })).status, 422)
})

test("a payment that comes before its order is counted when the order comes", async () => {
  const [payment, order] = [newId(), newId()]
  await shop.tell("payments", paymentRecorded, payment, paymentOf(payment, order, { amount: 80_000, method: "bonus" }))
  await shop.platform.settle()
  const { attributes } = (await create({ id: order })).one
  assert.deepEqual([attributes.paymentsAmount, attributes.byBonuses], [800, true])
})

test("a sold order is closed: its basket stays, words may change; it is sold once, by whom and when the client says", async () => {
  const [id, florist] = [newId(), newId()]
  const line = lineOf({ item: shop.item, price: "800.00" })
  const order = await create({ id, lines: [line] })
  const sold = await patch(id, {
    attributes: { status: "done", postedAt: "2026-02-14T10:00:00Z" },
    relationships: { postedBy: toOne("workers", florist) },
  })
  assert.equal(sold.status, 201)
  assert.deepEqual(
    [sold.one.attributes.status, sold.one.attributes.posted, sold.one.attributes.postedAt, sold.meta.stock],
    ["done", true, "2026-02-14T10:00:00+00:00", "issued"],
  )
  assert.deepEqual(sold.one.relationships.postedBy?.data, { type: "workers", id: florist })
  const events = (await shop.told(id)).map(({ type }) => type)
  assert.deepEqual(events, ["order.changed", "order.changed", "order.posted"])
  const whole = { attributes: { ...pick(order.one.attributes, ["date", "docNo", "createdAt"]), description: "for Anna" }, lines: [line] }
  assert.equal((await patch(id, whole)).status, 201, "the whole order again with new words")
  const refused = await patch(id, { lines: [lineOf({ item: shop.item, price: "1" })] })
  assert.deepEqual([refused.status, refused.errors[0]?.code], [422, "order-is-closed"])
  assert.equal((await patch(id, { attributes: { status: "canceled" } })).status, 422)
  assert.equal((await patch(id, { attributes: { status: "returned" } })).status, 422)
})

test("a sold order comes back once, with or without write-off; nothing else comes back", async () => {
  const id = newId()
  const back = (body: object, more: object = {}) =>
    shop.client.call("PATCH", "/v1/orders/{id}/return", { token, params: { id }, body, ...more })
  const body = {
    data: {
      type: "orders",
      id,
      attributes: { returnedAt: "2026-03-09T09:00:00Z", withWriteOff: true },
      relationships: { returnedBy: toOne("workers", newId()), shift: toOne("shifts", newId()) },
    },
  }
  await create({ id })
  assert.equal((await back(body)).status, 409, "it was not sold")
  await patch(id, { attributes: { status: "done" } })
  const key = newId()
  const returned = await back(body, { key })
  assert.deepEqual(
    [returned.status, returned.one.attributes.status, returned.one.attributes.returnedAt],
    [200, "returned", "2026-03-09T09:00:00+00:00"],
  )
  assert.deepEqual((await back(body, { key })).body, returned.body)
  assert.deepEqual([(await back(body)).status, (await shop.told(id)).filter(({ type }) => type === "order.returned").length], [409, 1])
  const event = (await shop.told(id)).at(-1)
  assert.equal(event?.data.withWriteOff, true)
  assert.deepEqual([(await idsOf({})).includes(id), (await idsOf({ "filter[withReturned]": true })).includes(id)], [false, true])
})

test("lines and quantities that are named come back, their share of the price with them, until nothing is left; nothing comes back twice", async () => {
  const [id, rose, vase, key] = [newId(), newId(), newId(), newId()]
  await create({
    id,
    lines: [lineOf({ id: rose, item: shop.item, qty: "5.00", price: "100.00" }), lineOf({ id: vase, item: shop.item, price: "500.00" })],
    discounts: [{ type: "order-discounts", attributes: { amount: "100.00" } }],
  })
  const sold = await patch(id, { attributes: { status: "done" } })
  const back = (lines: object, more: { attributes?: object; key?: string } = {}) =>
    shop.client.call("PATCH", "/v1/orders/{id}/return", {
      token,
      params: { id },
      body: { data: { type: "orders", attributes: more.attributes ?? {}, relationships: { lines: { data: lines } } } },
      ...(more.key === undefined ? {} : { key: more.key }),
    })
  const roses = (qty: number) => [{ type: "order-lines", id: rose, attributes: { qty } }]
  for (const wrong of [roses(6), [{ type: "order-lines", id: newId() }], []]) assert.equal((await back(wrong)).status, 400)
  const revision = sold.one.attributes.revision
  const first = await back(roses(2), { attributes: { revision }, key })
  assert.deepEqual([first.status, first.one.attributes.status, first.one.attributes.totalAmount], [200, "done", 720])
  assert.deepEqual((await back(roses(2), { attributes: { revision }, key })).body, first.body, "the same again")
  assert.equal((await back(roses(2), { attributes: { revision } })).status, 409, "by who has not seen that some came back")
  const event = (await shop.told(id)).at(-1)
  const returned = event?.data.returned as { totalAmount: number; lines: { id: string; qty: number; total: number }[] }
  assert.deepEqual(
    [event?.type, returned.totalAmount, returned.lines.map((line) => [line.id, line.qty, line.total])],
    ["order.returned-partly", 18_000, [[rose, 2_000, 18_000]]],
  )
  assert.equal((await back([{ type: "order-lines", id: vase }])).one.attributes.totalAmount, 270)
  const last = await back(roses(3))
  assert.deepEqual([last.one.attributes.status, (await shop.told(id)).at(-1)?.type], ["returned", "order.returned"])
})

test("a delivery goes its way: to the courier, delivered or not, never back from delivered", async () => {
  const { id } = (await create()).one
  const say = async (deliveryStatus: string, as = token) =>
    (
      await shop.client.call("PATCH", "/v1/orders/{id}/delivery-status", {
        token: as,
        params: { id },
        body: { data: { type: "orders-delivery-status", id, attributes: { deliveryStatus } } },
      })
    ).status
  const courier = newId()
  await patch(id, { relationships: { courier: toOne("workers", courier) } })
  assert.equal(await say("courier", await as("courier", { worker: newId() })), 403, "another courier's order")
  assert.equal(await say("courier", await as("courier", { worker: courier })), 200)
  assert.equal(await say("cannotBeDelivered"), 200)
  assert.equal(await say("courier"), 200)
  assert.equal(await say("delivered"), 200)
  assert.equal(await say("delivered"), 200, "said again")
  assert.equal(await say("courier"), 409)
  assert.equal((await get(id)).one.attributes.deliveryStatus, "delivered")
})

test("a fiscalized receipt is noted with its time", async () => {
  const { id } = (await create()).one
  const body = {
    data: {
      type: "orders-fiscal",
      id,
      attributes: { fiscalized: true, fiscalizedAt: "2022-07-19T09:02:00Z" },
      relationships: { fiscalizedBy: toOne("workers", newId()) },
    },
  }
  const answer = await shop.client.call("PATCH", "/v1/orders/{id}/fiscal", { token, params: { id }, body })
  assert.deepEqual([answer.status, answer.one.type, answer.one.attributes.fiscalized], [200, "orders-fiscal", true])
  assert.equal((await get(id)).one.attributes.fiscalizedAt, "2022-07-19T09:02:00+00:00")
  assert.ok((await idsOf({ "filter[fiscalized]": true })).includes(id))
})

test("a bouquet leaves an order that is not sold, with its line, and the rest adds up; a sold order keeps its bouquets", async () => {
  const [id, bouquet] = [newId(), newId()]
  const lines = [lineOf({ bouquet, price: "800.00" }), lineOf({ item: shop.item, price: "100.00" })]
  await create({ id, lines, discounts: [{ type: "order-discounts", attributes: { amount: 300 } }] })
  const separate = () =>
    shop.client.call("PATCH", "/v1/orders/{id}/bouquets/{bouquetId}", {
      token,
      params: { id, bouquetId: bouquet },
      body: { data: { type: "orders-bouquets", id: newId(), relationships: { bouquet: toOne("bouquets", bouquet) } } },
    })
  const answer = await separate()
  assert.deepEqual(
    [answer.status, answer.one.type, answer.one.id, answer.one.attributes.status],
    [200, "bouquets", bouquet, "demonstrated"],
  )
  const left = (await get(id)).one
  assert.deepEqual(
    [left.attributes.totalAmount, left.relationships.lines?.data],
    [0, [{ type: "order-lines", id: lines[1]?.id }]],
    "the discount takes what is left",
  )
  assert.deepEqual((await shop.told(bouquet))[0]?.data, { orderId: id, bouquetId: bouquet, storeId: shop.store })
  assert.equal((await separate()).status, 404)
  await patch(id, { lines })
  await patch(id, { attributes: { status: "done" } })
  assert.equal((await separate()).status, 409)
})

test("a customer's discount is given where loyalty can be asked; where it cannot, the order is taken and says so", async () => {
  const customer = { customer: toOne("customers", newId()) }
  const without = await create({ attributes: { applyCustomerDiscount: true }, relationships: customer })
  assert.deepEqual([without.status, without.meta.customerTerms, without.one.attributes.totalAmount], [201, "unavailable", 800])
  await shop.platform.start(loyalty)
  const given = await create({ attributes: { applyCustomerDiscount: true }, relationships: customer })
  assert.deepEqual([given.meta.customerTerms, given.one.attributes.totalAmount], ["applied", 720])
  const again = await patch(given.one.id, { attributes: { applyCustomerDiscount: true } })
  assert.equal(again.one.attributes.totalAmount, 720, "once")
  const nobody = await patch(given.one.id, { relationships: { customer: toOne("customers", null) } })
  assert.equal(nobody.one.attributes.totalAmount, 800, "it goes with the customer")
  await shop.platform.stop("loyalty")
})

test("every filter lets through exactly the orders that it speaks of", async () => {
  const [store, customer, source, worker, courier, florist, item, shift, fiscalShift] = Array.from({ length: 9 }, newId)
  const ids = { plain: newId(), rich: newId() }
  const at = (relationships: object) => ({ store: toOne("stores", store ?? ""), ...relationships })
  await create({
    id: ids.plain,
    attributes: { createdAt: "2026-01-01T10:00:00Z", docNo: "plain-1" },
    lines: [lineOf({ item: shop.item, price: "10" })],
    relationships: at({}),
  })
  await create({
    id: ids.rich,
    attributes: {
      createdAt: "2026-02-01T10:00:00Z",
      updatedAt: "2026-02-02T10:00:00Z",
      docNo: "Rich/7",
      delivery: true,
      budget: 100,
      dueTime: "2026-02-03T10:00:00Z",
      externalId: "x1",
      externalSystem: "site",
      externalSession: 7,
      status: "assembled",
    },
    lines: [lineOf({ item: item ?? "", price: "500" })],
    discounts: [
      { type: "order-discounts", attributes: { percent: 50 } },
      { type: "order-discounts", attributes: { discountType: "markup", amount: 5 } },
    ],
    relationships: at({
      customer: toOne("customers", customer ?? ""),
      source: toOne("order-sources", source ?? ""),
      createdBy: toOne("workers", worker ?? ""),
      courier: toOne("workers", courier ?? ""),
      florist: toOne("workers", florist ?? ""),
    }),
  })
  const known = {
    type: "customers",
    id: customer,
    revision: 1,
    deleted: false,
    attributes: { title: "Анна Ким", phone: "916 123-45-67", countryCode: 7, bonusCard: "c-55" },
  }
  await shop.tell("loyalty", resourceChanged, customer ?? "", known)
  const payment = newId()
  const fact = paymentOf(payment, ids.rich, {
    method: "bonus",
    amount: 25_500,
    shiftId: shift,
    fiscalShiftId: fiscalShift,
    occurredAt: "2026-02-05T10:00:00Z",
  })
  await shop.tell("payments", paymentRecorded, payment, fact)
  await shop.platform.settle()
  const sold = await patch(ids.rich, {
    attributes: { status: "done", postedAt: "2026-02-04T10:00:00Z" },
    relationships: { postedBy: toOne("workers", worker ?? "") },
  })
  assert.equal(sold.status, 201)

  const { rich, plain } = ids
  const expectations: [Record<string, string | number | boolean | readonly string[]>, string[]][] = [
    [{}, [rich, plain]],
    [{ "filter[customer]": customer ?? "" }, [rich]],
    [{ "filter[statuses]": ["done"] }, [rich]],
    [{ "filter[statuses]": ["new", "done"] }, [rich, plain]],
    [{ "filter[sources]": [source ?? ""] }, [rich]],
    [{ "filter[sources]": ["discount"] }, [rich]],
    [{ "filter[sources]": ["markup"] }, [rich]],
    [{ "filter[sources]": ["discount", newId()] }, []],
    [{ "filter[postedBy]": [worker ?? ""] }, [rich]],
    [{ "filter[createdBy]": [worker ?? ""] }, [rich]],
    [{ "filter[items]": [item ?? "", newId()] }, [rich]],
    [{ "filter[delivery]": true }, [rich]],
    [{ "filter[delivery]": false }, [plain]],
    [{ "filter[fiscalized]": false }, [rich, plain]],
    [{ "filter[amount][min]": 255 }, [rich]],
    [{ "filter[amount][max]": 254.99 }, [plain]],
    [{ "filter[bonuses]": true }, [rich]],
    [{ "filter[bonuses]": false }, [plain]],
    [{ "filter[paymentMethods]": ["bonus"] }, [rich]],
    [{ "filter[paymentMethods]": [paymentMethodId(shops.rose, "bonus")] }, [rich]],
    [{ "filter[paymentMethods]": ["card"] }, []],
    [{ "filter[onlyExternal]": true }, [rich]],
    [{ "filter[externalSystem]": "site" }, [rich]],
    [{ "filter[excludedSessions]": ["7"] }, [plain]],
    [{ "filter[docNo]": ["plain-1"] }, [plain]],
    [{ "filter[couriers]": [courier ?? ""] }, [rich]],
    [{ "filter[withoutCouriers]": true }, [plain]],
    [{ "filter[florists]": [florist ?? ""] }, [rich]],
    [{ "filter[withoutFlorists]": true }, [plain]],
    [{ "filter[shift]": shift ?? "" }, [rich]],
    [{ "filter[fiscalShift]": fiscalShift ?? "" }, [rich]],
    [{ "filter[fiscalShift]": shift ?? "" }, []],
    [{ "filter[createdAt][from]": "2026-01-15T00:00:00Z" }, [rich]],
    [{ "filter[createdAt][to]": "2026-01-15T00:00:00Z" }, [plain]],
    [{ "filter[updatedAt][from]": "2026-02-02T10:00:00Z" }, [rich]],
    [{ "filter[dueTime][from]": "2026-02-01T00:00:00Z", "filter[dueTime][to]": "2026-02-04T00:00:00Z" }, [rich]],
    [{ "filter[postedAt][from]": "2026-02-04T10:00:00Z", "filter[postedAt][to]": "2026-02-04T10:00:00Z" }, [rich]],
    [{ "filter[paymentPostedAt][from]": "2026-02-05T00:00:00Z" }, [rich]],
    [{ "filter[paymentPostedAt][to]": "2026-02-05T00:00:00Z" }, []],
    [{ "filter[modifiedAt][to]": "2026-01-15T00:00:00Z" }, []],
    [{ search: "ch/7" }, [rich]],
    [{ search: "анна" }, [rich]],
    [{ search: "+7 916 123" }, [rich]],
    [{ search: "C-55" }, [rich]],
    [{ search: "100%" }, []],
    [{ "filter[revision]": Number(sold.one.attributes.revision) - 1 }, [rich]],
  ]
  for (const [query, expected] of expectations) {
    assert.deepEqual(await idsOf({ "filter[stores]": [store ?? ""], ...query }), expected, JSON.stringify(query))
  }

  const { meta } = await list({ "filter[stores]": [store ?? ""], addMetaStatuses: true })
  assert.deepEqual(meta.statuses, {
    all: "2",
    notAccepted: "0",
    new: "1",
    assembled: "0",
    canceled: "0",
    done: "1",
    returned: "0",
    credit: "0",
    courier: "0",
  })
  assert.deepEqual(meta.orders_amounts, {
    orderAmount: "265.00",
    ordersAmount: "265.00",
    budgetsAmount: "100.00",
    paymentsAmount: "255.00",
    creditsAmount: "0.00",
    bonusesAmount: "255.00",
    discountsAmount: "250.00",
    markupsAmount: "5.00",
  })
  assert.ok(Number(meta.revision) >= Number(sold.one.attributes.revision))
  const { included } = await list({ "filter[stores]": [store ?? ""], include: ["customer", "lines", "discounts", "payments", "store"] })
  assert.deepEqual(included.map(({ type }) => type).toSorted(), [
    "customers",
    "order-discounts",
    "order-discounts",
    "order-lines",
    "order-lines",
    "order-payments",
  ])
})

test("pages show every order once, near and far, by number and by what came last", async () => {
  const store = newId()
  const made: string[] = []
  for (let n = 0; n < 9; n++) {
    const relationships = { store: toOne("stores", store) }
    made.unshift((await create({ attributes: { createdAt: `2026-01-01T10:0${n}:00Z` }, relationships })).one.id)
  }
  const filter = { "filter[stores]": [store], "page[size]": 1 }
  const byNumber = await Promise.all(made.map((_, index) => idsOf({ ...filter, "page[number]": index + 1 })))
  assert.deepEqual(byNumber.flat(), made)
  const { body } = await list({ ...filter, "page[size]": 4 })
  const next = new URLSearchParams((body as { links: { next: string } }).links.next.split("?")[1]).get("page[after]") ?? ""
  assert.deepEqual(await idsOf({ ...filter, "page[size]": 4, "page[after]": next }), made.slice(4, 8))
  for (const values of [["1"], ["1", "2"], ["x", "y"]]) {
    const cursor = Buffer.from(JSON.stringify(values)).toString("base64url")
    assert.equal((await list({ ...filter, "page[after]": cursor })).status, (await list({ ...filter, "page[after]": "x" })).status)
  }
  const followed = await idsOf({ "filter[stores]": [store], "filter[revision]": 0 })
  assert.deepEqual(followed, made.toReversed(), "in the order of their changes")
})

test("who may do what: a courier moves orders on and edits nothing; a worker of one store sees that store alone", async () => {
  const { id } = (await create({ attributes: { status: "assembled" } })).one
  const courier = await as("courier")
  assert.equal((await patch(id, { attributes: { status: "courier" } }, { token: courier })).status, 201)
  assert.equal((await patch(id, { attributes: { description: "x" } }, { token: courier })).status, 403)
  assert.equal((await patch(id, { attributes: { status: "done" } }, { token: courier })).status, 403)
  assert.equal((await create({}, { token: courier })).status, 403)
  const elsewhere = await as("florist", { stores: [newId()] })
  assert.equal((await patch(id, { attributes: { description: "x" } }, { token: elsewhere })).status, 404)
  assert.equal((await create({}, { token: elsewhere })).status, 403)
  assert.equal((await list({}, { token: elsewhere })).many.length, 0)
  const here = await as("florist", { stores: [shop.store] })
  const own = await shop.client.call("POST", "/v1/orders", { token: here, body: bodyOf({ lines: [] }) })
  assert.deepEqual(own.one.relationships.store?.data, { type: "stores", id: shop.store }, "its only store is meant")
  assert.equal((await patch(own.one.id, { relationships: { store: toOne("stores", newId()) } }, { token: here })).status, 403)
})

test("another shop sees nothing of an order and changes nothing of it", async () => {
  const { id } = (await create()).one
  const before = (await get(id)).body
  for (const neighbour of [shops.neighbour, shops.faraway]) {
    const stranger = await shop.platform.token({ shop: neighbour })
    const attempts = await Promise.all([
      shop.client.call("GET", "/v1/orders/{id}", { token: stranger, params: { id } }),
      patch(id, { attributes: { description: "mine" } }, { token: stranger }),
      shop.client.call("PATCH", "/v1/orders/{id}/return", {
        token: stranger,
        params: { id },
        body: { data: { type: "orders", id, attributes: {} } },
      }),
      shop.client.call("PATCH", "/v1/orders/{id}/delivery-status", {
        token: stranger,
        params: { id },
        body: { data: { type: "orders-delivery-status", id, attributes: { deliveryStatus: "courier" } } },
      }),
    ])
    assert.deepEqual(new Set(attempts.map(({ status }) => status)), new Set([404]))
    assert.equal((await list({ search: "" }, { token: stranger })).many.length, 0)
    const taken = await create({ id }, { token: stranger })
    assert.equal(taken.status, 201, "the same id in another shop is another order")
  }
  assert.deepEqual((await get(id)).body, before)
})

test("other services ask for an order as it is now", async () => {
  const { id } = (await create()).one
  const tokens = (await import("@florist/kit/session")).Tokens
  const authorization = await new tokens(shop.platform.secret).peerAuthorization("payments", new Date())
  const ask = (one: string) =>
    shop.platform.ask({
      service: "orders",
      path: `/internal/orders/v1/orders/${one}`,
      token: null,
      headers: { authorization, "florist-shop": String(shops.rose) },
    })
  const answer = await ask(id)
  assert.deepEqual([answer.status, answer.body.order.id, answer.body.order.totalAmount], [200, id, 80_000])
  assert.equal((await ask(newId())).status, 404)
  assert.equal((await shop.platform.ask({ service: "orders", path: `/internal/orders/v1/orders/${id}` })).status, 401)
})

test("the status of the service tells that its columns are there and a shop's orders can be read", async () => {
  const { status, body } = await shop.platform.ask({
    service: "orders",
    method: "POST",
    path: "/api/v1/status",
    body: { client: shops.rose },
  })
  assert.deepEqual([status, body.schema.missing, typeof body.client.orders], [200, [], "number"])
})

test("tags, reasons and sources: made once, changed, listed, deleted and then shown only to those who follow revisions", async () => {
  const call = (method: string, path: string, options: object = {}) => shop.client.call(method, path, { token, ...options })
  const [tag, reason, source] = [newId(), newId(), newId()]
  const tagBody = { data: { type: "order-tags", id: tag, attributes: { title: "For mother" } } }
  assert.equal((await call("POST", "/v1/order-tags", { body: tagBody })).status, 201)
  assert.equal((await call("POST", "/v1/order-tags", { body: tagBody })).status, 201, "again: nothing more")
  assert.equal((await call("POST", "/v1/order-tags", { body: { data: { ...tagBody.data, attributes: { title: "Other" } } } })).status, 409)
  assert.equal((await call("POST", "/v1/order-tags", { body: { data: { attributes: { title: "" } } } })).status, 422)
  const listed = await call("GET", "/v1/order-tags")
  assert.deepEqual([listed.many.map(({ attributes }) => attributes.title), listed.meta.total], [["For mother"], 1])
  assert.equal((await call("DELETE", "/v1/order-tags/{id}", { params: { id: tag } })).status, 200)
  assert.equal((await call("GET", "/v1/order-tags")).many.length, 0)
  assert.equal((await call("GET", "/v1/order-tags", { query: { "filter[revision]": 0 } })).many[0]?.attributes.deleted, true)
  assert.equal((await call("DELETE", "/v1/order-tags/{id}", { params: { id: newId() } })).status, 404)

  const reasonBody = { data: { type: "discount-reasons", id: reason, attributes: { title: "Birthday", discountType: "discount" } } }
  assert.equal((await call("POST", "/v1/discount-reasons", { body: reasonBody })).status, 201)
  const changed = await call("PATCH", "/v1/discount-reasons/{id}", {
    params: { id: reason },
    body: { data: { type: "discount-reasons", id: reason, attributes: { title: "May", discountType: "markup", deleted: false } } },
  })
  assert.deepEqual([changed.status, changed.one.attributes.title, changed.one.attributes.discountType], [200, "May", "markup"])
  assert.deepEqual((await call("GET", "/v1/discount-reasons/{id}", { params: { id: reason } })).one, changed.one)
  assert.equal((await call("GET", "/v1/discount-reasons")).many.length, 1)
  assert.equal(
    (
      await call("DELETE", "/v1/discount-reasons", {
        body: {
          data: [
            { type: "discount-reasons", id: reason },
            { type: "discount-reasons", id: newId() },
          ],
        },
      })
    ).status,
    404,
  )
  assert.equal((await call("GET", "/v1/discount-reasons/{id}", { params: { id: reason } })).status, 200, "all or none")
  assert.equal((await call("DELETE", "/v1/discount-reasons", { body: { data: [{ type: "discount-reasons", id: reason }] } })).status, 200)
  assert.equal((await call("GET", "/v1/discount-reasons/{id}", { params: { id: reason } })).status, 404)

  const made = await call("POST", "/v1/order-sources", {
    body: { data: [{ type: "order-sources", id: source, attributes: { title: "Instagram" } }] },
  })
  assert.deepEqual([made.status, made.many[0]?.attributes.hidden], [201, false])
  const [first] = made.many
  const renamed = await call("PATCH", "/v1/order-sources", {
    body: { data: [{ type: "order-sources", id: source, attributes: { title: "TikTok", revision: first?.attributes.revision } }] },
  })
  assert.deepEqual([renamed.status, renamed.many[0]?.attributes.title], [201, "TikTok"])
  const stale = await call("PATCH", "/v1/order-sources", {
    body: { data: [{ type: "order-sources", id: source, attributes: { title: "X", revision: first?.attributes.revision } }] },
  })
  assert.equal(stale.status, 409)
  assert.equal((await call("GET", "/v1/order-sources/{id}", { params: { id: source } })).one.attributes.title, "TikTok")
  const order = await create({ relationships: { source: toOne("order-sources", source) } })
  assert.equal((await get(order.one.id, { include: ["source"] })).included[0]?.attributes.title, "TikTok")
  assert.equal((await call("DELETE", "/v1/order-sources", { body: { data: [{ type: "order-sources", id: source }] } })).status, 204)
  assert.equal((await call("GET", "/v1/order-sources")).many.length, 0)
  const florist = await as("florist")
  assert.equal(
    (await call("POST", "/v1/order-sources", { token: florist, body: { data: [{ type: "order-sources", attributes: { title: "X" } }] } }))
      .status,
    403,
  )
})

const paymentOf = (id: string, orderId: string, more: object) => ({
  id,
  orderId,
  storeId: shop.store,
  customerId: null,
  shiftId: null,
  workerId: ownerId,
  kind: "payment",
  method: "cash",
  amount: 1,
  occurredAt: "2026-02-05T10:00:00Z",
  ...more,
})

const pick = (from: Record<string, unknown>, names: readonly string[]) => Object.fromEntries(names.map((name) => [name, from[name]]))
