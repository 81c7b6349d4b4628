import assert from "node:assert/strict"
import { test } from "node:test"
import { readCallback, signCallback, verifyCallback } from "./callback.ts"

const secretKey = "a-secret"
const paid = {
  transactionId: 41,
  qrId: "AD100004BAL7227F9BNP6KNE007J9B3K",
  sbpMerchantId: "MA0000000001",
  amount: 150.5,
  currency: "RUB",
  transactionDate: "2026-03-08T09:00:00.000Z",
  paymentStatus: "SUCCESS",
  order: "order-1",
}
const body = JSON.stringify(paid)
/** By `openssl dgst -sha256 -hmac a-secret` of 150.5|MA0000000001|order-1|SUCCESS|2026-03-08T09:00:00.000Z, and of the same with 10.00. */
const signature = "d65b91a841f4cfe2c25a4e810f796155f217edf105fd2944e652be28ed09732e"
const signatureOf1000 = "b07804802cbd70d38375b2653660094aa0b34590bc8cbfb8b366d23d74c37f54"

test("a callback is signed as the bank signs it", () => {
  assert.equal(signCallback(secretKey, body), signature)
  assert.ok(verifyCallback(secretKey, body, signature))
  assert.ok(verifyCallback(secretKey, body, signature.toUpperCase()))
})

test("the amount is signed as it is written, not as the number it stands for", () => {
  const written = body.replace('"amount":150.5', '"amount":10.00')
  assert.ok(verifyCallback(secretKey, written, signatureOf1000))
  assert.ok(!verifyCallback(secretKey, body.replace('"amount":150.5', '"amount":10'), signatureOf1000))
  assert.ok(!verifyCallback(secretKey, body.replace('"amount":150.5', '"amount":150.50'), signature))
})

test("an amount deeper in the body does not stand in for the signed one", () => {
  const nested = body.replace('"amount":150.5', '"amount":150.5,"fee":{"amount":9}')
  assert.ok(verifyCallback(secretKey, nested, signature))
  assert.ok(!verifyCallback(secretKey, body.replace('"amount":150.5', '"fee":{"amount":150.5}'), signature))
})

test("a change of any signed field, of the key or of the signature is found", () => {
  const changes = {
    amount: 150.51,
    sbpMerchantId: "MA0000000002",
    order: "order-2",
    paymentStatus: "DECLINED",
    transactionDate: "2026-03-08T09:00:01Z",
  }
  for (const change of Object.entries(changes)) {
    assert.ok(!verifyCallback(secretKey, JSON.stringify({ ...paid, ...Object.fromEntries([change]) }), signature), change[0])
  }
  assert.ok(!verifyCallback("another", body, signature))
  for (const wrong of [undefined, "", "00", signature.slice(1), `${signature}0`, `x${signature.slice(1)}`, `0${signature.slice(1)}`]) {
    assert.ok(!verifyCallback(secretKey, body, wrong), wrong)
  }
})

test("the code's id and the transaction's are not attested by the signature", () => {
  assert.ok(verifyCallback(secretKey, JSON.stringify({ ...paid, qrId: "another", transactionId: 42 }), signature))
})

test("what is no callback is false, never an error", () => {
  for (const wrong of [
    "",
    "{",
    "null",
    "[]",
    "7",
    "{}",
    JSON.stringify({ ...paid, amount: "150.5" }),
    JSON.stringify({ ...paid, order: null }),
  ]) {
    assert.equal(verifyCallback(secretKey, wrong, signature), false, wrong)
  }
  assert.throws(() => signCallback(secretKey, "{}"), /signed/)
})

test("a callback is read in kopecks and dates", () => {
  assert.deepEqual(readCallback(body), {
    order: "order-1",
    merchantId: "MA0000000001",
    amount: 15050n,
    status: "SUCCESS",
    at: new Date("2026-03-08T09:00:00.000Z"),
    qrId: "AD100004BAL7227F9BNP6KNE007J9B3K",
    transactionId: 41,
  })
  assert.throws(() => readCallback(JSON.stringify({ ...paid, amount: 0.001 })))
  assert.throws(() => readCallback(JSON.stringify({ ...paid, paymentStatus: "PERHAPS" })))
})
