// Money that goes back: never more than came, once per refund's id. In memory; called by the bank.
import type { Merchant, Payment, Qr } from "./qr.ts"
import { Refused } from "./refused.ts"
import type { RefundRequest, RefundStatus } from "./sbp.ts"

export interface Refund {
  readonly id: string
  readonly order: string
  readonly payment: Payment
  readonly amount: bigint
  /** Until then it is IN_PROGRESS. */
  readonly completesAt: Date
  declined: boolean
}

export class Refunds {
  readonly #byId = new Map<string, Refund>()
  readonly #byPayment = new Map<Payment, Refund[]>()

  /** @throws Refused for more than is left, and for an id that is known with other data. */
  accept(qr: Qr, request: RefundRequest, completesAt: Date): Refund {
    const { refundId, order, transactionId, amount } = request
    const key = keyOf(qr.merchant, refundId)
    const known = this.#byId.get(key)
    const payment = known?.payment ?? paidBy(qr, transactionId)
    if (known !== undefined) {
      const isSame =
        known.order === order && known.amount === amount && (transactionId === undefined || transactionId === payment.transactionId)
      if (!isSame) throw new Refused("ERROR.REFUND_ALREADY_REGISTERED", `The refund ${refundId} was asked for with other data.`)
      return known
    }
    const left = payment.amount - this.refunded(payment)
    if (amount > left)
      throw new Refused("ERROR.REFUND_INSUFFICIENT_FUNDS", `${left} kopecks are left of the payment; ${amount} were asked for.`)
    const refund: Refund = { id: refundId, order, payment, amount, completesAt, declined: false }
    this.#byId.set(key, refund)
    this.#byPayment.set(payment, [...(this.#byPayment.get(payment) ?? []), refund])
    return refund
  }

  /** @throws Refused where there is none. */
  find(merchant: Merchant, refundId: string): Refund {
    const refund = this.#byId.get(keyOf(merchant, refundId))
    if (refund === undefined) throw new Refused("ERROR.REFUND_NOT_FOUND", `There is no refund ${refundId}.`)
    return refund
  }

  /** Kopecks that went back or are on their way. A declined refund leaves its money to be refunded again. */
  refunded(payment: Payment): bigint {
    const refunds = this.#byPayment.get(payment) ?? []
    return refunds.reduce((sum, { amount, declined }) => (declined ? sum : sum + amount), 0n)
  }
}

export function refundStatus(refund: Refund, now: Date): RefundStatus {
  if (refund.declined) return "DECLINED"
  return now < refund.completesAt ? "IN_PROGRESS" : "COMPLETED"
}

/** The payment that is meant: the only one, or the one that is named. */
function paidBy(qr: Qr, transactionId: number | undefined): Payment {
  const paid = qr.payments.filter(({ status }) => status === "SUCCESS")
  if (transactionId === undefined && qr.type !== "QRDynamic") {
    throw new Refused("ERROR.INVALID_REQUEST", "transactionId is needed where a QR is payable many times.")
  }
  const payment = transactionId === undefined ? paid[0] : paid.find((payment) => payment.transactionId === transactionId)
  if (payment === undefined) throw new Refused("ERROR.NOT_FOUND", `The order ${qr.order} has no such payment.`)
  return payment
}

function keyOf(merchant: Merchant, refundId: string): string {
  return `${merchant.id} ${refundId}`
}
