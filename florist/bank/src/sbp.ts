// What travels between a shop and its bank in the Faster Payments System (SBP): requests, answers, statuses. The bank parses requests with it,
// the client answers.
//
// Source: Raiffeisenbank, "API интеграции Системы быстрых платежей", https://pay.raif.ru/doc/sbp.html, published as sbp.yaml in
// https://github.com/Raiffeisen-DGTL/ecom-API, and the paths of https://github.com/Raiffeisen-DGTL/sbp-sdk-java. Where these say nothing:
// - HTTP statuses of refusals are not published: here 400, 401, 404 and 409. The client goes by `code`, whatever the status.
// - A QRVariable (a code that stands at a till) is activated there by an order of another API. Here it is a code that is payable many times, like
//   QRStatic.
// - The picture of a code (`qrUrl`) is not made here: the till draws `payload` itself.
// - Codes are registered, read and cancelled by /v2, payments and refunds by /v1, as the bank's SDK does. The published way to cancel is DELETE.
import { z } from "zod"
import { kopecksOf, MoneyError } from "./money.ts"

const qrTypes = ["QRDynamic", "QRStatic", "QRVariable"] as const
export type QrType = (typeof qrTypes)[number]

/** Of the code itself. PAID is for a code that is payable once. */
const qrStatuses = ["NEW", "IN_PROGRESS", "PAID", "EXPIRED", "CANCELLED"] as const
export type QrStatus = (typeof qrStatuses)[number]

/** Of the latest payment by a code. A code may be EXPIRED while a payment that began before is still IN_PROGRESS, and then SUCCESS. */
const paymentStatuses = ["NO_INFO", "IN_PROGRESS", "SUCCESS", "DECLINED"] as const
export type PaymentStatus = (typeof paymentStatuses)[number]

const refundStatuses = ["IN_PROGRESS", "COMPLETED", "DECLINED"] as const
export type RefundStatus = (typeof refundStatuses)[number]

export const signatureHeader = "x-api-signature-sha256"

export const paths = {
  qrs: "/api/sbp/v2/qrs",
  qr: (qrId: string) => `/api/sbp/v2/qrs/${encodeURIComponent(qrId)}`,
  paymentInfo: (qrId: string) => `/api/sbp/v1/qr/${encodeURIComponent(qrId)}/payment-info`,
  refunds: "/api/sbp/v1/refund",
  refund: (refundId: string) => `/api/sbp/v1/refund/${encodeURIComponent(refundId)}`,
  callbackUrl: "/api/settings/v1/callback",
} as const

/** Roubles as a JSON number; kopecks once parsed. */
const roubles = z.number().transform((number, context) => {
  try {
    return kopecksOf(number)
  } catch (cause) {
    if (!(cause instanceof MoneyError)) throw cause
    context.addIssue({ code: "custom", message: cause.message })
    return z.NEVER
  }
})
const someRoubles = roubles.refine((kopecks) => kopecks >= 1n, "must be a kopeck at least")

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text))
const ownId = z.string().regex(/^[A-Za-z0-9._-]{1,40}$/, "may hold A-z 0-9 _ - . only, at most 40")
const currency = z.literal("RUB")

export const registerRequest = z.object({
  sbpMerchantId: z.string().min(1).max(12),
  qrType: z.enum(qrTypes),
  order: ownId,
  amount: someRoubles.optional(),
  currency: currency.optional(),
  qrExpirationDate: instant.optional(),
  additionalInfo: z.string().max(140).optional(),
})
export type RegisterRequest = z.output<typeof registerRequest>

export const refundRequest = z.object({
  refundId: ownId,
  order: ownId,
  transactionId: z.number().int().optional(),
  amount: someRoubles,
  paymentDetails: z.string().max(140).optional(),
})
export type RefundRequest = z.output<typeof refundRequest>

export const callbackUrlRequest = z.object({ callbackUrl: z.url({ protocol: /^https?$/ }) })

export const qrAnswer = z.object({
  qrId: z.string().min(1).max(32),
  qrStatus: z.enum(qrStatuses),
  payload: z.url(),
  qrExpirationDate: instant.optional(),
})

export const paymentInfoAnswer = z.object({
  qrId: z.string(),
  sbpMerchantId: z.string(),
  order: z.string(),
  amount: roubles,
  currency,
  paymentStatus: z.enum(paymentStatuses),
  createDate: instant,
  transactionId: z.number().int().optional(),
  transactionDate: instant.optional(),
})

export const refundAnswer = z.object({ amount: roubles, refundStatus: z.enum(refundStatuses) })

/** Every answer carries a code; one that is not SUCCESS is a refusal. */
export const refusalAnswer = z.object({ code: z.string().regex(/^(?!SUCCESS$)/), message: z.string().default("") })

export const callbackBody = z.object({
  qrId: z.string(),
  sbpMerchantId: z.string(),
  order: z.string(),
  amount: roubles,
  currency,
  paymentStatus: z.enum(paymentStatuses),
  transactionId: z.number().int(),
  transactionDate: instant,
})
