// Who may see and change what, what lists and filters show, and what becomes of senseless requests.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { newId } from "@florist/kit/id"
import { fuzz } from "@florist/published/fuzz"
import { methodId } from "../src/payment-method.ts"
import { payments } from "../src/service.ts"
import { shops, startScene, store } from "./scene.ts"
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

interface Kept {
  order: string
  payment: string
  register: string
  shift: string
  reason: string
  card: string
  qr: string
}

/** Something of everything. */
async function fill(): Promise<Kept> {
  const made = async (path: string, type: string, attributes: object, relationships: object = {}, params: Record<string, string> = {}) =>
    (await scene.client.call("POST", path, { token, params, body: { data: { type, attributes, relationships } } })).one.id
  const register = await made("/v1/registers", "registers", { title: "Till" }, { store: { data: { type: "stores", id: store } } })
  const shift = await made("/v1/shifts", "shifts", { openingAmount: 100 }, { register: { data: { type: "registers", id: register } } })
  const reason = await made("/v1/cash-reasons", "cash-reasons", { title: "Change", typeReason: "deposit" })
  await made("/v1/cash-movements", "cash-movements", { kind: "deposit", amount: 5 }, { shift: { data: { type: "shifts", id: shift } } })
  const card = await made("/v1/gift-cards", "gift-cards", { amount: 300 })
  const order = scene.order(100_000).id
  const payment = (await scene.pay(order, { method: "cash", amount: 600, shift })).one.id
  await scene.pay(order, { type: "return", method: "cash", amount: 100, shift })
  const qr = await made("/v1/orders/{id}/qr-payments", "qr-payments", { kind: "emv", amount: 10 }, {}, { id: order })
  return { order, payment, register, shift, reason, card, qr }
}

/** All that the service keeps, in a word. */
async function fingerprint(): Promise<string> {
  const tables = [
    "sale",
    "payment",
    "refund",
    "spending",
    "register",
    "cash_shift",
    "cash_entry",
    "cash_reason",
    "cash_movement",
    "gift_card",
    "qr_payment",
    "journal_line",
  ]
  const parts = tables.map((name) => `(SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM payments.${name} t)`)
  const [row] = await scene.rows(`SELECT concat_ws(' ', ${parts.join(", ")}) AS all`)
  return String(row?.all)
}

test("another shop's documents are not found, and nothing of them changes, on the same shard and on another", async () => {
  const kept = await fill()
  const before = await fingerprint()
  for (const shop of [shops.neighbour, shops.faraway]) {
    const stranger = await scene.token({ shop })
    const call = (method: string, path: string, params: Record<string, string>, body?: object) =>
      scene.client.call(method, path, { token: stranger, params, ...(body === undefined ? {} : { body }) })
    const data = (type: string, attributes: object, relationships: object = {}) => ({ data: { type, attributes, relationships } })
    const attacks = [
      call("GET", "/v1/payments/{paymentId}", { paymentId: kept.payment }),
      call("PATCH", "/v1/payments/{paymentId}", { paymentId: kept.payment }, data("order-payments", { description: "mine" })),
      call("POST", "/v1/payments/{paymentId}/refunds", { paymentId: kept.payment }, data("order-payments", { amount: 1 })),
      call("GET", "/v1/shifts/{id}", { id: kept.shift }),
      call("POST", "/v1/shifts/{id}/close", { id: kept.shift }, data("shifts", { countedAmount: 1 })),
      call(
        "POST",
        "/v1/shifts",
        {},
        data("shifts", { openingAmount: 1 }, { register: { data: { type: "registers", id: kept.register } } }),
      ),
      call("PATCH", "/v1/registers/{id}", { id: kept.register }, data("registers", { title: "mine" })),
      call(
        "POST",
        "/v1/cash-movements",
        {},
        data("cash-movements", { kind: "withdraw", amount: 1 }, { shift: { data: { type: "shifts", id: kept.shift } } }),
      ),
      call("GET", "/v1/cash-reasons/{id}", { id: kept.reason }),
      call("PATCH", "/v1/cash-reasons/{id}", { id: kept.reason }, data("cash-reasons", { title: "mine" })),
      call("GET", "/v1/gift-cards/{id}", { id: kept.card }),
      call("GET", "/v1/qr-payments/{id}", { id: kept.qr }),
      call("POST", "/v1/qr-payments/{id}/cancel", { id: kept.qr }),
      call("POST", "/v1/qr-payments/{id}/confirm", { id: kept.qr }),
      scene.pay(kept.order, { method: "cash", amount: 1, shop, token: stranger }),
    ]
    for (const answer of await Promise.all(attacks)) assert.equal(answer.status, 404)
    for (const path of [
      "/v1/payments",
      "/v1/shifts",
      "/v1/registers",
      "/v1/cash-movements",
      "/v1/cash-reasons",
      "/v1/gift-cards",
      "/v1/qr-payments",
      "/v1/journal",
    ])
      assert.equal((await scene.client.call("GET", path, { token: stranger })).many.length, 0, path)
  }
  assert.equal(await fingerprint(), before)
})

test("a session with stores sees and takes theirs alone", async () => {
  const kept = await fill()
  const elsewhere = await scene.token({ role: "cashier", stores: [newId()] })
  const here = await scene.token({ role: "cashier", stores: [store] })
  const list = async (of: string, path: string) => (await scene.client.call("GET", path, { token: of })).many.length
  for (const path of ["/v1/payments", "/v1/shifts", "/v1/registers", "/v1/cash-movements", "/v1/qr-payments"]) {
    assert.equal(await list(elsewhere, path), 0, path)
    assert.ok((await list(here, path)) > 0, path)
  }
  assert.equal((await scene.pay(kept.order, { method: "cash", amount: 1, token: elsewhere })).status, 404)
  assert.equal((await scene.pay(kept.order, { method: "cash", amount: 1, token: here })).status, 200)
  const shown = await scene.client.call("GET", "/v1/payments/{paymentId}", { token: elsewhere, params: { paymentId: kept.payment } })
  assert.equal(shown.status, 404)
})

test("a courier takes no money, a cashier sets nothing up and reads no journal", async () => {
  const courier = await scene.token({ role: "courier" })
  assert.equal((await scene.pay(scene.order(100).id, { method: "cash", amount: 1, token: courier })).status, 403)
  const cashier = await scene.token({ role: "cashier" })
  const body = { data: { type: "cash-reasons", attributes: { title: "x", typeReason: "deposit" } } }
  assert.equal((await scene.client.call("POST", "/v1/cash-reasons", { token: cashier, body })).status, 403)
  assert.equal((await scene.client.call("GET", "/v1/journal", { token: cashier })).status, 403)
  const seen = async (path: string, query = {}) => (await scene.client.call("GET", path, { token: courier, query })).status
  const turnover = ["/v1/payments", "/v1/payments/summary", "/v1/cash-movements", "/v1/qr-payments"]
  assert.deepEqual(await Promise.all(turnover.map((path) => seen(path))), [403, 403, 403, 403], "a courier sees no turnover")
  assert.equal(await seen("/v1/payments", { "filter[order]": newId() }), 200)
  assert.equal((await scene.client.call("GET", "/v1/payments", {})).status, 401)
})

test("gift cards are issued by who runs the shop; a cashier sees no codes but the one that a customer shows; none lives again by an earlier date", async () => {
  const [cashier, owner] = [await scene.token({ role: "cashier" }), await scene.token()]
  const now = scene.platform.clock.now()
  const attributes = { amount: 300, code: "ROSE-2026-17", expiresAt: new Date(now.getTime() - 1_000).toISOString() }
  const issue = (token: string) =>
    scene.client.call("POST", "/v1/gift-cards", { token, body: { data: { type: "gift-cards", attributes } } })
  assert.equal((await issue(cashier)).status, 403)
  const { id } = (await issue(owner)).one
  const codes = async (token: string, query = {}) =>
    (await scene.client.call("GET", "/v1/gift-cards", { token, query })).many
      .filter((card) => card.id === id)
      .map((card) => card.attributes.code)
  assert.deepEqual(await codes(cashier), ["******2617"])
  assert.deepEqual([await codes(owner), await codes(cashier, { "filter[code]": "rose 2026 17" })], [["ROSE202617"], ["ROSE202617"]])
  const order = scene.order(10_000)
  const paid = await scene.pay(order.id, {
    method: "gift_card",
    amount: 100,
    at: new Date("2020-01-01"),
    attributes: { giftCardCode: "ROSE202617" },
  })
  assert.equal(paid.errors[0]?.code, "gift-card-expired")
})

test("every filter of the list shows what it says, newest first, page by page", async () => {
  const order = scene.order(1_000_000).id
  const shift = newId()
  const [anna, olga] = [newId(), newId()]
  const person = (id: string) => ({ data: { type: "workers", id } })
  const at = (day: number) => new Date(`2026-03-0${day}T10:00:00Z`)
  const card = await scene.pay(order, {
    method: "card",
    amount: 100,
    at: at(1),
    shift,
    attributes: { fiscalized: true, fiscalizedAt: "2026-03-01T10:05:00Z" },
    relationships: { createdBy: person(anna), fiscalShift: { data: { type: "shifts", id: shift } } },
  })
  const cash = await scene.pay(order, {
    method: "cash",
    amount: 200,
    at: at(2),
    relationships: { createdBy: person(anna), postedBy: person(olga) },
  })
  const bonus = await scene.pay(order, { method: "bonus", amount: 300, at: at(3) })
  const back = await scene.pay(order, { type: "return", method: "cash", amount: 50, at: at(4) })
  const [c, k, b, r] = [card, cash, bonus, back].map((answer) => answer.one.id)
  const cases: [Record<string, string | number | boolean>, (string | undefined)[]][] = [
    [{}, [r, b, k, c]],
    [{ "filter[type]": "return" }, [r]],
    [{ "filter[paymentMethod]": methodId(shops.rose, "cash") }, [r, k]],
    [{ "filter[paymentMethod]": newId() }, []],
    [{ "filter[shift]": shift }, [c]],
    [{ "filter[fiscalShift]": shift }, [c]],
    [{ "filter[createdBy]": anna }, [k, c]],
    [{ "filter[postedBy]": olga }, [k]],
    [{ "filter[fiscalizedAt][from]": "2026-03-01", "filter[fiscalizedAt][to]": "2026-03-02" }, [c]],
    [{ "filter[fiscalizedAt][from]": "2026-03-02" }, []],
    [{ "filter[amountFrom]": 200, "filter[amountTo]": 250 }, [k]],
    [{ "filter[bonusesAmountFrom]": 1 }, [b]],
    [{ "filter[bonusesAmountFrom]": 0, "filter[bonusesAmountTo]": 0.5 }, [r, k, c]],
    [{ "filter[fiscalized]": true }, [c]],
    [{ "filter[fiscalized]": false, "filter[type]": "payment" }, [b, k]],
  ]
  for (const [query, expected] of cases) {
    const { many } = await scene.client.call("GET", "/v1/payments", { token, query: { "filter[order]": order, ...query } })
    assert.deepEqual(
      many.map(({ id }) => id),
      expected,
      JSON.stringify(query),
    )
  }
  const first = await scene.client.call("GET", "/v1/payments", { token, query: { "filter[order]": order, "page[size]": 3 } })
  assert.deepEqual([first.many.length, first.meta.total], [3, 4])
  const next = (first.body as { links: { next: string } }).links.next
  const address = `${next}&filter%5Border%5D=${order}`
  assert.deepEqual(
    (await scene.client.call("GET", "/v1/payments", { token, address })).many.map(({ id }) => id),
    [c],
  )
})

test("a payment is marked as fiscalized; its money stays as it is", async () => {
  const order = scene.order(100_000).id
  const { id } = (await scene.pay(order, { method: "card", amount: 10 })).one
  const change = (attributes: object, relationships: object = {}) =>
    scene.client.call("PATCH", "/v1/payments/{paymentId}", {
      token,
      params: { paymentId: id },
      body: { data: { type: "order-payments", id, attributes, relationships } },
    })
  const marked = await change(
    { fiscalized: true, fiscalizedAt: "2026-03-08T10:00:00Z", amount: 10 },
    { fiscalizedBy: { data: { type: "workers", id: order } } },
  )
  assert.deepEqual(
    [marked.status, marked.one.attributes.fiscalized, marked.one.attributes.fiscalizedAt],
    [200, true, "2026-03-08T10:00:00+00:00"],
  )
  for (const wrong of [{ amount: 11 }, { paymentType: "return" }, { bonusAmount: 1 }, { posted: false }])
    assert.equal((await change(wrong)).status, 409)
  const back = (await scene.pay(order, { type: "return", method: "card", amount: 10 })).one.id
  const noted = await scene.client.call("PATCH", "/v1/payments/{paymentId}", {
    token,
    params: { paymentId: back },
    body: { data: { type: "order-payments", attributes: { description: "withered" } } },
  })
  assert.equal(noted.one.attributes.description, "withered")
})

test("what came in and went back since a moment is summed by method, without change", async () => {
  const place = newId()
  const mine = await scene.token({ stores: [place] })
  const sum = async () =>
    (await scene.client.call("GET", "/v1/payments/summary", { token: mine, query: { since: "2001-01-01" } })).one.attributes
  assert.deepEqual(await sum(), { since: "2001-01-01T00:00:00+00:00", methods: [], taken: 0, refunded: 0 })
  const order = scene.order(100_000, { storeId: place }).id
  await scene.pay(order, { method: "card", amount: 700 })
  await scene.pay(order, { method: "cash", amount: 500 })
  await scene.pay(order, { type: "change", method: "cash", amount: 200 })
  await scene.pay(order, { type: "return", method: "card", amount: 50.5 })
  const { methods, taken, refunded } = await sum()
  assert.deepEqual(methods, [
    { method: "card", payments: 1, amount: 700 },
    { method: "cash", payments: 1, amount: 300 },
  ])
  assert.deepEqual([taken, refunded], [1_000, 50.5])
})

test("every event tells what happened, once for each payment and each refund", async () => {
  const order = scene.order(100_000).id
  const { id } = (await scene.pay(order, { method: "cash", amount: 1_100 })).one
  await scene.pay(order, { id, method: "cash", amount: 1_100 })
  await scene.pay(order, { type: "change", method: "cash", amount: 100 })
  const back = (await scene.pay(order, { type: "return", method: "cash", amount: 1_000 })).one.id
  const events = await scene.rows(
    "SELECT subject, data ->> 'kind' AS kind, (data ->> 'amount')::int AS amount, data -> 'isChange' AS change FROM payments.outbox WHERE data ->> 'orderId' = $1 ORDER BY position",
    [order],
  )
  assert.deepEqual(
    events.map(({ kind, amount, change }) => [kind, amount, change]),
    [
      ["payment", 110_000, null],
      ["return", 10_000, true],
      ["return", 100_000, null],
    ],
  )
  assert.deepEqual([events[0]?.subject, events[2]?.subject], [id, back])
})

test("an id is one thing: nothing else is recorded under it", async () => {
  const kept = await fill()
  const taken = (path: string, type: string, id: string, attributes: object, relationships: object, params: Record<string, string> = {}) =>
    scene.client.call("POST", path, { token, params, body: { data: { type, id, attributes, relationships } } })
  const shift = { shift: { data: { type: "shifts", id: kept.shift } } }
  const answers = await Promise.all([
    scene.pay(scene.order(100).id, { id: kept.payment, method: "card", amount: 1 }),
    scene.pay(scene.order(100).id, { id: kept.qr, method: "card", amount: 1 }),
    scene.pay(scene.order(100).id, { id: kept.shift, method: "card", amount: 1 }),
    taken("/v1/cash-movements", "cash-movements", kept.payment, { kind: "deposit", amount: 1 }, shift),
    taken("/v1/gift-cards", "gift-cards", kept.payment, { amount: 1 }, {}),
    taken("/v1/orders/{id}/qr-payments", "qr-payments", kept.payment, { kind: "emv", amount: 1 }, {}, { id: kept.order }),
    taken("/v1/payments/{paymentId}/refunds", "order-payments", kept.payment, { amount: 1 }, {}, { paymentId: kept.payment }),
  ])
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 409),
  )
})

test("twenty of the same request with one key are one payment", async () => {
  const order = scene.order(100_000).id
  const once = () =>
    scene.client.call("POST", "/v1/orders/{id}/payments", {
      token,
      key: "once",
      params: { id: order },
      body: {
        data: {
          type: "order-payments",
          attributes: { paymentType: "payment", amount: 10 },
          relationships: { method: { data: { type: "payment-methods", id: methodId(shops.rose, "card") } } },
        },
      },
    })
  // Without an id of the client's own the key alone tells that it is the same.
  const answers = await Promise.all(Array.from({ length: 20 }, once))
  assert.equal(new Set(answers.map(({ one }) => one.id)).size, 1)
  assert.equal((await scene.rows("SELECT FROM payments.payment WHERE sale_id = $1", [order])).length, 1)
})

test("whatever is sent, it is refused with 4xx and writes nothing, or done as published", { timeout: 60_000 }, async () => {
  const kept = await fill()
  const ids: Record<string, string> = {
    shifts: kept.shift,
    registers: kept.register,
    "cash-reasons": kept.reason,
    "gift-cards": kept.card,
    "qr-payments": kept.qr,
  }
  await fuzz({
    client: scene.client,
    operations: payments.operations(scene.surroundings),
    numRuns: 15,
    seed: 6,
    token,
    known: {
      orders: [kept.order],
      "order-payments": [kept.payment],
      stores: [store],
      ...Object.fromEntries(Object.entries(ids).map(([type, id]) => [type, [id]])),
    },
    params: (path) => ({
      paymentId: kept.payment,
      id: path.includes("/orders/") ? kept.order : (ids[path.split("/")[2] ?? ""] ?? newId()),
    }),
    fingerprint,
  })
})
