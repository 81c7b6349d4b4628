// Payments as the published API has them: tenders, change, returns, points, gift cards; who may do what; nothing of another shop.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import { methodId } from "../src/payment-method.ts"
import { shops, startScene } from "./scene.ts"
import type { Scene } from "./scene.ts"

let scene: Scene
let token: string
before(async () => {
  scene = await startScene()
  token = await scene.token()
})
after(async () => {
  scene.client.exercised.keep("payments")
  await scene[Symbol.asyncDispose]()
})

const code = (answer: { errors: { code?: unknown }[] }) => answer.errors[0]?.code

test("a shop that nobody set up has its methods, with the same ids everywhere", async () => {
  const { many } = await scene.client.call("GET", "/v1/payment-methods", { token })
  assert.deepEqual(
    many.map(({ attributes }) => attributes.kind),
    ["cash", "card", "bonus", "gift_card", "qr"],
  )
  assert.equal(many[0]?.id, methodId(shops.rose, "cash"))
  const other = await scene.client.call("GET", "/v1/payment-methods", { token: await scene.token({ shop: shops.neighbour }) })
  assert.notEqual(other.many[0]?.id, many[0]?.id)
})

test("an order is paid by several tenders as published, each once, and no more than is due", async () => {
  const order = scene.order(150_050)
  const id = newId()
  const made = await scene.client.call("POST", "/v1/orders/{id}/payments", {
    token,
    params: { id: order.id },
    body: {
      data: {
        type: "order-payments",
        id,
        attributes: {
          paymentType: "payment",
          amount: 1_000,
          date: "2026-03-08",
          createdAt: "2026-03-08T09:01:55Z",
          description: "By card",
          prepayment: true,
        },
        relationships: { method: { data: { type: "payment-methods", id: methodId(shops.rose, "card") } } },
      },
    },
  })
  assert.equal(made.status, 200)
  const { amount, prepayment, posted, postedAt, date } = made.one.attributes
  assert.deepEqual([amount, prepayment, posted, postedAt, date], [1000, true, true, "2026-03-08T09:01:55+00:00", "2026-03-08"])
  assert.equal((await scene.pay(order.id, { id, method: "card", amount: 1_000 })).status, 200, "the same again")
  assert.equal(code(await scene.pay(order.id, { id, method: "card", amount: 999 })), "conflict")
  assert.equal(code(await scene.pay(order.id, { method: "card", amount: 600 })), "more-than-due")
  assert.equal((await scene.pay(order.id, { method: "cash", amount: 500.5 })).status, 200)
  assert.equal(code(await scene.pay(order.id, { method: "cash", amount: 1 })), "more-than-due")
  const [sums] = await scene.rows("SELECT count(*)::int AS payments, sum(amount)::int AS amount FROM payments.payment WHERE sale_id = $1", [
    order.id,
  ])
  assert.deepEqual(sums, { payments: 2, amount: 150_050 })
})

test("cash may be more than is due, and its change goes back, no more and no less often", async () => {
  const order = scene.order(80_000)
  assert.equal(code(await scene.pay(order.id, { type: "change", method: "cash", amount: 200 })), "more-than-change")
  await scene.pay(order.id, { method: "cash", amount: 1_000 })
  assert.equal(code(await scene.pay(order.id, { type: "change", method: "cash", amount: 200.01 })), "more-than-change")
  const change = await scene.pay(order.id, { type: "change", method: "cash", amount: 200 })
  assert.equal(change.one.attributes.paymentType, "change")
  assert.equal(code(await scene.pay(order.id, { type: "change", method: "cash", amount: 1 })), "more-than-change")
  assert.equal(code(await scene.pay(order.id, { method: "card", amount: 1 })), "more-than-due")
})

test("money goes back as it was paid, never more than came", async () => {
  const order = scene.order(100_000)
  const payment = (await scene.pay(order.id, { method: "card", amount: 1_000 })).one
  assert.equal(code(await scene.pay(order.id, { type: "return", method: "cash", amount: 1 })), "more-than-paid")
  const returned = await scene.pay(order.id, { type: "return", method: "card", amount: 400 })
  assert.equal(returned.one.relationships.parent?.data && (returned.one.relationships.parent.data as { id: string }).id, payment.id)
  const refund = (amount?: number, id?: string) =>
    scene.client.call("POST", "/v1/payments/{paymentId}/refunds", {
      token,
      params: { paymentId: payment.id },
      body: { data: { type: "order-payments", ...(id === undefined ? {} : { id }), attributes: amount === undefined ? {} : { amount } } },
    })
  assert.equal(code(await refund(601)), "more-than-paid")
  const id = newId()
  const rest = await refund(undefined, id)
  assert.deepEqual([rest.status, rest.one.attributes.amount], [201, 600])
  assert.equal((await refund(600, id)).status, 201, "the same again")
  assert.equal(code(await refund()), "more-than-paid")
  const seen = await scene.client.call("GET", "/v1/payments/{paymentId}", { token, params: { paymentId: payment.id } })
  assert.equal(seen.one.attributes.refundedAmount, 1_000)
})

test("twenty refunds at the same time give back no more than was paid", async () => {
  const order = scene.order(100_000)
  const payment = (await scene.pay(order.id, { method: "card", amount: 1_000 })).one
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      scene.client.call("POST", "/v1/payments/{paymentId}/refunds", {
        token,
        params: { paymentId: payment.id },
        body: { data: { type: "order-payments", attributes: { amount: 150 } } },
      }),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 201).length, 6)
  const [row] = await scene.rows("SELECT refunded::int FROM payments.payment WHERE id = $1", [payment.id])
  assert.equal(row?.refunded, 90_000)
  await assert.rejects(
    scene.platform.shard.query("UPDATE payments.payment SET refunded = amount + 1 WHERE id = $1", [payment.id]),
    /refunded_within/,
  )
})

test("points pay as soon as loyalty has given them, once, also where its answer is lost", async () => {
  const order = scene.order(100_000)
  const id = newId()
  scene.loyalty.lostAnswers = 1
  const lost = await scene.client.call("POST", "/v1/orders/{id}/payments", {
    token,
    params: { id: order.id },
    outage: "expected",
    body: {
      data: {
        type: "order-payments",
        id,
        attributes: { paymentType: "payment", amount: 300, bonusAmount: 300 },
        relationships: { method: { data: { type: "payment-methods", id: methodId(shops.rose, "bonus") } } },
      },
    },
  })
  assert.equal(lost.status, 503)
  assert.equal(code(await scene.pay(order.id, { method: "card", amount: 701 })), "more-than-due", "what is asked for counts already")
  const again = await scene.pay(order.id, { id, method: "bonus", amount: 300 })
  assert.deepEqual([again.status, again.one.attributes.bonusAmount, scene.loyalty.spent.get(id)], [200, 300, 300])
  assert.equal((await scene.pay(order.id, { type: "return", method: "bonus", amount: 100.5 })).status, 422, "points are whole")
  const back = await scene.pay(order.id, { type: "return", method: "bonus", amount: 300 })
  assert.equal(back.one.attributes.posted, true)
  assert.ok(scene.loyalty.cancelled.has(id))

  scene.loyalty.balance = 5
  assert.equal(code(await scene.pay(order.id, { method: "bonus", amount: 10 })), "not-enough-points")
  scene.loyalty.balance = 1_000_000
  assert.equal((await scene.pay(order.id, { method: "card", amount: 1_000 })).status, 200, "what was refused counts no more")
})

test("what came back of an order is given back by every tender in proportion, once, and nothing more is due for it", async () => {
  const order = scene.order(100_000, { status: "done" })
  const points = newId()
  await scene.pay(order.id, { id: points, method: "bonus", amount: 300 })
  await scene.pay(order.id, { method: "card", amount: 700 })
  const kept = { ...order, revision: 2, totalAmount: 80_000 }
  const told = { order: kept, returned: { ...order, totalAmount: 20_000 }, withWriteOff: false, returnedBy: null, shiftId: null }
  await scene.tell("order.returned-partly", kept, told)
  scene.platform.clock.advance(60_000)
  await scene.workOff()
  await scene.tell("order.returned-partly", kept, told)
  scene.platform.clock.advance(60_000)
  await scene.workOff()
  const back = await scene.rows(
    "SELECT method, state, sum(amount)::int AS back FROM payments.refund WHERE sale_id = $1 GROUP BY method, state ORDER BY method",
    [order.id],
  )
  assert.deepEqual(back, [
    { method: "bonus", state: "done", back: 6_000 },
    { method: "card", state: "done", back: 14_000 },
  ])
  assert.deepEqual([...scene.loyalty.restored.values()], [60])
  assert.equal(code(await scene.pay(order.id, { method: "card", amount: 1 })), "more-than-due")
})

test("nobody pays a price that is another by now: what was seen is part of the request, and no older state of the order decides", async () => {
  const order = scene.order(9_000)
  const pay = (attributes: object, id = newId()) => scene.pay(order.id, { id, method: "card", amount: 45, attributes: { ...attributes } })
  assert.equal((await pay({ expectedTotal: 90 })).status, 200)
  // It has grown, and the event has not come yet.
  const grown = { ...order, revision: 5, totalAmount: 128_000 }
  await scene.tell("order.unheard", grown)
  const moved = await pay({ expectedTotal: 90, orderRevision: 5 })
  assert.deepEqual([moved.status, code(moved)], [409, "total-moved"])
  assert.match(JSON.stringify(moved.errors), /1280\.00 roubles now, not to 90\.00/)
  const id = newId()
  assert.equal((await pay({ expectedTotal: 1_280, orderRevision: 5 }, id)).status, 200)
  await scene.tell("order.changed", { ...grown, revision: 6, totalAmount: 200_000 })
  assert.equal((await pay({ expectedTotal: 1_280, orderRevision: 5 }, id)).status, 200, "the same again is what it was")
  assert.equal(code(await pay({ expectedTotal: 1_280 })), "total-moved")
})

test("points of a payment that was cut off are taken by the agenda, once", async () => {
  const order = scene.order(100_000)
  const id = newId()
  scene.loyalty.lostAnswers = 1
  const asked = scene.loyalty.asked
  await scene.client.call("POST", "/v1/orders/{id}/payments", {
    token,
    params: { id: order.id },
    outage: "expected",
    body: {
      data: {
        type: "order-payments",
        id,
        attributes: { paymentType: "payment", amount: 100 },
        relationships: { method: { data: { type: "payment-methods", id: methodId(shops.rose, "bonus") } } },
      },
    },
  })
  scene.platform.clock.advance(11_000)
  await scene.workOff()
  const seen = await scene.client.call("GET", "/v1/payments/{paymentId}", { token, params: { paymentId: id } })
  assert.equal(seen.one.attributes.bonusAmount, 100)
  assert.equal(scene.loyalty.asked, asked + 2)
  assert.equal((await scene.rows("SELECT FROM payments.agenda WHERE id = $1", [id])).length, 0)
})

test("a gift card is issued, pays what is on it, and gets it back", async () => {
  const issue = (attributes: object) =>
    scene.client.call("POST", "/v1/gift-cards", { token, body: { data: { type: "gift-cards", attributes } } })
  const card = (await issue({ amount: 500, code: "ROSE 2026" })).one
  assert.equal(card.attributes.code, "ROSE2026")
  assert.equal(code(await issue({ amount: 1, code: "rose-2026" })), "code-taken")
  const order = scene.order(100_000)
  const giftCardCode = "rose 2026"
  assert.equal(code(await scene.pay(order.id, { method: "gift_card", amount: 501, attributes: { giftCardCode } })), "gift-card-balance")
  assert.equal(code(await scene.pay(order.id, { method: "gift_card", amount: 1, attributes: { giftCardCode: "NOSUCH" } })), "no-gift-card")
  const paid = await scene.pay(order.id, { method: "gift_card", amount: 400, attributes: { giftCardCode } })
  assert.equal(paid.status, 200)
  await scene.pay(order.id, { type: "return", method: "gift_card", amount: 150 })
  const seen = await scene.client.call("GET", "/v1/gift-cards", { token, query: { "filter[code]": giftCardCode } })
  assert.equal(seen.many[0]?.attributes.balance, 250)
  assert.equal((await scene.client.call("GET", "/v1/gift-cards/{id}", { token, params: { id: card.id } })).one.attributes.balance, 250)
  const late = (await issue({ amount: 5, expiresAt: "2020-01-01" })).one
  const expired = await scene.pay(order.id, { method: "gift_card", amount: 1, relationships: { giftCard: { data: { id: late.id } } } })
  assert.equal(code(expired), "gift-card-expired")
})

test("an order that nobody has heard of is asked for; an unknown one is a 404; a closed one takes no money", async () => {
  assert.equal((await scene.pay(newId(), { method: "cash", amount: 1 })).status, 404)
  const order = scene.order(10_000)
  await scene.tell("order.changed", { ...order, status: "canceled", revision: 2 })
  assert.equal(code(await scene.pay(order.id, { method: "cash", amount: 1 })), "order-closed")
  await scene.tell("order.changed", { ...order, status: "new", revision: 1 })
  assert.equal(code(await scene.pay(order.id, { method: "cash", amount: 1 })), "order-closed", "an older revision changes nothing")
})

test("while the orders cannot be asked, an unknown order's payment is a 503", async () => {
  await scene.platform.stop("orders")
  const answer = await scene.client.call("POST", "/v1/orders/{id}/payments", {
    token,
    params: { id: newId() },
    outage: "expected",
    body: {
      data: {
        type: "order-payments",
        attributes: { paymentType: "payment", amount: 1 },
        relationships: { method: { data: { type: "payment-methods", id: methodId(shops.rose, "cash") } } },
      },
    },
  })
  assert.equal(answer.status, 503)
})
