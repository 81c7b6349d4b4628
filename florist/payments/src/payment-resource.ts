// A payment as the published API has it: what comes in, and the resource that goes out. Pure; called by operations and streams.
import { z } from "zod"
import { moment, oneOut, reference, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { day, instant, text, title } from "@florist/kit/input"
import { positiveRoubles, roubles, roublesOut, toRoubles } from "@florist/kit/money"
import { paymentTypes } from "./payment.ts"
import type { Payment } from "./payment.ts"
import { methodId, methodType } from "./payment-method.ts"
import { seenOrder } from "./seen-order.ts"

export const paymentType = "order-payments"

// What comes in.

const attributes = {
  paymentType: z.enum(paymentTypes).optional(),
  date: day.optional(),
  amount: positiveRoubles.optional(),
  /** Points; one pays one rouble. */
  bonusAmount: roubles.optional(),
  description: text(1_000).nullish(),
  createdAt: instant.optional(),
  posted: z.boolean().optional(),
  postedAt: instant.nullish(),
  terminalTransactionId: text(200).nullish(),
  fiscalized: z.boolean().optional(),
  prepayment: z.boolean().optional(),
  fiscalizedAt: instant.nullish(),
}

const relationships = {
  shift: toOne(),
  createdBy: toOne(),
  postedBy: toOne(),
  order: toOne(),
  fiscalShift: toOne(),
  fiscalizedBy: toOne(),
  /** Our extension: the payment that a return gives back of. */
  parent: toOne(),
  /** Our extension: the card that pays, where its code is not given. */
  giftCard: toOne(),
}

export const paymentIn = resourceIn(
  paymentType,
  z.object({ ...attributes, paymentType: z.enum(paymentTypes), giftCardCode: title(40).optional(), ...seenOrder }),
  z.object({ ...relationships, method: toOne() }),
)
export type PaymentIn = z.output<typeof paymentIn>

export const paymentChangesIn = resourceIn(
  paymentType,
  z.object(attributes).optional(),
  z.object({ ...relationships, method: toOne() }).optional(),
)
export type PaymentChangesIn = z.output<typeof paymentChangesIn>

// What goes out.

const momentOut = z.string().nullable()

export const paymentOut = resourceOut(
  paymentType,
  {
    paymentType: z.enum(paymentTypes),
    date: z.string(),
    amount: roublesOut,
    bonusAmount: roublesOut,
    refundedAmount: roublesOut,
    description: z.string(),
    createdAt: momentOut,
    posted: z.boolean(),
    postedAt: momentOut,
    terminalTransactionId: z.string(),
    fiscalized: z.boolean(),
    prepayment: z.boolean(),
    fiscalizedAt: momentOut,
  },
  {
    method: oneOut,
    shift: oneOut,
    createdBy: oneOut,
    postedBy: oneOut,
    parent: oneOut,
    order: oneOut,
    fiscalShift: oneOut,
    fiscalizedBy: oneOut,
  },
)

export function paymentResource(shop: number, payment: Payment): Resource {
  const isPosted = payment.state === "done"
  return {
    type: paymentType,
    id: payment.id,
    attributes: {
      paymentType: payment.type,
      date: payment.date,
      amount: toRoubles(payment.amount),
      bonusAmount: payment.method === "bonus" ? toRoubles(payment.amount) : 0,
      refundedAmount: toRoubles(payment.refunded),
      description: payment.note ?? "",
      createdAt: moment(payment.occurredAt),
      posted: isPosted,
      postedAt: isPosted ? moment(payment.postedAt) : null,
      terminalTransactionId: payment.ref ?? "",
      fiscalized: payment.fiscalized,
      prepayment: payment.prepayment,
      fiscalizedAt: moment(payment.fiscalizedAt),
    },
    relationships: {
      method: reference(methodType, methodId(shop, payment.method)),
      shift: reference("shifts", payment.shiftId),
      createdBy: reference("workers", payment.workerId),
      postedBy: reference("workers", isPosted ? payment.postedBy : null),
      parent: reference(paymentType, payment.parentId),
      order: reference("orders", payment.saleId),
      fiscalShift: reference("shifts", payment.fiscalShiftId),
      fiscalizedBy: reference("workers", payment.fiscalizedBy),
    },
    links: { self: `/${paymentType}/${payment.id}` },
  }
}
