// The bank's API as a shop calls it. Shapes and sources: sbp.ts. Called by app.ts.
import type { FastifyInstance, FastifyRequest } from "fastify"
import { z } from "zod"
import type { Bank } from "./bank.ts"
import { roublesNumber } from "./money.ts"
import { encodeNspkLink } from "./nspk-link.ts"
import type { Merchant, Qr } from "./qr.ts"
import { read } from "./read.ts"
import { Refused } from "./refused.ts"
import { refundStatus } from "./refunds.ts"
import type { Refund } from "./refunds.ts"
import { callbackUrlRequest, paths, refundRequest, registerRequest } from "./sbp.ts"

export interface ApiSurroundings {
  bank: Bank
  now: () => Date
  onRegistered: (qr: Qr) => void
}

/** Raiffeisenbank's number in the Faster Payments System, as its examples have it. */
const bankNumber = "100000000007"

const byQr = z.object({ qrId: z.string() })
const byRefund = z.object({ refundId: z.string() })

export function addApi(scope: FastifyInstance, { bank, now, onRegistered }: ApiSurroundings): void {
  const merchantOf = (request: FastifyRequest): Merchant => bank.merchantWithKey(keyOf(request))

  // Published as open to anybody, so that a page can ask for it without the secret.
  scope.post(paths.qrs, async (request) => {
    const { qr, isNew } = bank.register(read(registerRequest, request.body))
    if (isNew) onRegistered(qr)
    return answerOf(qr)
  })

  scope.get("/api/sbp/v2/qrs/:qrId", async (request) => answerOf(bank.qrOf(merchantOf(request), read(byQr, request.params).qrId)))

  scope.delete("/api/sbp/v2/qrs/:qrId", async (request, reply) => {
    bank.cancel(merchantOf(request), read(byQr, request.params).qrId)
    return reply.code(200).send()
  })

  scope.get("/api/sbp/v1/qr/:qrId/payment-info", async (request) =>
    paymentInfoOf(bank.qrOf(merchantOf(request), read(byQr, request.params).qrId)),
  )

  // The refund as it was accepted, however often it is asked for; how it goes on is asked by its id.
  scope.post(paths.refunds, async (request) => {
    const refund = bank.refund(merchantOf(request), read(refundRequest, request.body))
    return { code: "SUCCESS", amount: roublesNumber(refund.amount), refundStatus: "IN_PROGRESS" }
  })

  scope.get("/api/sbp/v1/refund/:refundId", async (request) =>
    refundAnswerOf(bank.refundOf(merchantOf(request), read(byRefund, request.params).refundId), now()),
  )

  scope.post(paths.callbackUrl, async (request) => {
    const merchant = merchantOf(request)
    const { callbackUrl } = read(callbackUrlRequest, request.body)
    merchant.callbackUrl = callbackUrl
    return { callbackUrl }
  })
}

function keyOf(request: FastifyRequest): string {
  const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? []
  if (key === undefined) throw new Refused("ERROR.UNAUTHORIZED", "The header Authorization: Bearer <secretKey> is missing.")
  return key
}

function answerOf(qr: Qr): object {
  const link = { qrId: qr.id, type: qr.type === "QRDynamic" ? "02" : "01", bank: bankNumber, amount: qr.amount } as const
  return {
    code: "SUCCESS",
    qrId: qr.id,
    qrStatus: qr.status,
    qrExpirationDate: qr.expiresAt?.toISOString(),
    payload: encodeNspkLink(link),
  }
}

function paymentInfoOf(qr: Qr): object {
  const payment = qr.payments.at(-1)
  return {
    code: "SUCCESS",
    qrId: qr.id,
    sbpMerchantId: qr.merchant.id,
    order: qr.order,
    amount: roublesNumber(payment?.amount ?? qr.amount ?? 0n),
    currency: "RUB",
    paymentStatus: payment?.status ?? "NO_INFO",
    createDate: qr.createdAt.toISOString(),
    qrExpirationDate: qr.expiresAt?.toISOString(),
    transactionId: payment?.transactionId,
    transactionDate: payment?.at.toISOString(),
  }
}

function refundAnswerOf(refund: Refund, now: Date): object {
  return { code: "SUCCESS", amount: roublesNumber(refund.amount), refundStatus: refundStatus(refund, now) }
}
