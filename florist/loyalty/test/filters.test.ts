// Every published filter of the list of customers does what it says: each is asked for with what finds a customer and what does not.
import { newId } from "@florist/kit/id"
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { shops } from "../../kit/test/platform.ts"
import { linkedId, openShop, orderOf, posted, returned } from "./shop.ts"
import type { Shop } from "./shop.ts"

type Query = Record<string, string | number | boolean | readonly string[]>

let shop: Shop
/** The one that filters find, and the one that they do not. */
let anna: string
let boris: string
let bonus: string
let discount: string
let source: string
let preference: string
let celebration: string
const author = newId()

before(async () => {
  shop = await openShop()
  const create = async (path: string, type: string, attributes: object, relationships = {}) =>
    (await shop.call("POST", path, { body: { data: { type, attributes, relationships } } })).one.id
  bonus = await create("/v1/bonus-groups", "bonus-groups", { title: "B", bonusRate: 10, status: "on" })
  discount = await create("/v1/discount-groups", "discount-groups", { title: "D", discount: 5, status: "on" })
  source = await create("/v1/customer-sources", "customer-sources", { title: "S" })
  preference = await create("/v1/customer-preferences", "customer-preferences", { title: "P" })
  celebration = await create(
    "/v1/customer-celebrations",
    "customer-celebrations",
    { title: "Shop's day" },
    {
      dates: { data: [{ type: "celebration-dates", attributes: { dateFrom: "2026-03-07", dateUntil: "2026-03-08" } }] },
    },
  )
  anna = newId()
  const annaBody = {
    data: {
      type: "customers",
      id: anna,
      attributes: {
        title: "Anna",
        phone: "9161112233",
        bonusCard: "A-1",
        birthday: "1990-12-30",
        isPerson: true,
        gender: "female",
        createdAt: "2026-02-10T10:00:00Z",
      },
      relationships: {
        bonusGroup: { data: { type: "bonus-groups", id: bonus } },
        discountGroups: { data: [{ type: "discount-groups", id: discount }] },
        customerSources: { data: [{ type: "customer-sources", id: source }] },
        customerPreferences: { data: [{ type: "customer-preferences", id: preference }] },
      },
    },
  }
  const token = await shop.platform.token({ worker: author })
  assert.equal((await shop.client.call("POST", "/v1/customers", { body: annaBody, token })).status, 201)
  boris = await shop.customer({
    title: "Boris",
    phone: "9264445566",
    birthday: "1970-07-15",
    isPerson: false,
    gender: "male",
    createdAt: "2025-01-05T10:00:00Z",
  })
  for (const customer of [anna]) {
    const data = {
      type: "customer-events",
      attributes: { title: "Wedding", dateFrom: "2026-06-10", dateUntil: "2026-06-12" },
      relationships: { customer: { data: { type: "customers", id: customer } } },
    }
    assert.equal((await shop.call("POST", "/v1/customer-events", { body: { data } })).status, 200)
  }
  const buy = async (customerId: string, postedAt: string, totalAmount: number, isReturned = false) => {
    const order = orderOf({ id: newId(), customerId, totalAmount, postedAt: new Date(postedAt) })
    await shop.tell("orders", ...posted(order))
    if (isReturned) await shop.tell("orders", ...returned({ ...order, revision: 2 }))
  }
  await buy(anna, "2026-03-08T12:00:00Z", 200_000)
  await buy(anna, "2026-05-01T12:00:00Z", 100_000)
  await buy(boris, "2025-02-01T12:00:00Z", 30_000)
  await buy(boris, "2026-03-08T12:00:00Z", 30_000, true)
  await shop.platform.settle()
})
after(() => shop[Symbol.asyncDispose]())

async function found(query: Query): Promise<string[]> {
  const answer = await shop.call("GET", "/v1/customers", { query })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  assert.equal(answer.meta.total, answer.many.length)
  return answer.many.map(({ id }) => (id === anna ? "anna" : id === boris ? "boris" : id)).toSorted()
}

const cases: () => [string, Query, string[]][] = () => [
  ["search", { search: "ann" }, ["anna"]],
  ["search by the card", { search: "a-1" }, ["anna"]],
  ["search by the phone", { search: "8 926 444" }, ["boris"]],
  ["group", { "filter[idBonus]": bonus }, ["anna"]],
  ["an unknown group", { "filter[idBonus]": 999 }, []],
  ["discount", { "filter[discount]": discount }, ["anna"]],
  ["author", { "filter[createdBy]": author }, ["anna"]],
  ["orders from", { "filter[ordersCount][from]": 2 }, ["anna"]],
  ["orders to", { "filter[ordersCount][to]": 1 }, ["boris"]],
  ["points from", { "filter[moreBonus]": 300 }, ["anna"]],
  ["points to", { "filter[lessBonus]": 299 }, ["boris"]],
  ["average from", { "filter[moreAvg]": 1500 }, ["anna"]],
  ["average to", { "filter[lessAvg]": 300 }, ["boris"]],
  ["average between", { "filter[moreAvg]": 301, "filter[lessAvg]": 1499 }, []],
  ["registered from", { "filter[create][from]": "2026-02-10" }, ["anna"]],
  ["registered to", { "filter[create][to]": "2025-01-05" }, ["boris"]],
  ["created from", { "filter[createdAt][from]": "2025-01-06", "filter[createdAt][to]": "2026-02-10" }, ["anna"]],
  ["created to", { "filter[createdAt][to]": "2026-02-09" }, ["boris"]],
  ["birthday in days of any year", { "filter[birthday][from]": "2026-07-01", "filter[birthday][to]": "2026-07-31" }, ["boris"]],
  ["birthday over the new year", { "filter[birthday][from]": "2026-12-25", "filter[birthday][to]": "2027-01-05" }, ["anna"]],
  ["birthday in years", { "filter[birthday][from]": "1969-01-01", "filter[birthday][to]": "1980-12-31" }, ["boris"]],
  ["born after", { "filter[birthday][from]": "1980-01-01" }, ["anna"]],
  ["bought in", { "filter[buy][from]": "2026-03-01", "filter[buy][to]": "2026-03-31" }, ["anna"]],
  ["bought until", { "filter[buy][to]": "2025-12-31" }, ["boris"]],
  ["did not buy in", { "filter[notBuy][from]": "2026-03-01", "filter[notBuy][to]": "2026-03-31" }, ["boris"]],
  ["did not buy since", { "filter[notBuy][from]": "2025-03-01" }, ["boris"]],
  ["celebrations", { "filter[celebrations]": `${celebration},77` }, ["anna"]],
  ["other celebrations", { "filter[celebrations]": "77" }, []],
  ["preferences", { "filter[preferences]": `${preference},77` }, ["anna"]],
  ["sources", { "filter[sources]": source }, ["anna"]],
  ["person", { "filter[isPerson]": true }, ["anna"]],
  ["no person", { "filter[isPerson]": false }, ["boris"]],
  ["events in", { "filter[event][from]": "2026-06-12", "filter[event][to]": "2026-06-30" }, ["anna"]],
  ["events after", { "filter[event][from]": "2026-06-13" }, []],
  ["gender", { "filter[gender]": "male" }, ["boris"]],
  ["updated from", { "filter[updatedAt][from]": "2099-01-01" }, []],
  ["updated to", { "filter[updatedAt][to]": "2020-01-01" }, []],
  ["updated after", { from: "2099-01-01T00:00:00Z" }, []],
  ["updated after long ago", { from: "2020-01-01T00:00:00+03:00" }, ["anna", "boris"]],
  ["several together", { "filter[gender]": "female", "filter[isPerson]": true, search: "Anna" }, ["anna"]],
  ["several that contradict", { "filter[gender]": "female", "filter[isPerson]": false }, []],
  ["nothing", {}, ["anna", "boris"]],
]

test("every filter finds what it says and nothing else", async () => {
  for (const [name, query, expected] of cases()) assert.deepEqual(await found(query), expected, name)
})

test("a range that ends before it begins, and values that are none, are refused", async () => {
  for (const query of [
    { "filter[buy][from]": "2026-03-02", "filter[buy][to]": "2026-03-01" },
    { "filter[birthday][from]": "x" },
    { "filter[moreBonus]": "x" },
    { include: ["x"] },
    // What is not known narrows nothing, and gives everybody, where it is dropped.
    { "filter[phone]": "79990000000" },
    { sort: "-title" },
  ])
    assert.equal((await shop.call("GET", "/v1/customers", { query })).status, 400, JSON.stringify(query))
})

test("who bought in the days of a celebration is told, and not whose order came back", async () => {
  const answer = await shop.call("GET", "/v1/customer-celebration-dates")
  assert.deepEqual(
    answer.many.map(({ relationships }) => [linkedId(relationships.customer), linkedId(relationships.celebration)]),
    [[anna, celebration]],
  )
})

test("a customer's purchases are told by stretches of time, and sum up to the whole", async () => {
  const ask = (query: Query, id = anna) => shop.call("GET", "/v1/customers/import/{id}/stats", { params: { id }, query })
  const answer = await ask({ "filter[startDate]": "2026-03-05", "filter[endDate]": "2026-05-31", "filter[format]": "month" })
  assert.deepEqual(answer.meta, { total: 3000, format: "month" })
  assert.deepEqual(
    answer.many.map(({ attributes }) => [attributes.date, attributes.amount]),
    [
      ["2026-03-05", 2000],
      ["2026-04-01", 0],
      ["2026-05-01", 1000],
    ],
  )
  assert.equal((await ask({}, newId())).status, 404)
  assert.equal((await ask({ "filter[startDate]": "2026-05-02", "filter[endDate]": "2026-05-01" })).status, 422)
})

test("for all customers it is told how many are new, what became of points, and what part of sales is repeated", async () => {
  await shop.tell(
    "orders",
    ...posted(orderOf({ id: newId(), customerId: null, totalAmount: 200_000, postedAt: new Date("2026-05-02T12:00:00Z") })),
  )
  await shop.platform.settle()
  const ask = (query: Query) => shop.call("GET", "/v1/customers-stats", { query })
  const may = await ask({ "filter[rangeFrom]": "2026-05-01", "filter[rangeTo]": "2026-05-31", "filter[range]": "month" })
  const { repeatedSalesRevenue, repeatedSalesRevenuePercentage, ordersWithCustomersPercentage } = may.meta
  assert.deepEqual([repeatedSalesRevenue, repeatedSalesRevenuePercentage, ordersWithCustomersPercentage], [1000, 33, 50])
  const february = await ask({ "filter[rangeFrom]": "2026-02-09", "filter[rangeTo]": "2026-02-11", "filter[range]": "day" })
  assert.deepEqual(
    february.many.map(({ attributes }) => attributes.newCustomersCount),
    [0, 1, 0],
  )
  const today = await ask({})
  assert.equal(
    today.many.reduce((sum, { attributes }) => sum + Number(attributes.bonusesAccumulated), 0),
    300,
  )
  assert.equal((await ask({ "filter[rangeFrom]": "1950-01-01", "filter[range]": "day" })).status, 422)
  assert.equal((await shop.call("GET", "/v1/customers-stats", { shop: shops.neighbour })).meta.repeatedSalesRevenue, 0)
})
