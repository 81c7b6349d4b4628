// What the loyalty service tells the others, and what it can be asked at once. Points are whole numbers; one point pays one rouble.
import { z } from "zod"

const id = z.string()

export const pointsEntry = z.object({
  id,
  customerId: id,
  orderId: id.nullable(),
  kind: z.enum(["earned", "spent", "earning-reversed", "spending-restored", "granted", "expired"]),
  /** Signed. */
  points: z.number().int(),
  /** The customer's points after it. */
  balance: z.number().int(),
  occurredAt: z.coerce.date(),
})
/** data: pointsEntry. */
export const pointsChanged = "loyalty.points-changed"

/**
 * POST /internal/loyalty/v1/spendings: takes points for a payment. Asking again for the same payment gives the same answer. 409 `not-enough-points`,
 * 409 `spending-cancelled` where it was cancelled before, 409 `payment-differs` where this payment took points otherwise, 404 for an unknown customer.
 */
export const spendingRequest = z.object({
  paymentId: id,
  orderId: id,
  customerId: id,
  points: z.number().int().positive(),
  /** What the order comes to, in kopecks. Given, the largest part that the customer's group lets points pay is kept to: 409 `points-limit`. */
  orderAmount: z.number().int().nonnegative().optional(),
  occurredAt: z.coerce.date(),
})
export const spendingAnswer = z.object({ entryId: id, balance: z.number().int() })

/** POST /internal/loyalty/v1/spendings/cancel: gives a payment's points back, wholly; also before it arrived. Again: the same answer, {}. */
export const cancelSpendingRequest = z.object({ paymentId: id, occurredAt: z.coerce.date() })

/** POST /internal/loyalty/v1/spendings/restore: gives some of a payment's points back, once for each refund; all that is left where it is no more. Again: the same answer, {}. */
export const restoreSpendingRequest = z.object({
  refundId: id,
  paymentId: id,
  points: z.number().int().positive(),
  occurredAt: z.coerce.date(),
})

/** GET /internal/loyalty/v1/customers/<id>/terms: what the customer's groups give. Rates in hundredths of a per cent. */
export const customerTerms = z.object({
  customerId: id,
  discountRate: z.number().int(),
  bonusRate: z.number().int(),
  /** The largest part of an order that points may pay. */
  bonusLimit: z.number().int(),
  balance: z.number().int(),
})
