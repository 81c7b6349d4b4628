// The bank's books: merchants, payment codes, payments and refunds. In memory, which is right for a simulator: its restart is a new bank, and who
// needs the old one keeps the process. Knows nothing of HTTP; called by the routes. Time is passed in as a clock.
//
// What https://pay.raif.ru/doc/sbp.html does not say, chosen here:
// - The same order with the same data gives the same code, whatever became of it; with other data it is refused. (Published is the refusal where the
//   order was paid.)
// - A code can be cancelled while it is being paid; a payment that has begun may then still succeed.
// - An expired or paid code cannot be cancelled; cancelling a cancelled one changes nothing.
import { randomBytes } from "node:crypto"
import { canBecome, moveQr, paymentUnderWay } from "./qr.ts"
import type { Merchant, Payment, Qr } from "./qr.ts"
import { Refunds } from "./refunds.ts"
import type { Refund } from "./refunds.ts"
import { Refused } from "./refused.ts"
import type { RefundRequest, RegisterRequest } from "./sbp.ts"

export interface BankOptions {
  merchants: readonly Merchant[]
  now: () => Date
  /** How long a refund is on its way. */
  refundTakesMs: number
}

/** Kopecks of one merchant: captured = refunded + kept. */
export interface Totals {
  captured: bigint
  refunded: bigint
  kept: bigint
}

const threeDaysMs = 3 * 24 * 3600 * 1000

export class Bank {
  readonly #merchants: readonly Merchant[]
  readonly #now: () => Date
  readonly #refundTakesMs: number
  readonly #qrs = new Map<string, Qr>()
  readonly #orders = new Map<string, { qr: Qr; asked: string }>()
  readonly #refunds = new Refunds()
  #lastTransaction: number

  constructor({ merchants, now, refundTakesMs }: BankOptions) {
    // Its own copies: where a merchant is called changes.
    this.#merchants = merchants.map((merchant) => ({ ...merchant }))
    this.#now = now
    this.#refundTakesMs = refundTakesMs
    // A bank never gives a number twice, and this one forgets: it goes on from the time of its start.
    this.#lastTransaction = Date.now() * 1000
  }

  /** @throws Refused for a key that nobody has. */
  merchantWithKey(secretKey: string): Merchant {
    const merchant = this.#merchants.find((merchant) => merchant.secretKey === secretKey)
    if (merchant === undefined) throw new Refused("ERROR.UNAUTHORIZED", "The secret key is not known.")
    return merchant
  }

  register(request: RegisterRequest): { qr: Qr; isNew: boolean } {
    const merchant = this.#merchants.find(({ id }) => id === request.sbpMerchantId)
    if (merchant === undefined) throw new Refused("ERROR.MERCHANT_NOT_REGISTERED", `There is no merchant ${request.sbpMerchantId}.`)
    const key = `${merchant.id} ${request.order}`
    const asked = dataOf(request)
    const known = this.#orders.get(key)
    if (known !== undefined && known.asked !== asked) {
      throw new Refused("ERROR.ORDER_NUMBER_ALREADY_REGISTERED", `The order ${request.order} has a QR with other data.`)
    }
    if (known !== undefined) return { qr: this.#current(known.qr), isNew: false }
    const qr = newQr(merchant, request, this.#now())
    this.#qrs.set(qr.id, qr)
    this.#orders.set(key, { qr, asked })
    return { qr, isNew: true }
  }

  /** @throws Refused where the merchant has no such code. */
  qrOf(merchant: Merchant, qrId: string): Qr {
    const qr = this.qr(qrId)
    if (qr.merchant !== merchant) throw notFound(qrId)
    return qr
  }

  qr(qrId: string): Qr {
    const qr = this.#qrs.get(qrId)
    if (qr === undefined) throw notFound(qrId)
    return this.#current(qr)
  }

  /** The newest first. */
  latest(most: number): Qr[] {
    return [...this.#qrs.values()]
      .slice(-most)
      .toReversed()
      .map((qr) => this.#current(qr))
  }

  cancel(merchant: Merchant, qrId: string): void {
    moveQr(this.qrOf(merchant, qrId), "cancel")
  }

  expire(qrId: string): Qr {
    const qr = this.qr(qrId)
    moveQr(qr, "expire")
    return qr
  }

  /** A customer's bank starts to move the money. @param amount kopecks, where the code has none. */
  begin(qrId: string, amount: bigint | undefined): Payment {
    const qr = this.qr(qrId)
    const toPay = qr.amount ?? amount
    if (toPay === undefined) throw new Refused("ERROR.INVALID_REQUEST", "The QR has no amount: the customer has to say one.")
    if (qr.amount !== undefined && amount !== undefined && amount !== qr.amount) {
      throw new Refused("ERROR.INVALID_REQUEST", `The QR is for ${qr.amount} kopecks.`)
    }
    moveQr(qr, "begin")
    this.#lastTransaction += 1
    const payment: Payment = { transactionId: this.#lastTransaction, amount: toPay, status: "IN_PROGRESS", at: this.#now() }
    qr.payments.push(payment)
    return payment
  }

  /** What has begun ends. @throws Refused where nothing has begun. */
  end(qrId: string, outcome: "succeed" | "decline"): Payment {
    const qr = this.qr(qrId)
    const payment = paymentUnderWay(qr)
    if (payment === undefined) throw new Refused("ERROR.QR_NOT_PAYABLE", `Nobody is paying the QR ${qrId}.`)
    moveQr(qr, outcome)
    payment.status = outcome === "succeed" ? "SUCCESS" : "DECLINED"
    payment.at = this.#now()
    return payment
  }

  refund(merchant: Merchant, request: RefundRequest): Refund {
    const qr = this.#orders.get(`${merchant.id} ${request.order}`)?.qr
    if (qr === undefined) throw new Refused("ERROR.NOT_FOUND", `There is no order ${request.order}.`)
    return this.#refunds.accept(qr, request, new Date(this.#now().getTime() + this.#refundTakesMs))
  }

  refundOf(merchant: Merchant, refundId: string): Refund {
    return this.#refunds.find(merchant, refundId)
  }

  /** The customer's bank does not take the money back. @throws Refused where the refund is done. */
  declineRefund(merchant: Merchant, refundId: string): Refund {
    const refund = this.#refunds.find(merchant, refundId)
    if (this.#now() >= refund.completesAt) throw new Refused("ERROR.INVALID_REQUEST", `The refund ${refundId} is completed.`)
    refund.declined = true
    return refund
  }

  merchant(merchantId: string): Merchant {
    const merchant = this.#merchants.find(({ id }) => id === merchantId)
    if (merchant === undefined) throw new Refused("ERROR.MERCHANT_NOT_REGISTERED", `There is no merchant ${merchantId}.`)
    return merchant
  }

  totals(merchant: Merchant): Totals {
    const ofMerchant = [...this.#qrs.values()].filter((qr) => qr.merchant === merchant)
    const paid = ofMerchant.flatMap(({ payments }) => payments).filter(({ status }) => status === "SUCCESS")
    const captured = paid.reduce((sum, { amount }) => sum + amount, 0n)
    const refunded = paid.reduce((sum, payment) => sum + this.#refunds.refunded(payment), 0n)
    return { captured, refunded, kept: captured - refunded }
  }

  /** A code's time runs out by itself: whoever looks sees it so. */
  #current(qr: Qr): Qr {
    const isOver = qr.expiresAt !== undefined && this.#now() >= qr.expiresAt
    if (isOver && canBecome(qr, "expire")) moveQr(qr, "expire")
    return qr
  }
}

function newQr(merchant: Merchant, request: RegisterRequest, now: Date): Qr {
  const { order, qrType, amount, currency, qrExpirationDate } = request
  if (qrType === "QRDynamic" && amount === undefined) throw new Refused("ERROR.DYNAMIC_QR_WITHOUT_AMOUNT", "A dynamic QR needs an amount.")
  if (amount !== undefined && currency === undefined) throw new Refused("ERROR.INVALID_REQUEST", "An amount needs its currency.")
  if (qrExpirationDate !== undefined && qrExpirationDate <= now) {
    throw new Refused("ERROR.QR_EXPIRATION_DATE_NOT_VALID", "The QR would be expired already.")
  }
  const expiresAt = qrExpirationDate ?? (qrType === "QRDynamic" ? new Date(now.getTime() + threeDaysMs) : undefined)
  return { id: newQrId(qrType), merchant, order, type: qrType, amount, createdAt: now, expiresAt, status: "NEW", payments: [] }
}

/** 32 signs: AD for a code payable once, AS for one payable many times. */
function newQrId(type: Qr["type"]): string {
  const signs = [...randomBytes(30)].map((byte) => (byte % 32).toString(32)).join("")
  return `${type === "QRDynamic" ? "AD" : "AS"}${signs.toUpperCase()}`
}

/** What makes two registrations the same. */
function dataOf({ qrType, amount, currency, qrExpirationDate, additionalInfo }: RegisterRequest): string {
  return JSON.stringify([qrType, amount?.toString(), currency, qrExpirationDate?.toISOString(), additionalInfo])
}

function notFound(qrId: string): Refused {
  return new Refused("ERROR.NOT_FOUND", `There is no QR ${qrId}.`)
}
