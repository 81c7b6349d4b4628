// QR payments with a bank that loses, repeats, forges and delays what it tells: the money that came is what was applied, given back, or is in suspense.
import assert from "node:assert/strict"
import { after, before, beforeEach, test } from "node:test"
import { decodeEmvQr } from "@florist/bank/emv-qr"
import { decodeNspkLink } from "@florist/bank/nspk-link"
import { newId } from "@florist/kit/id"
import fc from "fast-check"
import { bankOf } from "../src/merchant.ts"
import { applyEvidence } from "../src/qr-evidence.ts"
import type { Evidence } from "../src/qr-evidence.ts"
import { intendQr } from "../src/qr-flow.ts"
import { shops, startScene, store } from "./scene.ts"
import type { Scene } from "./scene.ts"

let scene: Scene
let token: string
const never = new AbortController().signal
const minuteMs = 60_000
/** Expiry of a code in the tests, in seconds. */
const expiresIn = 600

before(async () => {
  scene = await startScene({ bank: "simulated" })
  await setTime(new Date("2026-03-08T09:00:00Z"))
  token = await scene.token()
  const callbackUrl = `${scene.platform.url("payments")}/api/v1/payments/bank-callbacks`
  await bankOf(scene.surroundings, shops.rose).setCallbackUrl(callbackUrl, never)
})
after(async () => {
  scene.client.exercised.keep("payments")
  await scene[Symbol.asyncDispose]()
})
beforeEach(() => simulate("callbacks", {}))

const simulate = (path: string, body?: object) => scene.bank?.simulate(path, body) ?? assert.fail("there is no bank")
const flush = () => simulate("flush", {})
const code = (answer: { errors: { code?: unknown }[] }) => answer.errors[0]?.code

async function setTime(at: Date): Promise<void> {
  scene.platform.clock.set(at)
  await simulate("clock", { at: at.toISOString() })
}

const later = (ms: number) => setTime(new Date(scene.platform.clock.now().getTime() + ms))

async function settle(): Promise<void> {
  for (const wait of [0, minuteMs, 10 * minuteMs, 20 * minuteMs]) {
    await later(wait)
    await flush()
    await scene.workOff()
  }
}

interface Made {
  order: string
  id: string
  bankId: string
}

async function make(amount: number, id: string = newId()): Promise<Made> {
  const order = scene.order(amount).id
  const made = await request(order, { expiresIn }, id)
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return { order, id, bankId: await bankIdOf(id) }
}

const request = (order: string, attributes: object, id: string, outage?: "expected") =>
  scene.client.call("POST", "/v1/orders/{id}/qr-payments", {
    token,
    params: { id: order },
    body: { data: { type: "qr-payments", id, attributes } },
    ...(outage === undefined ? {} : { outage }),
  })

async function bankIdOf(id: string): Promise<string> {
  const [row] = await scene.rows("SELECT bank_qr_id FROM payments.qr_payment WHERE id = $1", [id])
  return String(row?.bank_qr_id)
}

const textIn = (value: unknown) => (typeof value === "string" ? value : assert.fail("no text"))
const succeed = (bankId: string) => simulate(`qrs/${bankId}/pay`, { outcome: "success" })
const state = async (id: string) => (await scene.client.call("GET", "/v1/qr-payments/{id}", { token, params: { id } })).one.attributes
const cancel = (id: string, outage?: "expected") =>
  scene.client.call("POST", "/v1/qr-payments/{id}/cancel", { token, params: { id }, ...(outage === undefined ? {} : { outage }) })
const refund = (paymentId: string, amount?: number) =>
  scene.client.call("POST", "/v1/payments/{paymentId}/refunds", {
    token,
    params: { paymentId },
    body: { data: { type: "order-payments", attributes: amount === undefined ? {} : { amount } } },
  })

test("a code is shown with its link and picture; once it is paid, the order is", async () => {
  const { order, id, bankId } = await make(150_050)
  const shown = await state(id)
  assert.equal(shown.status, "pending")
  assert.equal(decodeNspkLink(textIn(shown.payload)).amount, 150_050n)
  assert.match(textIn(shown.image), /^<svg/)
  await succeed(bankId)
  await flush()
  const paid = await state(id)
  assert.deepEqual([paid.status, paid.receivedAmount, paid.appliedAmount, paid.suspenseAmount], ["paid", 1500.5, 1500.5, 0])
  const listed = await scene.client.call("GET", "/v1/payments", { token, query: { "filter[order]": order } })
  assert.deepEqual(
    listed.many.map((payment) => [payment.id, payment.attributes.amount]),
    [[id, 1500.5]],
  )
  assert.equal(code(await scene.pay(order, { method: "card", amount: 1 })), "more-than-due")
  const found = await scene.client.call("GET", "/v1/qr-payments", { token, query: { "filter[order]": order, "filter[status]": "paid" } })
  assert.equal(found.many[0]?.id, id)
})

test("a bank that fails while a code is made is a 503; the same request makes it after all, and the bank has one", async () => {
  for (const kind of ["error", "effect-then-drop"]) {
    const order = scene.order(10_000).id
    const id = newId()
    await simulate("faults", { kind })
    assert.equal((await request(order, { expiresIn }, id, "expected")).status, 503)
    const again = await request(order, { expiresIn }, id)
    assert.deepEqual([again.status, again.one.attributes.status], [201, "pending"], JSON.stringify(again.body))
    const { qrs } = (await simulate("qrs")) as { qrs: { order: string }[] }
    assert.equal(qrs.filter((qr) => qr.order === id).length, 1)
  }
  const id = newId()
  const order = scene.order(10_000).id
  await simulate("faults", { kind: "error" })
  await request(order, { expiresIn }, id, "expected")
  await later(minuteMs)
  await scene.workOff()
  assert.equal((await state(id)).status, "pending", "and the agenda makes it where nobody asks again")
})

test("what somebody else signed changes nothing", async () => {
  const { id, bankId } = await make(10_000)
  await simulate(`qrs/${bankId}/callbacks`, { signature: "forged" })
  await succeed(bankId)
  await flush()
  assert.equal((await state(id)).status, "pending")
  const { attempts } = (await simulate("callbacks")) as { attempts: { result: { status: number } }[] }
  assert.equal(attempts.at(-1)?.result.status, 403)
  for (const body of [{}, { sbpMerchantId: "MA0000000017", order: id }, { sbpMerchantId: "x", order: "y" }]) {
    const answer = await scene.client.call("POST", "/v1/payments/bank-callbacks", { body, contentType: "application/json" })
    assert.ok([400, 403].includes(answer.status), String(answer.status))
  }
})

test("where callbacks are lost, the bank is asked", async () => {
  const { id, bankId } = await make(10_000)
  await simulate(`qrs/${bankId}/callbacks`, { lost: 1_000 })
  await succeed(bankId)
  await later(minuteMs)
  await flush()
  assert.equal((await state(id)).status, "pending")
  await scene.workOff()
  assert.equal((await state(id)).status, "paid")
})

test("a code is cancelled once, not after it was paid; time that runs out here proves nothing", async () => {
  const { id } = await make(10_000)
  assert.equal((await cancel(id)).one.attributes.status, "cancelled")
  assert.equal((await cancel(id)).one.attributes.status, "cancelled")
  const paid = await make(10_000)
  await succeed(paid.bankId)
  const refused = await cancel(paid.id)
  assert.deepEqual([refused.status, code(refused)], [409, "not-cancellable"])
  assert.equal((await state(paid.id)).status, "paid", "the bank was asked, and it is")

  const timed = await make(10_000)
  scene.platform.clock.advance(60 * minuteMs)
  await scene.workOff()
  assert.equal((await state(timed.id)).status, "pending", "the bank's clock has not moved")
  await later(0)
  await scene.workOff()
  await later(minuteMs)
  await scene.workOff()
  assert.equal((await state(timed.id)).status, "expired")
})

test("money that comes after the code's end is the order's if it still takes it, else it goes back through the bank", async () => {
  const open = await make(10_000)
  await simulate(`qrs/${open.bankId}/begin`, {})
  await later(expiresIn * 1_000 + minuteMs)
  await scene.workOff()
  assert.equal((await state(open.id)).status, "expired")
  await succeed(open.bankId)
  await flush()
  const applied = await state(open.id)
  assert.deepEqual([applied.status, applied.appliedAmount], ["applied", 100])

  const otherwise = await make(10_000)
  await simulate(`qrs/${otherwise.bankId}/begin`, {})
  assert.equal((await cancel(otherwise.id)).one.attributes.status, "cancelled")
  await scene.pay(otherwise.order, { method: "card", amount: 100 })
  await succeed(otherwise.bankId)
  await simulate("faults", { kind: "effect-then-drop" })
  await flush()
  const late = await state(otherwise.id)
  assert.deepEqual([late.status, late.receivedAmount, late.suspenseAmount], ["paid_late", 100, 100])
  await later(minuteMs)
  await scene.workOff()
  const back = await state(otherwise.id)
  assert.deepEqual([back.status, back.refundedAmount, back.suspenseAmount], ["refunded", 100, 0])
})

test("a payment by QR goes back through the bank, in parts, once, also where the bank's answer is lost", async () => {
  const { id, bankId } = await make(100_000)
  await succeed(bankId)
  await flush()
  assert.equal((await refund(id, 300)).one.attributes.posted, true)
  assert.equal((await state(id)).status, "partially_refunded")
  await simulate("faults", { kind: "effect-then-drop" })
  const unsure = await refund(id)
  assert.deepEqual([unsure.status, unsure.one.attributes.posted], [201, false])
  assert.equal(code(await refund(id, 1)), "more-than-paid")
  await later(minuteMs)
  await scene.workOff()
  const done = await state(id)
  assert.deepEqual([done.status, done.refundedAmount], ["refunded", 1000])
  const [sums] = await scene.rows("SELECT sum(amount)::int AS back FROM payments.refund WHERE payment_id = $1 AND state = 'done'", [id])
  assert.equal(sums?.back, 100_000)
})

test("a returned order gives back by every tender, unless a client does so itself", async () => {
  const at = scene.platform.clock.now()
  const back = async (how: "by itself" | "client") => {
    const { order, id, bankId } = await make(100_000)
    const snapshot = scene.order(100_000, { id: order })
    await scene.pay(order, { method: "card", amount: 400 })
    await scene.pay(order, { method: "cash", amount: 1_000 })
    await scene.pay(order, { type: "change", method: "cash", amount: 400 })
    // The code was for all of it; the money has no order any more.
    await succeed(bankId)
    await flush()
    const returned = { ...snapshot, status: "returned" as const, revision: 2, returnedAt: scene.platform.clock.now() }
    await scene.tell("order.returned", returned, { order: returned, withWriteOff: false, returnedBy: null, shiftId: null })
    if (how === "client") await scene.pay(order, { type: "return", method: "card", amount: 1, at: scene.platform.clock.now() })
    await later(minuteMs)
    await scene.workOff()
    assert.equal((await state(id)).status, "refunded")
    return scene.rows(
      "SELECT method, sum(amount)::int AS back FROM payments.refund WHERE sale_id = $1 AND type = 'return' AND origin <> 'suspense' GROUP BY method ORDER BY method",
      [order],
    )
  }
  assert.deepEqual(await back("by itself"), [
    { method: "card", back: 40_000 },
    { method: "cash", back: 60_000 },
  ])
  assert.deepEqual(await back("client"), [{ method: "card", back: 100 }])
  assert.ok(at <= scene.platform.clock.now())
})

test("an EMVCo code holds the amount; a worker tells that its money came", async () => {
  const order = scene.order(12_345).id
  const made = await request(order, { kind: "emv" }, newId())
  assert.equal(decodeEmvQr(textIn(made.one.attributes.payload)).amount, 12_345n)
  const confirm = () => scene.client.call("POST", "/v1/qr-payments/{id}/confirm", { token, params: { id: made.one.id } })
  assert.equal((await confirm()).one.attributes.status, "paid")
  assert.equal((await confirm()).one.attributes.status, "paid")
  assert.equal((await refund(made.one.id)).one.attributes.posted, true)
  assert.equal((await state(made.one.id)).status, "refunded")
})

test("the same evidence in any order, however often, ends in the same state", async () => {
  const created = scene.platform.clock.now()
  const expiresAt = new Date(created.getTime() + expiresIn * 1_000)
  const success = (at: Date): Evidence => ({ kind: "success", amount: 10_000, transactionId: "1", at })
  const inTime = success(new Date(created.getTime() + minuteMs))
  const tooLate = success(new Date(expiresAt.getTime() + minuteMs))
  const registered: Evidence = { kind: "registered", bankQrId: "AD1", payload: "https://qr.nspk.ru/x" }
  const histories: Evidence[][] = [
    [registered, inTime],
    [registered, { kind: "declined" }, inTime],
    [registered, { kind: "expired" }, tooLate],
    [registered, { kind: "declined" }, { kind: "expired" }, tooLate],
    [registered, { kind: "declined" }, { kind: "expired" }],
  ]
  const shop = await scene.surroundings.fleet.shop(shops.rose)
  const endOf = async (history: readonly Evidence[], isPaid: boolean) => {
    const sale = scene.order(10_000)
    await scene.platform.shard.query(
      "INSERT INTO payments.sale (shop_id, id, revision, doc_no, store_id, total, status, occurred_at) VALUES ($1, $2, 1, '1', $3, 10000, $4, now())",
      [shop.id, sale.id, store, isPaid ? "canceled" : "new"],
    )
    const id = newId()
    const qr = { id, saleId: sale.id, storeId: store, amount: 10_000, workerId: store, shiftId: null, createdAt: created, expiresAt }
    await shop.write((tx) => intendQr(tx, { ...qr, kind: "emv" }))
    for (const evidence of history) await shop.write((tx) => applyEvidence(tx, { qrId: id, source: "poll", evidence, now: created }))
    const [end] = await scene.rows("SELECT state, received::int, applied, refunded::int FROM payments.qr_payment WHERE id = $1", [id])
    return end
  }
  await fc.assert(
    fc.asyncProperty(
      fc
        .constantFrom(...histories)
        .chain((history) =>
          fc.tuple(
            fc.constant(history),
            fc.shuffledSubarray([...history, ...history], { minLength: history.length * 2, maxLength: history.length * 2 }),
            fc.boolean(),
          ),
        ),
      async ([history, permuted, isPaid]) => assert.deepEqual(await endOf(permuted, isPaid), await endOf(history, isPaid)),
    ),
    { numRuns: 40 },
  )
})

test("whatever bank, customers and workers do: received = applied + refunded + suspense, the books are the bank's, and nothing stays in suspense", async () => {
  const action = fc.oneof(
    fc.constantFrom("begin", "succeed", "decline", "expire", "cancel", "cash", "cancel-order", "refund", "poll", "flush", "wait"),
    fc.constantFrom("lost", "forged", "copies", "final-first", "fault", "drop"),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(1), action), { minLength: 3, maxLength: 10 }), async (actions) => {
      const made = [await make(10_000), await make(20_000)]
      for (const [index, what] of actions) {
        const one = made[index]
        if (one === undefined) continue
        await act(one, what)
      }
      await simulate("callbacks", {})
      await fetch(`${scene.bank?.url}/simulator/faults`, { method: "DELETE" })
      await settle()
      await settle()
      for (const { id, order } of made) {
        const end = await state(id)
        const sum = Number(end.appliedAmount) + Number(end.refundedAmount) + Number(end.suspenseAmount)
        assert.equal(end.receivedAmount, sum)
        assert.equal(end.suspenseAmount, 0, JSON.stringify(end))
        const [held] = await scene.rows(
          "SELECT coalesce(sum(amount - coalesce(refunded, 0)), 0)::int AS held FROM payments.payment WHERE sale_id = $1",
          [order],
        )
        const [sale] = await scene.rows("SELECT total::int FROM payments.sale WHERE id = $1", [order])
        assert.ok(Number(held?.held) <= Number(sale?.total), "an order is never paid twice")
      }
      await booksAreTheBanks()
    }),
    { numRuns: 15 },
  )
})

async function act({ order, id, bankId }: Made, what: string): Promise<void> {
  const allowed = (path: string, body: object) =>
    fetch(`${scene.bank?.url}/simulator/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    })
  if (what === "begin") await allowed(`qrs/${bankId}/begin`, {})
  if (what === "succeed") await allowed(`qrs/${bankId}/pay`, { outcome: "success" })
  if (what === "decline") await allowed(`qrs/${bankId}/pay`, { outcome: "decline" })
  if (what === "expire") await later(expiresIn * 1_000)
  if (what === "cancel") await cancel(id, "expected")
  if (what === "cash") await scene.pay(order, { method: "card", amount: 100 })
  if (what === "cancel-order") {
    const [sale] = await scene.rows("SELECT total::int FROM payments.sale WHERE id = $1", [order])
    await scene.tell("order.changed", scene.order(Number(sale?.total), { id: order, status: "canceled", revision: 5 }))
  }
  if (what === "refund") await refund(id, 1)
  if (what === "poll") await scene.workOff()
  if (what === "flush") await flush()
  if (what === "wait") await later(minuteMs)
  if (what === "lost") await allowed(`qrs/${bankId}/callbacks`, { lost: 1_000 })
  if (what === "forged") await allowed(`qrs/${bankId}/callbacks`, { signature: "forged" })
  if (what === "copies") await allowed(`qrs/${bankId}/callbacks`, { copies: 3, sequence: "progress-first" })
  if (what === "final-first") await allowed(`qrs/${bankId}/callbacks`, { copies: 2, sequence: "final-first" })
  if (what === "fault") await allowed("faults", { kind: "error" })
  if (what === "drop") await allowed("faults", { kind: "effect-then-drop" })
}

/** Of codes of the bank alone: those of the kind emv never were its own. */
async function booksAreTheBanks(): Promise<void> {
  const totals = (await simulate("merchants/MA0000000017/totals")) as { captured: number; kept: number }
  const [ours] = await scene.rows(
    "SELECT coalesce(sum(received), 0)::int AS captured, coalesce(sum(received - refunded), 0)::int AS kept FROM payments.qr_payment WHERE kind = 'sbp'",
  )
  assert.deepEqual(ours, { captured: totals.captured, kept: totals.kept })
  const [suspense] = await scene.rows(
    `SELECT coalesce(sum(l.amount), 0)::int AS sum FROM payments.journal_line l WHERE account = 'suspense' AND NOT EXISTS (
       SELECT FROM payments.refund r WHERE r.state = 'pending') AND transaction_id NOT IN (SELECT id FROM payments.qr_payment WHERE kind = 'emv')`,
  )
  assert.equal(suspense?.sum, 0)
  const wrong = await scene.rows(
    "SELECT transaction_id FROM payments.journal_line GROUP BY shop_id, transaction_id HAVING sum(amount) <> 0",
  )
  assert.deepEqual(wrong, [])
}
