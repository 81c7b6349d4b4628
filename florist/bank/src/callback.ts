// The bank's word that something was paid: how it is signed, checked and read. Pure; called by the bank, which sends it, and by the payments
// service, which gets it.
//
// Source: the section "Уведомления" of https://pay.raif.ru/doc/sbp.html: the header X-Api-Signature-SHA256 is HMAC-SHA-256, in hexadecimal, of
// amount|sbpMerchantId|order|paymentStatus|transactionDate with the secret key; the test data of the bank's own SDK
// (https://github.com/Raiffeisen-DGTL/sbp-sdk-java, SbpUtilTest) are signed so. How the bank writes a whole amount there is not published; the
// text of the body is taken as it stands ("10.00" and "10" are two different texts).
import { createHmac, timingSafeEqual } from "node:crypto"
import { z } from "zod"
import { callbackBody } from "./sbp.ts"
import type { PaymentStatus } from "./sbp.ts"

export interface Callback {
  order: string
  merchantId: string
  /** Kopecks. */
  amount: bigint
  status: PaymentStatus
  /** When the payment was made. */
  at: Date
  qrId: string
  transactionId: number
}

const signed = z.object({
  sbpMerchantId: z.string(),
  order: z.string(),
  paymentStatus: z.string(),
  transactionDate: z.string(),
})

/** @throws Error for a body without the signed fields: nobody can sign it. */
export function signCallback(secretKey: string, rawBody: string): string {
  const text = controlText(rawBody)
  if (text === undefined) throw new Error("the body lacks a field that is signed")
  return hmac(secretKey, text).toString("hex")
}

/**
 * Whether the bank said this. Takes the same time whether the signature is nearly right or not at all.
 * The signature attests the order, the amount, the payment's status, the merchant and the date. It does not attest `qrId` and `transactionId`: look
 * the payment up by the order.
 * @param rawBody the bytes as they came, not parsed and written again.
 */
export function verifyCallback(secretKey: string, rawBody: string, signature: string | undefined): boolean {
  const text = controlText(rawBody)
  if (text === undefined || signature === undefined || !/^[0-9a-f]{64}$/i.test(signature)) return false
  return timingSafeEqual(hmac(secretKey, text), Buffer.from(signature, "hex"))
}

/** @throws ZodError or SyntaxError for a body of another shape. Verify it before. */
export function readCallback(rawBody: string): Callback {
  const body = callbackBody.parse(JSON.parse(rawBody))
  const { order, sbpMerchantId, amount, paymentStatus, transactionDate, qrId, transactionId } = body
  return { order, merchantId: sbpMerchantId, amount, status: paymentStatus, at: transactionDate, qrId, transactionId }
}

function hmac(secretKey: string, text: string): Buffer {
  return createHmac("sha256", secretKey).update(text, "utf8").digest()
}

/** Undefined where a signed field is missing. */
function controlText(rawBody: string): string | undefined {
  const body = withAmountAsWritten(rawBody)
  const fields = signed.safeParse(body?.value)
  if (body?.amount === undefined || !fields.success) return undefined
  const { sbpMerchantId, order, paymentStatus, transactionDate } = fields.data
  return [body.amount, sbpMerchantId, order, paymentStatus, transactionDate].join("|")
}

/** JSON with the digits of its amount, which a number would lose: 10.00 is the number 10. */
function withAmountAsWritten(rawBody: string): { value: unknown; amount: string | undefined } | undefined {
  const amounts = new WeakMap<object, string>()
  function keepDigits(this: object, key: string, value: unknown, context?: { source?: string }): unknown {
    if (key === "amount" && typeof value === "number" && context?.source !== undefined) amounts.set(this, context.source)
    return value
  }
  try {
    const value: unknown = JSON.parse(rawBody, keepDigits)
    return typeof value === "object" && value !== null ? { value, amount: amounts.get(value) } : undefined
  } catch {
    return undefined
  }
}
