// How a payment may be paid, and how that is stored: `method_code` and `provider_ref`. A payment has several tenders, one row each.
// Everything that knows the methods' columns is in this file.
import { amount, text } from "@florist/kit/input"
import type { Row } from "@florist/kit/database"
import { z } from "zod"

const methods = ["cash", "card", "bonus", "gift_card", "qr"] as const
export type Method = (typeof methods)[number]

/** Kept in every row of every shard: a code once given never changes its meaning. */
const codes = { cash: 1, card: 2, bonus: 3, gift_card: 4, qr: 5 } satisfies Record<Method, number>

export interface Tender {
  method: Method
  amount: number
  /** What the bank or the payment system calls it. */
  providerRef: string | null
}

export const tenderColumns = { method_code: "smallint", provider_ref: "text" } as const

/** SQL that gives a row's method, and how to read what it gives. */
export const methodInSql = "method_code"
export const methodFromSql = (value: unknown): Method => methodOf(Number(value))

export function tenderToRow({ method, providerRef }: Tender): Row {
  return { method_code: codes[method], provider_ref: providerRef }
}

export function tenderFromRow(row: Row): Tender {
  const ref = row.provider_ref
  return { method: methodOf(Number(row.method_code)), amount: Number(row.amount), providerRef: typeof ref === "string" ? ref : null }
}

function methodOf(code: number): Method {
  const method = methods.find((name) => codes[name] === code)
  if (method === undefined) throw new Error(`Payment method ${code} is unknown to this version`)
  return method
}

const providerRef = text(200).nullable().default(null)

/** The part of a request that says how it is paid: `tenders`, or `method` from pages that were opened before there were several. */
export const paidBy = {
  method: z.enum(methods).optional(),
  providerRef,
  tenders: z
    .array(z.strictObject({ method: z.enum(methods), amount, providerRef }))
    .min(1)
    .max(10)
    .optional(),
}

interface PaidBy {
  amount: number
  method?: Method | undefined
  providerRef: string | null
  tenders?: Tender[] | undefined
}

/** Undefined where the request does not say how it is paid, or says it twice. */
export function tendersOf({ amount, method, providerRef, tenders }: PaidBy): Tender[] | undefined {
  if (method !== undefined) return tenders === undefined ? [{ method, amount, providerRef }] : undefined
  return providerRef === null ? tenders : undefined
}

export const howToPay = "say `tenders`, or `method` alone"
