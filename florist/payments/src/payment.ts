// A payment: what a client asks for, what it is told, and when two of them are the same. Pure; called by the store and the routes.
import { amount, instant, positiveId, text, uuid } from "@florist/kit/input"
import type { Row } from "@florist/kit/database"
import { z } from "zod"
import { howToPay, paidBy, tenderFromRow, tendersOf } from "./tender.ts"
import type { Method, Tender } from "./tender.ts"

export interface PaymentRequest {
  id: string
  shop: number
  order: string
  amount: number
  currency: "RUB"
  tenders: readonly Tender[]
  cashier: string | null
  customer: string | null
  /** Undefined: now. A register that was offline says when it was. */
  occurredAt: Date | undefined
  note: string | null
}

export interface Payment {
  id: string
  shop: number
  order: string
  amount: number
  currency: string
  status: string
  method: Method | "mixed"
  tenders: readonly Tender[]
  cashier: string | null
  customer: string | null
  occurredAt: string
  note: string | null
}

/** The id is the client's own, so that asking again cannot pay twice. */
export const paymentRequest = z
  .strictObject({
    id: uuid,
    shop: positiveId,
    order: uuid,
    amount,
    currency: z.literal("RUB"),
    cashier: text(100).nullable().default(null),
    customer: uuid.nullable().default(null),
    occurredAt: instant.optional(),
    note: text(500).nullable().default(null),
    ...paidBy,
  })
  .transform((request, context): PaymentRequest => {
    const tenders = tendersOf(request)
    if (tenders === undefined) {
      context.addIssue({ code: "custom", message: howToPay, path: ["method"] })
      return z.NEVER
    }
    if (sumOf(tenders) !== request.amount) {
      context.addIssue({ code: "custom", message: `is not the sum of the tenders, ${sumOf(tenders)}`, path: ["amount"] })
      return z.NEVER
    }
    const { id, shop, order, amount, currency, cashier, customer, occurredAt, note } = request
    return { id, shop, order, amount, currency, tenders, cashier, customer, occurredAt, note }
  })

/** Undefined where there is no row. */
export function paymentOf(rows: readonly Row[]): Payment | undefined {
  const [first] = rows
  if (first === undefined) return undefined
  const tenders = rows.map(tenderFromRow)
  return {
    id: String(first.id),
    shop: Number(first.shop_id),
    order: String(first.order_id),
    amount: sumOf(tenders),
    currency: String(first.currency),
    status: String(first.status),
    method: tenders.length === 1 && tenders[0] !== undefined ? tenders[0].method : "mixed",
    tenders,
    cashier: textOrNull(first.cashier),
    customer: textOrNull(first.customer_id),
    occurredAt: (first.occurred_at as Date).toISOString(),
    note: textOrNull(first.note),
  }
}

/** Rows of several payments, those of one payment together. */
export function paymentsOf(rows: readonly Row[]): Payment[] {
  const byId = Map.groupBy(rows, (row) => `${String(row.shop_id)} ${String(row.id)}`)
  return [...byId.values()].flatMap((rows) => paymentOf(rows) ?? [])
}

/** The first field in which a repeated request asks for something else than what was paid; undefined where it asks for the same. */
export function firstDifference(request: PaymentRequest, paid: Payment): string | undefined {
  const { order, currency, cashier, customer, note } = request
  const same = { order, currency, cashier, customer, note }
  for (const field of Object.keys(same) as (keyof typeof same)[]) if (same[field] !== paid[field]) return field
  if (request.occurredAt !== undefined && request.occurredAt.toISOString() !== paid.occurredAt) return "occurredAt"
  if (request.amount !== paid.amount) return "amount"
  return tenderKeys(request.tenders) === tenderKeys(paid.tenders) ? undefined : "tenders"
}

function tenderKeys(tenders: readonly Tender[]): string {
  return JSON.stringify(tenders.map(({ method, amount, providerRef }) => [method, amount, providerRef]))
}

function sumOf(tenders: readonly Tender[]): number {
  return tenders.reduce((sum, { amount }) => sum + amount, 0)
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null
}
