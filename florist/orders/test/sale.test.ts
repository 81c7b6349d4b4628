// The sale with a stock that fails in every way, and with the database taken away in between: in the end an order is sold if and only if its goods were taken,
// and both once. Concurrent edits, the table of statuses and late offline sales as properties.
import assert from "node:assert/strict"
import { after, before, beforeEach, test } from "node:test"
import { newId } from "@florist/kit/id"
import { paymentRecorded } from "@florist/kit/contracts/payments"
import type { Role } from "@florist/kit/role"
import fc from "fast-check"
import { transitions } from "../src/order-status.ts"
import { orderStatus } from "../src/order.ts"
import type { OrderStatus } from "../src/order.ts"
import { bodyOf, lineOf, openShop, stockMoods, toOne } from "./shop.ts"
import type { OrderSaid, StockMood, TestShop } from "./shop.ts"

let shop: TestShop
let token: string
before(async () => {
  shop = await openShop()
  token = await shop.platform.token()
})
after(() => shop[Symbol.asyncDispose]())
beforeEach(() => shop.stock.forget())

interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
  body: any
}

const ask = (method: string, path: string, body?: object, { key, role }: { key?: string; role?: Role } = {}): Promise<Answer> =>
  (async () =>
    shop.platform.ask({
      service: "orders",
      method,
      path: `/api/v1/orders${path}`,
      ...(body === undefined ? {} : { body }),
      token: role === undefined ? token : await shop.platform.token({ role }),
      headers: key === undefined ? {} : { "idempotency-key": key },
    }))()

const orderBody = (id: string, said: OrderSaid = {}) =>
  bodyOf({
    lines: [lineOf({ item: shop.item, price: "100.00" })],
    ...said,
    id,
    relationships: { store: toOne("stores", shop.store), ...said.relationships },
  })
const sell = { attributes: { status: "done" } }
const eventsOf = async (id: string, type: string) => (await shop.told(id)).filter((event) => event.type === type).length

/** Without what every write changes. */
function lasting({ data }: { data: { attributes: object; relationships: object } }): object {
  const { revision: _r, modifiedAt: _m, ...attributes } = data.attributes as Record<string, unknown>
  const { history: _h, ...relationships } = data.relationships as Record<string, unknown>
  return { attributes, relationships }
}

test("where goods are missing, the sale is refused and points at the line; the order and all that the same request asked for is as it was", async () => {
  const id = newId()
  await ask("POST", "", orderBody(id))
  const asItWas = lasting((await ask("GET", `/${id}`)).body)
  shop.stock.mood = "short"
  const refused = await ask(
    "PATCH",
    `/${id}`,
    bodyOf({ attributes: { status: "done", description: "x" }, lines: [lineOf({ item: newId(), price: "7" })] }),
  )
  assert.deepEqual([refused.status, refused.body.errors[0].source], [422, { pointer: "/data/relationships/lines/data/0" }])
  assert.deepEqual(lasting((await ask("GET", `/${id}`)).body), asItWas)
  assert.equal(await eventsOf(id, "order.posted"), 0)
  const allowed = await ask("PATCH", `/${id}`, bodyOf({ attributes: { status: "done", allowShortage: true } }))
  assert.deepEqual([allowed.status, allowed.body.meta.stock], [201, "issued"])
})

test("a register's sale that is refused leaves nothing behind, and can be sent again as it was", async () => {
  const body = orderBody(newId(), sell)
  const id = body.data.id ?? ""
  shop.stock.mood = "short"
  assert.equal((await ask("POST", "", body, { key: id })).status, 422)
  assert.equal((await ask("GET", `/${id}`)).status, 404)
  assert.deepEqual(await shop.told(id), [])
  shop.stock.mood = "well"
  assert.deepEqual((await ask("POST", "", body, { key: id })).body.data.attributes.status, "done")
})

for (const mood of ["down", "lost", "late"] as const satisfies readonly StockMood[]) {
  test(`a stock that is ${mood} loses no sale: it is taken, told as pending, and stock catches up once`, async () => {
    const id = newId()
    shop.stock.mood = mood
    const sold = await ask("POST", "", orderBody(id, sell))
    assert.deepEqual([sold.status, sold.body.data.attributes.status, sold.body.meta.stock], [201, "done", "pending"])
    shop.stock.mood = "well"
    await shop.platform.settle()
    assert.deepEqual([shop.stock.taken.get(id), await eventsOf(id, "order.posted")], [1, 1])
    const again = await ask("PATCH", `/${id}`, bodyOf(sell))
    assert.equal(again.body.meta.stock, "issued")
    const { rows } = await shop.platform.shard.query("SELECT cost::int FROM orders.order_line WHERE order_id = $1", [id])
    assert.deepEqual(rows, [{ cost: 5_000 }], "the cost of what was taken is kept by line")
  })
}

test("a budget order without lines is sold without asking stock", async () => {
  const id = newId()
  const sold = await ask("POST", "", orderBody(id, { attributes: { status: "done", budget: 5_000 }, lines: [] }))
  assert.deepEqual([sold.body.data.attributes.status, sold.body.meta.stock, shop.stock.asked], ["done", "issued", []])
})

test("a sale that the sweeper ended while stock was still asked is not ended again, and is answered as sold", async () => {
  const id = newId()
  await ask("POST", "", orderBody(id))
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  shop.stock.noticed = asked.resolve
  shop.stock.gate = answered.promise
  const selling = ask("PATCH", `/${id}`, bodyOf(sell))
  await asked.promise
  shop.stock.gate = Promise.resolve()
  await shop.recover()
  assert.equal(await eventsOf(id, "order.posted"), 1)
  answered.resolve()
  const sold = await selling
  assert.deepEqual([sold.status, sold.body.data.attributes.status], [201, "done"])
  assert.deepEqual([await eventsOf(id, "order.posted"), shop.stock.taken.get(id)], [1, 1])
})

test("an order whose sale was left in the middle can be canceled; stock gives its goods back, also when it hears of it late", async () => {
  const id = newId()
  await ask("POST", "", orderBody(id))
  shop.stock.mood = "killed"
  assert.equal((await ask("PATCH", `/${id}`, bodyOf(sell))).status, 503)
  await shop.platform.shard.query("ALTER ROLE florist_orders LOGIN")
  shop.platform.clock.advance(21_000)
  shop.stock.mood = "down"
  const canceled = await ask("PATCH", `/${id}`, bodyOf({ attributes: { status: "canceled" } }))
  assert.deepEqual([canceled.status, canceled.body.data.attributes.status], [201, "canceled"])
  assert.equal(shop.stock.taken.get(id), 1)
  shop.stock.mood = "well"
  await shop.recover()
  assert.deepEqual([shop.stock.taken.has(id), await eventsOf(id, "order.posted")], [false, 0])
})

test("property: whatever stock does and whenever the database goes, retried and repeated: sold if and only if the goods were taken, once", async () => {
  const attempt = fc.record({
    mood: fc.constantFrom(...stockMoods),
    after: fc.constantFrom<StockMood>("well", "short", "down"),
    copies: fc.integer({ min: 1, max: 2 }),
  })
  const sale = fc.record({
    register: fc.boolean(),
    allowShortage: fc.boolean(),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(sale, async ({ register, allowShortage, attempts }) => {
      const [id, key] = [newId(), newId()]
      shop.stock.forget()
      const attributes = { status: "done", allowShortage, description: "sold" }
      if (!register) await ask("POST", "", orderBody(id))
      const body = register ? orderBody(id, { attributes }) : bodyOf({ attributes })
      const statuses: number[] = []
      for (const { mood, after, copies } of attempts) {
        shop.stock.mood = mood
        shop.stock.moodAfterKill = after
        const answers = await Promise.all(
          Array.from({ length: copies }, () => ask(register ? "POST" : "PATCH", register ? "" : `/${id}`, body, { key })),
        )
        statuses.push(...answers.map(({ status }) => status))
        if (mood.startsWith("killed")) await shop.recover()
      }
      await shop.recover()
      for (const status of statuses) assert.ok([201, 422, 503].includes(status), String(status))
      const order = await ask("GET", `/${id}`)
      const isSold = order.status === 200 && order.body.data.attributes.status === "done"
      // Stock was not there and catches up.
      if (isSold && !shop.stock.taken.has(id)) await shop.platform.settle()
      assert.equal(shop.stock.taken.get(id) ?? 0, isSold ? 1 : 0, "sold if and only if issued")
      assert.equal(await eventsOf(id, "order.posted"), isSold ? 1 : 0)
      if (statuses.includes(201)) assert.ok(isSold, "what was answered as sold is sold")
      if (!isSold) assert.equal(order.status, register ? 404 : 200)
      if (!isSold && !register) assert.equal(order.body.data.attributes.description, "")
      const { rows } = await shop.platform.shard.query("SELECT FROM orders.sale_under_way")
      assert.equal(rows.length, 0, "nothing is left in the middle")
    }),
    { numRuns: 16, seed: 20260308 },
  )
})

test("property: edits at the same time that name the revision they saw lose nothing of each other", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 5 }), async (writers) => {
      const id = newId()
      await ask("POST", "", orderBody(id))
      await Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          for (;;) {
            const { description, revision } = (await ask("GET", `/${id}`)).body.data.attributes
            const { status } = await ask("PATCH", `/${id}`, bodyOf({ attributes: { description: `${description}${writer}`, revision } }))
            if (status === 201) return
            assert.equal(status, 409)
          }
        }),
      )
      const { description } = (await ask("GET", `/${id}`)).body.data.attributes
      assert.equal(
        [...description]
          .map(Number)
          .toSorted((a, b) => a - b)
          .join(""),
        Array.from({ length: writers }, (_, writer) => writer).join(""),
      )
    }),
    { numRuns: 6, seed: 7 },
  )
})

interface Model {
  status: OrderStatus
  posted: number
  returned: number
}
interface Real {
  id: string
}

/** One request, sent so often at the same time with one key: all get one answer, and it takes effect once. */
class Step implements fc.AsyncCommand<Model, Real> {
  readonly to: OrderStatus
  readonly role: Role
  readonly copies: number

  constructor(to: OrderStatus, role: Role, copies: number) {
    this.to = to
    this.role = role
    this.copies = copies
  }

  check = () => true

  async run(model: Model, { id }: Real): Promise<void> {
    const isReturn = this.to === "returned"
    const [path, body] = isReturn
      ? [`/${id}/return`, { data: { type: "orders", id, attributes: {} } }]
      : [`/${id}`, bodyOf({ attributes: { status: this.to } })]
    const key = newId()
    const answers = await Promise.all(Array.from({ length: this.copies }, () => ask("PATCH", path, body, { key, role: this.role })))
    const expected = expectedStatus(model.status, this.to, this.role)
    for (const { status, body } of answers) {
      assert.equal(status, expected, `${model.status} -> ${this.to} by a ${this.role}: ${JSON.stringify(body)}`)
      if (status < 300) assert.deepEqual(body, answers[0]?.body)
    }
    if (expected < 300 && model.status !== this.to) {
      model.status = this.to
      if (this.to === "done") model.posted += 1
      if (this.to === "returned") model.returned += 1
    }
    assert.equal((await ask("GET", `/${id}`)).body.data.attributes.status, model.status)
  }

  toString = () => `${this.to} by a ${this.role} x${this.copies}`
}

function expectedStatus(from: OrderStatus, to: OrderStatus, role: Role): number {
  if (to === "returned") return role === "courier" ? 403 : from === "done" ? 200 : 409
  if (from === to) return 201
  const allowed = transitions[from][to]
  return allowed === undefined ? 422 : allowed.includes(role) ? 201 : 403
}

test("property: an order goes only the ways of the table, by whom it says, and each step once, however often it is sent", async () => {
  const step = fc
    .tuple(fc.constantFrom(...orderStatus.options), fc.constantFrom<Role>("owner", "cashier", "courier"), fc.integer({ min: 1, max: 3 }))
    .map(([to, role, copies]) => new Step(to, role, copies))
  await fc.assert(
    fc.asyncProperty(fc.commands([step], { maxCommands: 8 }), async (commands) => {
      const id = newId()
      const model: Model = { status: "new", posted: 0, returned: 0 }
      await ask("POST", "", orderBody(id))
      await fc.asyncModelRun(() => ({ model, real: { id } }), commands)
      assert.deepEqual([await eventsOf(id, "order.posted"), await eventsOf(id, "order.returned")], [model.posted, model.returned])
    }),
    { numRuns: 18, seed: 1 },
  )
})

test("property: sales that were made offline end the same in whatever order they, their payments and their returns come", async () => {
  const count = 3
  /** What comes in: a sale, its payment, its return; each repeated until it is taken. */
  const parcels = Array.from({ length: count }, (_, order) =>
    (["sale", "payment", "return"] as const).map((kind) => ({ order, kind })),
  ).flat()
  const ends: string[] = []
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(parcels, { minLength: parcels.length }), async (arrivals) => {
      const ids = Array.from({ length: count }, () => newId())
      const lines = ids.map(() => newId())
      const payments = ids.map(() => newId())
      const waiting = [...arrivals]
      while (waiting.length > 0) {
        const [parcel] = waiting.splice(0, 1)
        if (parcel === undefined) break
        const { order, kind } = parcel
        const id = ids[order] ?? ""
        if (kind === "payment") await shop.tell("payments", paymentRecorded, id, paymentOf(payments[order] ?? "", id, order))
        if (kind === "sale") {
          const attributes = { status: "done", createdAt: hour(order), postedAt: hour(order + 1), docNo: `k-${order}`, allowShortage: true }
          const line = lineOf({ id: lines[order] ?? "", item: shop.item, price: `${100 + order}` })
          assert.equal((await ask("POST", "", orderBody(id, { attributes, lines: [line] }), { key: id })).status, 201)
        }
        if (kind === "return") {
          const body = { data: { type: "orders", id, attributes: { returnedAt: hour(order + 2), withWriteOff: order % 2 === 0 } } }
          const { status } = await ask("PATCH", `/${id}/return`, body, { key: `${id}-return` })
          if (status === 404) waiting.push(parcel)
          else assert.equal(status, 200)
        }
      }
      await shop.platform.settle()
      const states = await Promise.all(ids.map(async (id) => lasting((await ask("GET", `/${id}`)).body)))
      const known = [...ids, ...lines, ...payments]
      const text = known.reduce((all, id, index) => all.replaceAll(id, `#${index}`), JSON.stringify(states))
      ends.push(text.replaceAll(/"updatedBy":\{[^}]*\}\}?/g, ""))
      assert.equal(ends.at(-1), ends[0])
    }),
    { numRuns: 6, seed: 3 },
  )
})

const hour = (n: number) => `2026-02-14T${String(n + 10).padStart(2, "0")}:00:00Z`
const paymentOf = (id: string, orderId: string, order: number) => ({
  id,
  orderId,
  storeId: shop.store,
  customerId: null,
  shiftId: null,
  workerId: null,
  kind: "payment",
  method: "cash",
  amount: 1e4 + order,
  occurredAt: hour(order),
})
