// Small numbers of one shop, for ids that are published as integers: never given twice. Called by every store that makes such ids.
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"

export type Numbered =
  | "bonus-group"
  | "discount-group"
  | "bonus-group-change"
  | "customer-source"
  | "customer-preference"
  | "customer-discount-group"
  | "celebration"
  | "celebration-date"

/** What PostgreSQL keeps in a bigint and JSON in a number; clients send 7 and "7". */
export const smallId = z
  .union([z.number(), z.string().regex(/^\d{1,15}$/, "must be a whole number")])
  .transform(Number)
  .pipe(z.number().int().min(1).max(Number.MAX_SAFE_INTEGER))

export const smallIdParams = z.object({ id: smallId })

export async function nextNumbers(tx: Transaction, kind: Numbered, count: number): Promise<number[]> {
  const [row] = await tx.query(
    `INSERT INTO loyalty.number AS kept (shop_id, kind, value) VALUES ($1, $2, $3)
     ON CONFLICT (shop_id, kind) DO UPDATE SET value = kept.value + $3 RETURNING value`,
    [tx.shop, kind, count],
  )
  const last = Number(row?.value)
  return Array.from({ length: count }, (_, index) => last - count + 1 + index)
}

export async function nextNumber(tx: Transaction, kind: Numbered): Promise<number> {
  const [one = 0] = await nextNumbers(tx, kind, 1)
  return one
}
