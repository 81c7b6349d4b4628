import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { merchantId, never, secretKey, start, startBank } from "./bank-in-test.ts"
import { decodeNspkLink } from "./nspk-link.ts"
import { SbpClient } from "./sbp-client.ts"
import type { QrRequest } from "./sbp-client.ts"

const rose: QrRequest = { order: "order-1", type: "QRDynamic", amount: 15050n, expiresAt: undefined }

test("a dynamic code is registered for three days, and its link says the amount in kopecks", async () => {
  await using bank = await startBank()
  const qr = await bank.client.registerQr(rose, never)
  assert.equal(qr.status, "NEW")
  assert.equal(qr.expiresAt?.toISOString(), "2026-03-11T09:00:00.000Z")
  assert.deepEqual(decodeNspkLink(qr.payload), { qrId: qr.qrId, type: "02", bank: "100000000007", amount: 15050n })
  assert.deepEqual(await bank.client.qr(qr.qrId, never), qr)
})

test("a code without an amount leaves it to the customer; a dynamic one cannot", async () => {
  await using bank = await startBank()
  for (const type of ["QRStatic", "QRVariable"] as const) {
    const qr = await bank.client.registerQr({ ...rose, order: type, type, amount: undefined }, never)
    assert.equal(qr.expiresAt, undefined)
    assert.equal(decodeNspkLink(qr.payload).amount, undefined)
  }
  await assert.rejects(bank.client.registerQr({ ...rose, amount: undefined }, never), { code: "ERROR.DYNAMIC_QR_WITHOUT_AMOUNT" })
})

test("the same order with the same data has one code; with other data it is refused", async () => {
  await using bank = await startBank()
  const qr = await bank.client.registerQr(rose, never)
  assert.deepEqual(await bank.client.registerQr(rose, never), qr)
  const refused = { name: "BankRefusal", code: "ERROR.ORDER_NUMBER_ALREADY_REGISTERED" }
  const expiresAt = new Date("2026-03-09T09:00:00Z")
  for (const change of [{ amount: 15051n }, { expiresAt }, { type: "QRStatic" as const }]) {
    await assert.rejects(bank.client.registerQr({ ...rose, ...change }, never), refused)
  }
  const another = new SbpClient({ baseUrl: bank.url, merchantId: "MA0000000002", secretKey: "another secret" })
  assert.notEqual((await another.registerQr(rose, never)).qrId, qr.qrId)
})

test("what came of a code is told by two statuses: the code's and the payment's", async () => {
  await using bank = await startBank()
  const { qrId } = await bank.client.registerQr(rose, never)
  const statuses = async () => [(await bank.client.qr(qrId, never)).status, (await bank.client.paymentInfo(qrId, never)).status]
  assert.deepEqual(await statuses(), ["NEW", "NO_INFO"])
  await bank.simulator(`qrs/${qrId}/begin`, {})
  assert.deepEqual(await statuses(), ["IN_PROGRESS", "IN_PROGRESS"])
  await bank.simulator(`qrs/${qrId}/pay`, { outcome: "decline" })
  assert.deepEqual(await statuses(), ["NEW", "DECLINED"])
  await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  assert.deepEqual(await statuses(), ["PAID", "SUCCESS"])
  const { transactionId, at, ...info } = await bank.client.paymentInfo(qrId, never)
  assert.deepEqual(info, { qrId, merchantId, order: "order-1", amount: 15050n, status: "SUCCESS" })
  assert.ok(Number.isSafeInteger(transactionId))
  assert.equal(at?.toISOString(), start)
})

test("a code is over at its time; a payment that began before may come late", async () => {
  await using bank = await startBank()
  const expiresAt = new Date("2026-03-08T09:01:00Z")
  const idle = await bank.client.registerQr({ ...rose, order: "idle", expiresAt }, never)
  const begun = await bank.client.registerQr({ ...rose, order: "begun", expiresAt }, never)
  await bank.simulator(`qrs/${begun.qrId}/begin`, {})
  await bank.advance(60_000)
  assert.equal((await bank.client.qr(idle.qrId, never)).status, "EXPIRED")
  assert.equal((await bank.client.qr(begun.qrId, never)).status, "EXPIRED")
  assert.equal((await bank.client.paymentInfo(begun.qrId, never)).status, "IN_PROGRESS")
  assert.equal(await bank.simulatorStatus(`qrs/${idle.qrId}/pay`, { outcome: "success" }), 409)
  await bank.simulator(`qrs/${begun.qrId}/pay`, { outcome: "success" })
  assert.equal((await bank.client.qr(begun.qrId, never)).status, "PAID")
  await assert.rejects(bank.client.registerQr({ ...rose, expiresAt }, never), { code: "ERROR.QR_EXPIRATION_DATE_NOT_VALID" })
})

test("a cancelled code cannot be paid, and a paid one not cancelled", async () => {
  await using bank = await startBank()
  const cancelled = await bank.client.registerQr(rose, never)
  await bank.client.cancel(cancelled.qrId, never)
  await bank.client.cancel(cancelled.qrId, never)
  assert.equal((await bank.client.qr(cancelled.qrId, never)).status, "CANCELLED")
  assert.equal(await bank.simulatorStatus(`qrs/${cancelled.qrId}/pay`, { outcome: "success" }), 409)
  const paid = await bank.client.registerQr({ ...rose, order: "order-2" }, never)
  await bank.simulator(`qrs/${paid.qrId}/pay`, { outcome: "success" })
  assert.equal(await bank.simulatorStatus(`qrs/${paid.qrId}/pay`, { outcome: "success" }), 409)
  await assert.rejects(bank.client.cancel(paid.qrId, never), { code: "ERROR.QR_NOT_PAYABLE" })
})

test("refunds stay within what was paid, each is made once, and its way is told", async () => {
  await using bank = await startBank()
  const { qrId } = await bank.client.registerQr(rose, never)
  const refund = (refundId: string, amount: bigint) => bank.client.refund({ refundId, order: "order-1", amount }, never)
  await assert.rejects(refund("r-1", 1n), { code: "ERROR.NOT_FOUND" })
  await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success" })
  assert.deepEqual(await refund("r-1", 10000n), { amount: 10000n, status: "IN_PROGRESS" })
  await bank.advance(1000)
  assert.deepEqual(await refund("r-1", 10000n), { amount: 10000n, status: "IN_PROGRESS" })
  assert.deepEqual(await bank.client.refundStatus("r-1", never), { amount: 10000n, status: "COMPLETED" })
  await assert.rejects(refund("r-1", 10001n), { code: "ERROR.REFUND_ALREADY_REGISTERED" })
  await assert.rejects(refund("r-2", 5051n), { code: "ERROR.REFUND_INSUFFICIENT_FUNDS" })
  await assert.rejects(bank.client.refundStatus("r-2", never), { code: "ERROR.REFUND_NOT_FOUND" })
  await refund("r-2", 5050n)
  await bank.simulator(`merchants/${merchantId}/refunds/r-2/decline`, {})
  assert.equal((await bank.client.refundStatus("r-2", never)).status, "DECLINED")
  await refund("r-3", 5050n)
  assert.deepEqual(await bank.simulator(`merchants/${merchantId}/totals`), { captured: 15050, refunded: 15050, kept: 0 })
})

test("a code payable many times is paid by several customers, and a refund names the payment", async () => {
  await using bank = await startBank()
  const { qrId } = await bank.client.registerQr({ ...rose, type: "QRStatic", amount: undefined }, never)
  for (const amount of [100, 200]) await bank.simulator(`qrs/${qrId}/pay`, { outcome: "success", amount })
  const info = await bank.client.paymentInfo(qrId, never)
  assert.equal(info.amount, 200n)
  assert.equal((await bank.client.qr(qrId, never)).status, "NEW")
  const wanted = { refundId: "r-1", order: "order-1", amount: 200n }
  await assert.rejects(bank.client.refund(wanted, never), { code: "ERROR.INVALID_REQUEST" })
  await assert.rejects(bank.client.refund({ ...wanted, transactionId: (info.transactionId ?? 0) - 1 }, never), {
    code: "ERROR.REFUND_INSUFFICIENT_FUNDS",
  })
  await bank.client.refund({ ...wanted, transactionId: info.transactionId ?? 0 }, never)
})

test("nobody asks without the key, or after another merchant's code", async () => {
  await using bank = await startBank()
  const { qrId } = await bank.client.registerQr(rose, never)
  const stranger = new SbpClient({ baseUrl: bank.url, merchantId, secretKey: "guessed" })
  await assert.rejects(stranger.qr(qrId, never), { name: "BankRefusal", code: "ERROR.UNAUTHORIZED", status: 401 })
  const another = new SbpClient({ baseUrl: bank.url, merchantId: "MA0000000002", secretKey: "another secret" })
  await assert.rejects(another.paymentInfo(qrId, never), { code: "ERROR.NOT_FOUND", status: 404 })
  await assert.rejects(another.cancel(qrId, never), { code: "ERROR.NOT_FOUND" })
  await assert.rejects(another.refund({ refundId: "r-1", order: "order-1", amount: 1n }, never), { code: "ERROR.NOT_FOUND" })
  const unknown = new SbpClient({ baseUrl: bank.url, merchantId: "MA9", secretKey })
  await assert.rejects(unknown.registerQr(rose, never), { code: "ERROR.MERCHANT_NOT_REGISTERED" })
})

test("a wrong request is refused with what is wrong in it", async () => {
  await using bank = await startBank()
  await assert.rejects(bank.client.registerQr({ ...rose, order: "заказ" }, never), { code: "ERROR.INVALID_REQUEST", message: /order/ })
  await assert.rejects(bank.client.registerQr({ ...rose, amount: 0n }, never), { code: "ERROR.INVALID_REQUEST", message: /amount/ })
  const answer = await fetch(`${bank.url}/api/sbp/v2/qrs`, { method: "POST", body: "{", headers: { "content-type": "application/json" } })
  assert.equal(answer.status, 400)
  assert.deepEqual(await answer.json(), { code: "ERROR.INVALID_REQUEST", message: "The body is not JSON." })
  const fraction = { sbpMerchantId: merchantId, qrType: "QRDynamic", order: "o", amount: 1.005, currency: "RUB" }
  const refused = await fetch(`${bank.url}/api/sbp/v2/qrs`, {
    method: "POST",
    body: JSON.stringify(fraction),
    headers: { "content-type": "application/json" },
  })
  assert.equal(refused.status, 400)
  await refused.body?.cancel()
})

test("a bank that fails, hangs, breaks off or is not there is unavailable, and nothing is waited for longer than allowed", async () => {
  await using bank = await startBank()
  const client = new SbpClient({ baseUrl: bank.url, merchantId, secretKey, timeoutMs: 200 })
  await bank.simulator("faults", { kind: "error" })
  await assert.rejects(client.registerQr(rose, never), { name: "BankUnavailable", reason: "server-error" })
  await bank.simulator("faults", { kind: "hang" })
  await assert.rejects(client.registerQr(rose, never), { name: "BankUnavailable", reason: "timeout" })
  assert.deepEqual(await bank.simulator("qrs"), { qrs: [] })
  await bank.simulator("faults", { kind: "effect-then-drop" })
  await assert.rejects(client.registerQr(rose, never), { name: "BankUnavailable", reason: "network" })
  const { qrs } = (await bank.simulator("qrs")) as { qrs: { id: string }[] }
  assert.equal(qrs.length, 1)
  assert.equal((await client.registerQr(rose, never)).qrId, qrs[0]?.id)
  assert.deepEqual(await bank.simulator("faults"), { next: [], met: 3 })
  await bank[Symbol.asyncDispose]()
  await assert.rejects(client.qr("AD1", never), { name: "BankUnavailable", reason: "network" })
})

test("the caller's own end comes through as it is, before and while the bank is asked", async () => {
  await using bank = await startBank()
  const enough = new Error("enough")
  const client = new SbpClient({ baseUrl: bank.url, merchantId, secretKey, timeoutMs: 3_600_000 })
  await assert.rejects(client.qr("AD1", AbortSignal.abort(enough)), enough)
  await bank.simulator("faults", { kind: "hang" })
  const caller = new AbortController()
  const asked = client.qr("AD1", caller.signal)
  while (((await bank.simulator("faults")) as { met: number }).met === 0);
  caller.abort(enough)
  await assert.rejects(asked, enough)
})

test("what is no answer of a bank is never taken for one", async () => {
  const answers = new Map([
    ["/api/sbp/v2/qrs/html", [200, "<html>"]],
    ["/api/sbp/v2/qrs/other", [200, '{"code":"SUCCESS","qrId":"other","qrStatus":"PERHAPS","payload":"https://x"}']],
    ["/api/sbp/v2/qrs/refused", [200, '{"code":"ERROR.NOT_FOUND","message":"no"}']],
    ["/api/sbp/v2/qrs/forbidden", [403, "<html>"]],
    ["/api/sbp/v2/qrs/busy", [429, "{}"]],
    ["/api/sbp/v2/qrs/moved", [302, ""]],
  ] as const)
  await using server = createServer((request, response) => {
    const [status, body] = answers.get((request.url ?? "") as never) ?? [404, ""]
    response.writeHead(status, { location: "/elsewhere", connection: "close" }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const client = new SbpClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, merchantId, secretKey })
  await assert.rejects(client.qr("html", never), { name: "BankUnavailable", reason: "unreadable" })
  await assert.rejects(client.qr("other", never), { name: "BankUnavailable", reason: "unreadable" })
  await assert.rejects(client.qr("refused", never), { name: "BankRefusal", code: "ERROR.NOT_FOUND", status: 200 })
  await assert.rejects(client.qr("forbidden", never), { name: "BankRefusal", code: "HTTP.403" })
  await assert.rejects(client.qr("busy", never), { name: "BankUnavailable", reason: "server-error" })
  await assert.rejects(client.qr("moved", never), { name: "BankUnavailable", reason: "network" })
})
