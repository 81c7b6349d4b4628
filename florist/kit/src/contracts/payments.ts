// What the payments service tells the others. Amounts in kopecks, always positive; `kind` gives the direction.
import { v5 } from "uuid"
import { z } from "zod"

const id = z.string()

export const paymentMethods = ["cash", "card", "bonus", "gift_card", "qr"] as const
export type PaymentMethod = (typeof paymentMethods)[number]

/** Of the resource that GET /v1/payment-methods shows: it follows from the shop (UUID version 5), so nobody has to be asked what it stands for. */
export const paymentMethodId = (shop: number, method: PaymentMethod): string => v5(`payment-method ${shop} ${method}`, methodSpace)

/** Florist's own name space. */
const methodSpace = "6e9f3a1c-5f0b-5d0e-8a6b-1f6d7c2e4a90"

/** Money (or points, or a gift card's balance) that came in for an order, or went back. */
export const paymentFact = z.object({
  id,
  /** Null for money that belongs to no order any more (suspense). */
  orderId: id.nullable(),
  storeId: id,
  customerId: id.nullable(),
  shiftId: id.nullable(),
  /** The shift of the fiscal register that printed the receipt; left out where there was none. */
  fiscalShiftId: id.nullable().optional(),
  workerId: id.nullable(),
  kind: z.enum(["payment", "return"]),
  /** True for a "return" that is the change of a cash payment: it never was the shop's. */
  isChange: z.boolean().optional(),
  method: z.enum(paymentMethods),
  amount: z.number().int().positive(),
  occurredAt: z.coerce.date(),
})
export type PaymentFact = z.output<typeof paymentFact>

/** Once for each payment and each refund. data: PaymentFact. */
export const paymentRecorded = "payment.recorded"

export const cashMovement = z.object({
  id,
  storeId: id,
  shiftId: id,
  kind: z.enum(["deposit", "withdraw"]),
  reasonId: id.nullable(),
  amount: z.number().int().positive(),
  occurredAt: z.coerce.date(),
})
export const cashMoved = "payment.cash-moved"

export const cashShiftSnapshot = z.object({
  id,
  storeId: id,
  registerId: id,
  status: z.enum(["open", "closed"]),
  openedAt: z.coerce.date(),
  closedAt: z.coerce.date().nullable(),
  opening: z.number().int(),
  expected: z.number().int(),
  counted: z.number().int().nullable(),
})
/** data: cashShiftSnapshot. */
export const cashShiftChanged = "payment.cash-shift-changed"
