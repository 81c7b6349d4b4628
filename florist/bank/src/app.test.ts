import assert from "node:assert/strict"
import { test } from "node:test"
import { never, openShop, secretKey, startBank } from "./bank-in-test.ts"
import type { BankInTest, Received, Shop } from "./bank-in-test.ts"

interface Sent {
  attempts: {
    callback: number
    attempt: number
    at: string
    paymentStatus: string
    result: { kind: string; status?: number }
    nextAt: string | null
  }[]
  waiting: number
}

const sent = async (bank: BankInTest) => (await bank.simulator("callbacks")) as Sent
const statuses = ({ received }: Shop) => received.map(({ status }) => status)

async function registered(bank: BankInTest, order = "order-1"): Promise<string> {
  const expiresAt = new Date("2026-03-08T09:10:00Z")
  return (await bank.client.registerQr({ order, type: "QRDynamic", amount: 15050n, expiresAt }, never)).qrId
}

test("a payment is told to the shop once, signed, with what was paid", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url })
  const qrId = await registered(bank)
  await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  assert.deepEqual(shop.received, [], "nothing is sent before it is told to")
  await bank.flush()
  await bank.flush()
  const { transactionId, at } = await bank.client.paymentInfo(qrId, never)
  assert.deepEqual(shop.received, [
    { order: "order-1", merchantId: "MA0000000001", amount: 15050n, status: "SUCCESS", at, qrId, transactionId, isGenuine: true },
  ])
  const { attempts, waiting } = await sent(bank)
  assert.equal(waiting, 0)
  assert.deepEqual(
    attempts.map(({ attempt, result, nextAt }) => ({ attempt, result, nextAt })),
    [{ attempt: 1, result: { kind: "answered", status: 200 }, nextAt: null }],
  )
})

test("a declined payment is told as declined", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url })
  await bank.simulator(`qrs/${await registered(bank)}/pay`, { outcome: "decline" })
  await bank.flush()
  assert.deepEqual(statuses(shop), ["DECLINED"])
})

test("a plan repeats callbacks and turns their order around", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url })
  const qrId = await registered(bank)
  await bank.simulator(`qrs/${qrId}/callbacks`, { copies: 2, sequence: "final-first" })
  await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  await bank.flush()
  assert.deepEqual(statuses(shop), ["SUCCESS", "SUCCESS", "IN_PROGRESS", "IN_PROGRESS"])
  await bank.simulator("callbacks", { sequence: "progress-first" })
  await bank.simulator(`qrs/${await registered(bank, "order-2")}/pay`, { outcome: "success" })
  await bank.flush()
  assert.deepEqual(statuses(shop).slice(4), ["IN_PROGRESS", "SUCCESS"])
})

test("a callback waits for its delay, or until the code is over", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url })
  const delayed = await registered(bank, "delayed")
  const late = await registered(bank, "late")
  await bank.simulator(`qrs/${delayed}/callbacks`, { delayMs: 5000 })
  await bank.simulator(`qrs/${late}/callbacks`, { send: "after-expiry" })
  for (const qrId of [late, delayed]) await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  await bank.advance(4999)
  await bank.flush()
  assert.deepEqual(shop.received, [])
  await bank.advance(1)
  await bank.flush()
  assert.deepEqual(
    shop.received.map(({ order }) => order),
    ["delayed"],
  )
  await bank.advance(600_000)
  await bank.flush()
  assert.deepEqual(
    shop.received.map(({ order }) => order),
    ["delayed", "late"],
  )
})

test("a lost callback is sent again, a forged one does not pass for genuine", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url })
  const lost = await registered(bank, "lost")
  const forged = await registered(bank, "forged")
  await bank.simulator(`qrs/${lost}/callbacks`, { lost: 2 })
  await bank.simulator(`qrs/${forged}/callbacks`, { signature: "forged" })
  for (const qrId of [lost, forged]) await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  await bank.flush()
  const known = ({ order, isGenuine }: Received) => ({ order, isGenuine })
  assert.deepEqual(shop.received.map(known), [{ order: "forged", isGenuine: false }])
  await bank.advance(10_000)
  await bank.flush()
  assert.equal(shop.received.length, 1)
  await bank.advance(20_000)
  await bank.flush()
  assert.deepEqual(shop.received.map(known).slice(1), [{ order: "lost", isGenuine: true }])
})

test("a callback comes again until it is answered with 200, and with nothing else", async () => {
  await using shop = await openShop()
  shop.answerWith = (n) => [500, 202, 404, 302][n - 1] ?? 200
  await using bank = await startBank({ callbackUrl: shop.url })
  await bank.simulator(`qrs/${await registered(bank)}/pay`, { outcome: "success" })
  for (let n = 0; n < 8; n += 1) {
    await bank.flush()
    await bank.advance(3_600_000)
  }
  const { attempts, waiting } = await sent(bank)
  assert.deepEqual(
    attempts.map(({ result }) => result.status),
    [500, 202, 404, 302, 200],
  )
  assert.equal(waiting, 0)
  assert.equal(
    new Set(shop.received.map((callback) => JSON.stringify({ ...callback, amount: String(callback.amount) }))).size,
    1,
    "all are equal",
  )
})

test("a shop that never answers is called for a day and then let be", async () => {
  await using bank = await startBank({ callbackUrl: "http://127.0.0.1:1/nobody" })
  await bank.simulator(`qrs/${await registered(bank)}/pay`, { outcome: "success" })
  for (let hour = 0; hour < 26; hour += 1) {
    await bank.flush()
    await bank.advance(3_600_000)
  }
  const { attempts, waiting } = await sent(bank)
  assert.equal(waiting, 0)
  assert.ok(attempts.length > 10 && attempts.every(({ result }) => result.kind === "failed"))
  assert.deepEqual(
    attempts.map(({ attempt }) => attempt),
    attempts.map((_, n) => n + 1),
  )
  assert.equal(attempts.at(-1)?.nextAt, null)
})

test("the shop says itself where it is called, with its key", async () => {
  await using shop = await openShop()
  await using bank = await startBank()
  await bank.client.setCallbackUrl(shop.url, never)
  await bank.simulator(`qrs/${await registered(bank)}/pay`, { outcome: "success" })
  await bank.flush()
  assert.deepEqual(statuses(shop), ["SUCCESS"])
})

test("with autopay every new code is paid after its time, unless it is over", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url, autopayMs: 3000 })
  await registered(bank)
  const cancelled = await registered(bank, "cancelled")
  await bank.client.cancel(cancelled, never)
  await bank.advance(3000)
  await bank.flush()
  assert.deepEqual(
    shop.received.map(({ order, status }) => ({ order, status })),
    [{ order: "order-1", status: "SUCCESS" }],
  )
  assert.equal((await bank.client.qr(cancelled, never)).status, "CANCELLED")
})

test("with autopay a code that is registered again is not paid again, even one payable many times", async () => {
  await using shop = await openShop()
  await using bank = await startBank({ callbackUrl: shop.url, autopayMs: 3000 })
  for (let n = 0; n < 2; n += 1) await bank.client.registerQr({ order: "1", type: "QRStatic", amount: 100n, expiresAt: undefined }, never)
  await bank.advance(3000)
  await bank.flush()
  assert.deepEqual(statuses(shop), ["SUCCESS"])
})

test("what waited while the clock stood comes by itself once it runs", async () => {
  const arrived = Promise.withResolvers<Received>()
  await using shop = await openShop(arrived.resolve)
  await using bank = await startBank({ callbackUrl: shop.url })
  await bank.simulator("clock", { at: "2000-01-01T00:00:00Z" })
  const { qrId } = await bank.client.registerQr({ order: "order-1", type: "QRDynamic", amount: 100n, expiresAt: undefined }, never)
  await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  await bank.simulator("clock", { run: "real" })
  assert.equal((await arrived.promise).status, "SUCCESS")
})

test("while the clock runs all of it happens without being told to", async () => {
  const arrived = Promise.withResolvers<Received>()
  await using shop = await openShop(arrived.resolve)
  await using bank = await startBank({ callbackUrl: shop.url, autopayMs: 1, clock: "runs" })
  await bank.client.registerQr({ order: "order-1", type: "QRDynamic", amount: 100n, expiresAt: undefined }, never)
  assert.equal((await arrived.promise).status, "SUCCESS")
})

test("faults do not touch the simulator's side, and can be taken back", async () => {
  await using bank = await startBank()
  await bank.simulator("faults", { kind: "error", count: 5 })
  await bank.simulator("clock")
  await fetch(`${bank.url}/simulator/faults`, { method: "DELETE" }).then((answer) => answer.body?.cancel())
  await registered(bank)
})

test("the documents' JSON header on a request without a body is no fault", async () => {
  await using bank = await startBank()
  const qrId = await registered(bank)
  const headers = { "content-type": "application/json", authorization: `Bearer ${secretKey}` }
  const answer = await fetch(`${bank.url}/api/sbp/v2/qrs/${qrId}`, { method: "DELETE", headers })
  assert.equal(answer.status, 200)
  assert.equal(await answer.text(), "")
  assert.equal((await bank.client.qr(qrId, never)).status, "CANCELLED")
})

test("what is not the simulator's to do is refused", async () => {
  await using bank = await startBank()
  const qrId = await registered(bank)
  assert.equal(await bank.simulatorStatus("qrs/none/pay", { outcome: "success" }), 404)
  assert.equal(await bank.simulatorStatus(`qrs/${qrId}/pay`, { outcome: "perhaps" }), 400)
  assert.equal(await bank.simulatorStatus(`qrs/${qrId}/pay`, { outcome: "success", amount: 1 }), 400)
  assert.equal(await bank.simulatorStatus(`qrs/${qrId}/callbacks`, { copies: 0 }), 400)
  await bank.simulator(`qrs/${qrId}/expire`, {})
  assert.equal(await bank.simulatorStatus(`qrs/${qrId}/expire`, {}), 409)
})
