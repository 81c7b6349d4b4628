// How a payment may be paid, and how that is stored: `method`, a text, with what the provider calls it after a colon.
// Everything that knows the method's column is in this file.
import { text } from "@florist/kit/input"
import type { Row } from "@florist/kit/database"
import { z } from "zod"

const methods = ["cash", "card", "bonus", "gift_card"] as const
/** Rows may hold methods that this version does not take itself. */
export type Method = string

export interface Tender {
  method: Method
  amount: number
  /** What the bank or the payment system calls it. */
  providerRef: string | null
}

export const tenderColumns = { method: "text" } as const

/** SQL that gives a row's method, and how to read what it gives. */
export const methodInSql = "split_part(method, ':', 1)"
export const methodFromSql = (value: unknown): Method => String(value)

export function tenderToRow({ method, providerRef }: Tender): Row {
  return { method: providerRef === null ? method : `${method}:${providerRef}` }
}

export function tenderFromRow(row: Row): Tender {
  const [method = "", ...ref] = String(row.method).split(":")
  return { method, amount: Number(row.amount), providerRef: ref.length === 0 ? null : ref.join(":") }
}

/** The part of a request that says how it is paid. */
export const paidBy = {
  method: z.enum(methods),
  providerRef: text(200).nullable().default(null),
}

interface PaidBy {
  amount: number
  method: Method
  providerRef: string | null
}

export function tendersOf({ amount, method, providerRef }: PaidBy): Tender[] | undefined {
  return [{ method, amount, providerRef }]
}

export const howToPay = "say `method`"
