// A payment: money that came in for an order, went back, or was given as change; and its row. Pure.
import type { PaymentMethod } from "@florist/kit/contracts/payments"
import { paymentMethods } from "@florist/kit/contracts/payments"
import type { Row } from "@florist/kit/database"
import { dateOf, textOf } from "./cell.ts"

export const paymentTypes = ["payment", "return", "change"] as const

/** What may be said of a payment afterwards; none of it moves money. */
export interface Marks {
  ref: string | null
  note: string | null
  prepayment: boolean
  fiscalized: boolean
  fiscalizedAt: Date | null
  fiscalShiftId: string | null
  fiscalizedBy: string | null
}

export interface NewPayment extends Marks {
  id: string
  method: PaymentMethod
  /** Kopecks. */
  amount: number
  occurredAt: Date
  date: string
  storeId: string
  /** As the client names it. */
  shiftId: string | null
  workerId: string
  postedBy: string
  postedAt: Date
}

export interface Payment extends NewPayment {
  saleId: string
  type: (typeof paymentTypes)[number]
  /** What went back of it. */
  refunded: number
  recordedAt: Date
  /** Of a return or change: the payment that it gives back of. */
  parentId: string | null
  state: "pending" | "done" | "declined"
}

/** The columns of payments and refunds by their common names, with types. */
export const moneyColumns = {
  id: "uuid",
  sale_id: "uuid",
  method: "text",
  amount: "bigint",
  occurred_at: "timestamptz",
  recorded_at: "timestamptz",
  date: "date",
  store_id: "uuid",
  shift_id: "uuid",
  worker_id: "uuid",
  posted_by: "uuid",
  posted_at: "timestamptz",
  ref: "text",
  note: "text",
  prepayment: "boolean",
  fiscalized: "boolean",
  fiscalized_at: "timestamptz",
  fiscal_shift_id: "uuid",
  fiscalized_by: "uuid",
} as const

/** From a row with `type`, `parent_id`, `state`, `refunded`, `day` (the date as text) beside the money columns. */
export function paymentOf(row: Row): Payment {
  const method = paymentMethods.find((name) => name === row.method)
  if (method === undefined)
    throw new Error(`Payment ${String(row.id)} is of a method that this version does not know: ${String(row.method)}`)
  const occurredAt = row.occurred_at as Date
  return {
    id: String(row.id),
    saleId: String(row.sale_id),
    type: row.type as Payment["type"],
    method,
    amount: Number(row.amount),
    refunded: Number(row.refunded ?? 0),
    occurredAt,
    recordedAt: row.recorded_at as Date,
    date: textOf(row.day) ?? occurredAt.toISOString().slice(0, 10),
    storeId: String(row.store_id),
    shiftId: textOf(row.shift_id),
    workerId: String(row.worker_id),
    postedBy: textOf(row.posted_by) ?? String(row.worker_id),
    postedAt: dateOf(row.posted_at) ?? occurredAt,
    ref: textOf(row.ref),
    note: textOf(row.note),
    prepayment: row.prepayment === true,
    fiscalized: row.fiscalized === true,
    fiscalizedAt: dateOf(row.fiscalized_at),
    fiscalShiftId: textOf(row.fiscal_shift_id),
    fiscalizedBy: textOf(row.fiscalized_by),
    parentId: textOf(row.parent_id),
    state: row.state as Payment["state"],
  }
}

/** Values of the money columns of what is recorded now, `sale_id` and `recorded_at` left out. */
export function rowOf(payment: NewPayment): Record<Exclude<keyof typeof moneyColumns, "sale_id" | "recorded_at">, unknown> {
  return {
    id: payment.id,
    method: payment.method,
    amount: payment.amount,
    occurred_at: payment.occurredAt,
    date: payment.date,
    store_id: payment.storeId,
    shift_id: payment.shiftId,
    worker_id: payment.workerId,
    posted_by: payment.postedBy,
    posted_at: payment.postedAt,
    ...marksRow(payment),
  }
}

export function marksRow(marks: Marks) {
  return {
    ref: marks.ref,
    note: marks.note,
    prepayment: marks.prepayment,
    fiscalized: marks.fiscalized,
    fiscalized_at: marks.fiscalizedAt,
    fiscal_shift_id: marks.fiscalShiftId,
    fiscalized_by: marks.fiscalizedBy,
  }
}
