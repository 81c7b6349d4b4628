// The ledger of points: earned, spent, given back, as orders and payments become known, in whatever order and however often.
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { shops } from "../../kit/test/platform.ts"
import { changed, linkedId, openShop, orderOf, paidByPoints, posted, returned } from "./shop.ts"
import type { Shop } from "./shop.ts"

let shop: Shop
before(async () => {
  shop = await openShop()
})
after(() => shop[Symbol.asyncDispose]())

const group = async (attributes: object): Promise<string> =>
  (
    await shop.call("POST", "/v1/bonus-groups", {
      body: { data: { type: "bonus-groups", attributes: { status: "on", title: "Group", ...attributes } } },
    })
  ).one.id
const inGroup = (id: string) => ({ bonusGroup: { data: { type: "bonus-groups", id } } })
const grant = async (customer: string, amount: number, id?: string) =>
  shop.call("POST", "/v1/customers/{id}/bonus-history", {
    params: { id: customer },
    body: { data: { type: "customer-bonus-history-lines", ...(id === undefined ? {} : { id }), attributes: { amount, reason: "A gift" } } },
  })
const spend = (customerId: string, orderId: string, points: number, paymentId = newId()) =>
  shop.peer("POST", "/v1/spendings", { paymentId, orderId, customerId, points, occurredAt: new Date() })
const cancel = (paymentId: string) => shop.peer("POST", "/v1/spendings/cancel", { paymentId, occurredAt: new Date() })
const read = async (id: string) => (await shop.call("GET", "/v1/customers/{id}", { params: { id } })).one
const figures = async (id: string) => {
  const { currentPoints, spentPoints, ordersAmount, ordersQty, averageCheck } = (await read(id)).attributes
  return { currentPoints, spentPoints, ordersAmount, ordersQty, averageCheck }
}
const history = async (id: string) =>
  (await shop.call("GET", "/v1/customers/{id}/bonus-history", { params: { id } })).many.map(({ attributes }) => [
    attributes.kind,
    attributes.amount,
  ])

/** Entries, balances and debts of every customer hold together. */
async function assertSound() {
  const wrong = await shop.rows(
    `SELECT customer.id, customer.balance, coalesce(sum(entry.points), 0) AS entered,
       -coalesce(sum(entry.points) FILTER (WHERE kind IN ('spent', 'spending-restored')), 0) AS spent, customer.spent_points
     FROM loyalty.customer LEFT JOIN loyalty.loyalty_entry entry ON entry.shop_id = customer.shop_id AND entry.customer_id = customer.id
     GROUP BY customer.shop_id, customer.id
     HAVING customer.balance <> coalesce(sum(entry.points), 0) OR customer.balance < 0
       OR customer.spent_points <> -coalesce(sum(entry.points) FILTER (WHERE kind IN ('spent', 'spending-restored')), 0)`,
  )
  assert.deepEqual(wrong, [])
  const broken = await shop.rows(
    `SELECT * FROM (SELECT id, balance, sum(points) OVER (PARTITION BY shop_id, customer_id ORDER BY id) AS summed FROM loyalty.loyalty_entry) line
     WHERE balance <> summed`,
  )
  assert.deepEqual(broken, [])
  assert.deepEqual(await shop.rows("SELECT reason FROM loyalty.stuck_event"), [])
}

test("a sold order earns points at the group's rate on what was not paid by points, and its return takes back and restores", async () => {
  const id = await shop.customer({}, inGroup(await group({ bonusRate: 10, limit: 50 })))
  await grant(id, 100)
  const order = orderOf({ id: newId(), customerId: id, totalAmount: 150_000 })
  const paymentId = newId()
  const spent = await spend(id, order.id, 80, paymentId)
  assert.deepEqual([spent.status, spent.body.balance], [200, 20])
  await shop.tell("orders", ...posted(order))
  await shop.tell("payments", ...paidByPoints({ id: paymentId, orderId: order.id, customerId: id, points: 80 }))
  await shop.platform.settle()
  assert.deepEqual(await history(id), [
    ["granted", 100],
    ["spent", -80],
    ["earned", 142],
  ])
  assert.deepEqual(await figures(id), { currentPoints: 162, spentPoints: 80, ordersAmount: 1500, ordersQty: 1, averageCheck: 1500 })

  await shop.tell("orders", ...returned({ ...order, revision: 2 }))
  await shop.tell("orders", ...returned({ ...order, revision: 2 }))
  await shop.platform.settle()
  await cancel(paymentId)
  assert.deepEqual((await history(id)).slice(3), [
    ["spending-restored", 80],
    ["earning-reversed", -142],
  ])
  assert.deepEqual(await figures(id), { currentPoints: 100, spentPoints: 0, ordersAmount: 0, ordersQty: 0, averageCheck: 0 })
  await assertSound()
})

test("of an order that comes back in part the points come back in part, once for each refund, earned and spent; the rest with the whole", async () => {
  const id = await shop.customer({}, inGroup(await group({ bonusRate: 10, limit: 50 })))
  await grant(id, 100)
  const order = orderOf({ id: newId(), customerId: id, totalAmount: 100_000 })
  const [paymentId, refundId] = [newId(), newId()]
  await spend(id, order.id, 50, paymentId)
  await shop.tell("orders", ...posted(order))
  await shop.platform.settle()
  assert.equal((await figures(id)).currentPoints, 50 + 95)
  const kept = { ...order, status: "done" as const, postedAt: order.createdAt, revision: 2, totalAmount: 80_000 }
  await shop.tell("orders", ...changed(kept))
  const restore = () => shop.peer("POST", "/v1/spendings/restore", { refundId, paymentId, points: 10, occurredAt: new Date() })
  assert.deepEqual([(await restore()).status, (await restore()).status], [200, 200])
  await shop.platform.settle()
  assert.deepEqual(await figures(id), { currentPoints: 60 + 76, spentPoints: 40, ordersAmount: 800, ordersQty: 1, averageCheck: 800 })
  await shop.tell("orders", ...returned({ ...kept, revision: 3 }))
  await shop.platform.settle()
  assert.equal((await figures(id)).currentPoints, 100)
  await assertSound()
})

test("points of a returned order that are spent already are taken from what comes next, never below zero", async () => {
  const id = await shop.customer({}, inGroup(await group({ bonusRate: 10 })))
  const first = orderOf({ id: newId(), customerId: id, totalAmount: 100_000 })
  await shop.tell("orders", ...posted(first))
  await shop.platform.settle()
  assert.equal((await spend(id, newId(), 90)).status, 200)
  await shop.tell("orders", ...returned({ ...first, revision: 2 }))
  await shop.platform.settle()
  assert.equal((await figures(id)).currentPoints, 0)
  await shop.tell("orders", ...posted(orderOf({ id: newId(), customerId: id, totalAmount: 150_000 })))
  await shop.platform.settle()
  assert.equal((await figures(id)).currentPoints, 60)
  await assertSound()
})

test("spending brings into the highest group that it reaches, tells it in the history, and never brings down", async () => {
  const at = shops.neighbour
  const on = async (attributes: object) =>
    (
      await shop.call("POST", "/v1/bonus-groups", {
        shop: at,
        body: { data: { type: "bonus-groups", attributes: { status: "on", ...attributes } } },
      })
    ).one.id
  const all = await on({ title: "All", bonusRate: 1, entryAmount: 0 })
  const silver = await on({ title: "Silver", bonusRate: 5, entryAmount: 1000 })
  const gold = await on({ title: "Gold", bonusRate: 10, entryAmount: 5000, activateOnEntry: true })
  await on({ title: "Secret", bonusRate: 50, entryAmount: 10, private: true })
  await on({ title: "Over", bonusRate: 50, entryAmount: 10, validTo: "2001-01-01T00:00:00Z" })
  const created = await shop.call("POST", "/v1/customers", {
    shop: at,
    body: { data: { type: "customers", attributes: { title: "Spender" } } },
  })
  const { id } = created.one
  const groupNow = async () => {
    const { relationships, attributes } = (await shop.call("GET", "/v1/customers/{id}", { params: { id }, shop: at })).one
    return [linkedId(relationships.bonusGroup), attributes.currentPoints]
  }
  assert.deepEqual(await groupNow(), [all, 0])
  const buy = async (totalAmount: number) => {
    const order = orderOf({ id: newId(), customerId: id, totalAmount })
    await shop.tell("orders", ...posted(order), at)
    await shop.platform.settle()
    return order
  }
  const first = await buy(100_000)
  assert.deepEqual(await groupNow(), [silver, 10], "the order that brings in counts by the group before")
  await buy(400_000)
  assert.deepEqual(await groupNow(), [gold, 10 + 400], "unless the group holds on entry")
  await shop.tell("orders", ...returned({ ...first, revision: 2 }), at)
  await shop.platform.settle()
  assert.deepEqual(await groupNow(), [gold, 400])
  const changes = await shop.call("GET", "/v1/bonus-group-changes-history", { shop: at, query: { "page[size]": 200 } })
  const entries = changes.many.filter(({ attributes }) => attributes.field === "customer")
  assert.deepEqual(
    entries.map(({ attributes, relationships }) => [attributes.oldValue, attributes.newValue, relationships.customer?.data]),
    [
      [null, all, { type: "customers", id }],
      [all, silver, { type: "customers", id }],
      [silver, gold, { type: "customers", id }],
    ],
  )
})

test("terms are those of the groups in force", async () => {
  const id = await shop.customer({}, inGroup(await group({ bonusRate: 10, limit: 30 })))
  const discount = await shop.call("POST", "/v1/discount-groups", {
    body: { data: { type: "discount-groups", attributes: { title: "D", discount: 7.5, status: "on" } } },
  })
  await shop.call("PATCH", "/v1/customers/{id}", {
    params: { id },
    body: { data: { type: "customers", relationships: { discountGroups: { data: [{ type: "discount-groups", id: discount.one.id }] } } } },
  })
  const terms = async () => (await shop.peer("GET", `/v1/customers/${id}/terms`)).body
  assert.deepEqual(await terms(), { customerId: id, discountRate: 750, bonusRate: 1000, bonusLimit: 3000, balance: 0 })
  await shop.call("PATCH", "/v1/discount-groups/{id}", {
    params: { id: discount.one.id },
    body: { data: { type: "discount-groups", id: discount.one.id, attributes: { validTo: "2001-01-01T00:00:00Z" } } },
  })
  assert.equal((await terms()).discountRate, 0)
  assert.equal((await shop.peer("GET", `/v1/customers/${newId()}/terms`)).status, 404)
})

test("a payment takes points once, whatever is repeated; cancelled before it came, it takes none", async () => {
  const id = await shop.customer()
  await grant(id, 100)
  const [paymentId, orderId] = [newId(), newId()]
  const answers = await Promise.all(Array.from({ length: 6 }, () => spend(id, orderId, 60, paymentId)))
  assert.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1)
  assert.equal((await figures(id)).currentPoints, 40)
  assert.equal((await spend(id, orderId, 61, paymentId)).body.errors?.[0]?.code, "payment-differs")
  assert.equal((await spend(id, orderId, 41)).body.errors?.[0]?.code, "not-enough-points")
  await Promise.all([cancel(paymentId), cancel(paymentId), cancel(paymentId)])
  assert.equal((await figures(id)).currentPoints, 100)
  assert.equal((await spend(id, orderId, 60, paymentId)).body.errors?.[0]?.code, "spending-cancelled")
  const never = newId()
  assert.deepEqual((await cancel(never)).body, {})
  assert.deepEqual([(await spend(id, orderId, 1, never)).status, (await figures(id)).currentPoints], [409, 100])
  assert.equal((await spend(newId(), orderId, 1)).status, 404)
  await assertSound()
})

test("points pay no larger part of an order than the group allows, in all payments together", async () => {
  const id = await shop.customer({}, inGroup(await group({ bonusRate: 10, limit: 30 })))
  await grant(id, 1000)
  const orderId = newId()
  const pay = async (points: number) => {
    const body = { paymentId: newId(), orderId, customerId: id, points, orderAmount: 100_050, occurredAt: new Date() }
    const { status, body: answer } = await shop.peer("POST", "/v1/spendings", body)
    return answer.errors?.[0]?.code ?? status
  }
  assert.deepEqual(
    [await pay(301), await pay(200), await pay(101), await pay(100), await pay(1)],
    ["points-limit", 200, "points-limit", 200, "points-limit"],
  )
})

test("of many that spend at once, exactly as many succeed as there are points for", async () => {
  const id = await shop.customer()
  await grant(id, 70)
  const answers = await Promise.all(Array.from({ length: 12 }, () => spend(id, newId(), 15)))
  assert.equal(answers.filter(({ status }) => status === 200).length, 4)
  assert.ok(answers.every(({ status }) => status === 200 || status === 409))
  assert.equal((await figures(id)).currentPoints, 10)
  await assertSound()
})

test("points are given and taken by hand with a reason, once for an id, never more than there are", async () => {
  const id = await shop.customer()
  const line = newId()
  const first = await grant(id, 50, line)
  assert.deepEqual([first.status, first.one.attributes.admin, first.one.attributes.amount], [201, true, 50])
  assert.deepEqual((await grant(id, 50, line)).one, first.one)
  assert.equal((await grant(id, 51, line)).status, 409)
  assert.equal((await grant(id, -20)).one.attributes.amount, -20)
  assert.equal((await grant(id, -31)).errors[0]?.code, "not-enough-points")
  assert.equal((await grant(id, 0)).status, 422)
  assert.equal((await figures(id)).currentPoints, 30)
})

test("orders that are known before their customer count when the customer is created", async () => {
  const groupId = await group({ bonusRate: 10 })
  const id = newId()
  await shop.tell("orders", ...posted(orderOf({ id: newId(), customerId: id, totalAmount: 50_000 })))
  await shop.platform.settle()
  const body = { data: { type: "customers", id, attributes: { title: "Late" }, relationships: inGroup(groupId) } }
  const created = await shop.call("POST", "/v1/customers", { body })
  assert.deepEqual([created.one.attributes.currentPoints, created.one.attributes.ordersAmount], [50, 500])
  await assertSound()
})

test("not even the service itself can change or delete a line of the ledger", async () => {
  const { default: pg } = await import("pg")
  const url = new URL(shop.platform.postgres.url("s1"))
  url.username = "florist_loyalty"
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`SET florist.shop = '${shops.rose}'`)
  await assert.rejects(client.query("UPDATE loyalty.loyalty_entry SET points = 1"), /permission denied/)
  await assert.rejects(client.query("DELETE FROM loyalty.loyalty_entry"), /permission denied/)
  await assert.rejects(client.query("UPDATE loyalty.customer SET balance = -1"), /customer_points_are_there/)
  await client.end()
})

// What may happen to three customers and four orders. Each step is something that a shop, a till or the relay does.
const step = fc.oneof(
  fc.record({
    do: fc.constant("order" as const),
    order: fc.nat(3),
    customer: fc.nat(2),
    amount: fc.integer({ min: 0, max: 60_000 }),
    sold: fc.boolean(),
  }),
  fc.record({ do: fc.constant("return" as const), order: fc.nat(3) }),
  fc.record({
    do: fc.constant("spend" as const),
    order: fc.nat(3),
    customer: fc.nat(2),
    points: fc.integer({ min: 1, max: 60 }),
    payment: fc.nat(5),
  }),
  fc.record({ do: fc.constant("cancel" as const), payment: fc.nat(5) }),
  fc.record({ do: fc.constant("grant" as const), customer: fc.nat(2), points: fc.integer({ min: 1, max: 40 }), line: fc.nat(2) }),
)

test("whatever happens, repeated and in whatever order: points are the sum of entries, never negative, and sums are those of a replay", async () => {
  const bonus = await group({ bonusRate: 10 })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), fc.infiniteStream(fc.nat()), async (steps, chance) => {
      const customers = [
        await shop.customer({}, inGroup(bonus)),
        await shop.customer({}, inGroup(bonus)),
        await shop.customer({}, inGroup(bonus)),
      ]
      const ids = (count: number) => Array.from({ length: count }, newId)
      const [orders, payments, lines] = [ids(4), ids(6), ids(3)]
      const at = (all: readonly string[], place: number) => all[place] ?? ""
      const revisions = new Map<string, ReturnType<typeof orderOf>>()
      const events: ["orders" | "payments", [string, object]][] = []
      const asks: Promise<unknown>[] = []
      let revision = 0
      for (const each of steps) {
        if (each.do === "order") {
          const order = orderOf({
            id: at(orders, each.order),
            customerId: at(customers, each.customer),
            totalAmount: each.amount,
            revision: ++revision,
            ...(each.sold ? {} : { status: "new", postedAt: null }),
          })
          revisions.set(order.id, order)
          events.push(["orders", each.sold ? posted(order) : changed(order)])
        } else if (each.do === "return") {
          const last = revisions.get(at(orders, each.order))
          if (last === undefined) continue
          const order = { ...last, status: "returned" as const, revision: ++revision }
          revisions.set(order.id, order)
          events.push(["orders", returned(order)])
        } else if (each.do === "spend") {
          const [paymentId, orderId, customerId] = [at(payments, each.payment), at(orders, each.order), at(customers, each.customer)]
          asks.push(spend(customerId, orderId, each.points, paymentId), spend(customerId, orderId, each.points, paymentId))
          events.push(["payments", paidByPoints({ id: paymentId, orderId, customerId, points: each.points })])
        } else if (each.do === "cancel") asks.push(cancel(at(payments, each.payment)))
        else asks.push(grant(at(customers, each.customer), each.points, at(lines, each.line)))
      }
      const twice = [...events, ...events]
        .map((event) => ({ event, place: chance.next().value ?? 0 }))
        .toSorted((a, b) => a.place - b.place)
      for (const { event } of twice) await shop.tell(event[0], ...event[1])
      await Promise.all(asks)
      await shop.platform.settle()
      await assertSound()
      for (const id of customers) {
        const sold = [...revisions.values()].filter(
          (order) => order.customerId === id && order.postedAt !== null && order.status !== "returned",
        )
        const { ordersAmount, ordersQty } = await figures(id)
        assert.deepEqual([ordersAmount, ordersQty], [sold.reduce((sum, order) => sum + order.totalAmount, 0) / 100, sold.length])
      }
    }),
    { numRuns: 15, endOnFailure: true },
  )
})

test("in whatever order an order, its payment by points and its return arrive, the customer ends with the same points", async () => {
  const bonus = await group({ bonusRate: 10 })
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), fc.boolean(), async (permutation, comesBack) => {
      const id = await shop.customer({}, inGroup(bonus))
      await grant(id, 100)
      const [orderId, paymentId] = [newId(), newId()]
      const draft = orderOf({ id: orderId, customerId: id, totalAmount: 90_000, status: "new", postedAt: null })
      const sold = orderOf({ id: orderId, customerId: id, totalAmount: 80_000, revision: 2 })
      await spend(id, orderId, 30, paymentId)
      const events: ["orders" | "payments", [string, object]][] = [
        ["orders", changed(draft)],
        ["orders", posted(sold)],
        ["orders", changed(sold)],
        ["payments", paidByPoints({ id: paymentId, orderId, customerId: id, points: 30 })],
        ["orders", comesBack ? returned({ ...sold, revision: 3 }) : posted(sold)],
      ]
      for (const place of permutation) {
        const [from, event] = events[place] ?? ["orders", changed(draft)]
        await shop.tell(from, ...event)
      }
      await shop.platform.settle()
      assert.equal((await figures(id)).currentPoints, comesBack ? 100 : 70 + 77)
      await assertSound()
    }),
    { numRuns: 10, endOnFailure: true },
  )
})
