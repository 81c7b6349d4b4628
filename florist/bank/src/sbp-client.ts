// A merchant's side of the bank: asks and waits no longer than it is told. Called by the payments service. Shapes and sources: sbp.ts, callback.ts.
import { z } from "zod"
import { whyFetchFailed } from "./fetch-failure.ts"
import { roublesNumber } from "./money.ts"
import { paths, paymentInfoAnswer, qrAnswer, refundAnswer, refusalAnswer } from "./sbp.ts"
import type { PaymentStatus, QrStatus, QrType, RefundStatus } from "./sbp.ts"

export { readCallback, verifyCallback } from "./callback.ts"
export type { Callback } from "./callback.ts"
export { signatureHeader } from "./sbp.ts"
export type { PaymentStatus, QrStatus, QrType, RefundStatus } from "./sbp.ts"

export interface SbpAccess {
  /** "https://pay.raif.ru" */
  baseUrl: string
  /** The merchant's id in the Faster Payments System: "MA0000000552". */
  merchantId: string
  secretKey: string
  /** The longest wait for one answer. */
  timeoutMs?: number
}

export interface QrRequest {
  /** The shop's own id of the order: A-z 0-9 _ - . at most 40. Asking again with the same data gives the same code. */
  order: string
  type: QrType
  /** Kopecks. A dynamic code needs it; otherwise without it the customer says how much. */
  amount: bigint | undefined
  /** Undefined: three days for a dynamic code, never for others. */
  expiresAt: Date | undefined
}

export interface RegisteredQr {
  qrId: string
  status: QrStatus
  /** The link to be drawn as a QR code, or to be opened on a phone. */
  payload: string
  expiresAt: Date | undefined
}

/** Of the latest payment by a code. */
export interface PaymentInfo {
  qrId: string
  merchantId: string
  order: string
  /** Kopecks. */
  amount: bigint
  status: PaymentStatus
  transactionId: number | undefined
  /** When the payment was made; undefined while there is none. */
  at: Date | undefined
}

export interface RefundOrder {
  /** The shop's own id of the refund. Asking again with the same data refunds once. */
  refundId: string
  order: string
  /** Which payment, where a code was paid many times. */
  transactionId?: number
  /** Kopecks; the sum of all refunds stays within what was paid. */
  amount: bigint
}

export interface RefundInfo {
  amount: bigint
  status: RefundStatus
}

/**
 * The bank gave no answer that counts: nobody listens, too slow, a 5xx, a connection broken off. It does not say that the bank did nothing:
 * ask again, with the same ids.
 */
export class BankUnavailable extends Error {
  override readonly name = "BankUnavailable"
  readonly reason: "network" | "timeout" | "server-error" | "unreadable"

  constructor(reason: BankUnavailable["reason"], detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.reason = reason
  }
}

/** The bank says no, and why. The same request gets the same answer. */
export class BankRefusal extends Error {
  override readonly name = "BankRefusal"
  /** "ERROR.NOT_FOUND"; "HTTP.403" where the answer names none. */
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number) {
    super(message)
    this.code = code
    this.status = status
  }
}

interface Ask {
  method: "GET" | "POST" | "DELETE"
  path: string
  body?: Record<string, unknown>
}

const usualTimeoutMs = 5_000
/** 4xx that say "later", not "no". */
const notNow: readonly number[] = [408, 425, 429]

/** Every method rejects with BankUnavailable, BankRefusal, or the reason of its signal. */
export class SbpClient {
  readonly #access: SbpAccess

  constructor(access: SbpAccess) {
    this.#access = access
  }

  async registerQr({ order, type, amount, expiresAt }: QrRequest, signal: AbortSignal): Promise<RegisteredQr> {
    const body = {
      sbpMerchantId: this.#access.merchantId,
      qrType: type,
      order,
      ...(amount === undefined ? {} : { amount: roublesNumber(amount), currency: "RUB" }),
      qrExpirationDate: expiresAt?.toISOString(),
    }
    return registered(await this.#ask({ method: "POST", path: paths.qrs, body }, qrAnswer, signal))
  }

  async qr(qrId: string, signal: AbortSignal): Promise<RegisteredQr> {
    return registered(await this.#ask({ method: "GET", path: paths.qr(qrId) }, qrAnswer, signal))
  }

  async paymentInfo(qrId: string, signal: AbortSignal): Promise<PaymentInfo> {
    const answer = await this.#ask({ method: "GET", path: paths.paymentInfo(qrId) }, paymentInfoAnswer, signal)
    const { sbpMerchantId, order, amount, paymentStatus, transactionId, transactionDate } = answer
    return { qrId: answer.qrId, merchantId: sbpMerchantId, order, amount, status: paymentStatus, transactionId, at: transactionDate }
  }

  /** A payment that has begun may still succeed afterwards. */
  async cancel(qrId: string, signal: AbortSignal): Promise<void> {
    await this.#ask({ method: "DELETE", path: paths.qr(qrId) }, z.unknown(), signal)
  }

  async refund({ refundId, order, transactionId, amount }: RefundOrder, signal: AbortSignal): Promise<RefundInfo> {
    const body = { refundId, order, transactionId, amount: roublesNumber(amount) }
    return refunded(await this.#ask({ method: "POST", path: paths.refunds, body }, refundAnswer, signal))
  }

  async refundStatus(refundId: string, signal: AbortSignal): Promise<RefundInfo> {
    return refunded(await this.#ask({ method: "GET", path: paths.refund(refundId) }, refundAnswer, signal))
  }

  /** Where the bank tells of payments from now on. */
  async setCallbackUrl(callbackUrl: string, signal: AbortSignal): Promise<void> {
    await this.#ask({ method: "POST", path: paths.callbackUrl, body: { callbackUrl } }, z.unknown(), signal)
  }

  async #ask<T extends z.ZodType>(ask: Ask, schema: T, signal: AbortSignal): Promise<z.output<T>> {
    const { status, text } = await this.#answerTo(ask, signal)
    const what = `${ask.method} ${ask.path}`
    if (status >= 500 || notNow.includes(status)) throw new BankUnavailable("server-error", `${what} was answered with ${status}`)
    const answer = parsed(text)
    const refusal = refusalAnswer.safeParse(answer)
    if (refusal.success) throw new BankRefusal(refusal.data.code, refusal.data.message, status)
    if (status >= 400) throw new BankRefusal(`HTTP.${status}`, `${what} was answered with ${status}`, status)
    const read = schema.safeParse(answer)
    if (!read.success) throw new BankUnavailable("unreadable", `${what}: ${z.prettifyError(read.error)}`)
    return read.data
  }

  async #answerTo({ method, path, body }: Ask, signal: AbortSignal): Promise<{ status: number; text: string }> {
    signal.throwIfAborted()
    const { baseUrl, secretKey, timeoutMs = usualTimeoutMs } = this.#access
    const tooLate = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await fetch(new URL(path, baseUrl), {
        method,
        headers: { authorization: `Bearer ${secretKey}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.any([signal, tooLate]),
      })
      return { status: answer.status, text: await answer.text() }
    } catch (cause) {
      signal.throwIfAborted()
      if (tooLate.aborted) throw new BankUnavailable("timeout", `${method} ${path}: no answer within ${timeoutMs} ms`, { cause })
      throw new BankUnavailable("network", `${method} ${path}: ${whyFetchFailed(cause)}`, { cause })
    }
  }
}

function registered({ qrId, qrStatus, payload, qrExpirationDate }: z.output<typeof qrAnswer>): RegisteredQr {
  return { qrId, status: qrStatus, payload, expiresAt: qrExpirationDate }
}

function refunded({ amount, refundStatus }: z.output<typeof refundAnswer>): RefundInfo {
  return { amount, status: refundStatus }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
