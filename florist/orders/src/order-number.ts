// Numbers of orders where the client gives none: a counter for each shop and prefix, a prefix for each store (or register) and year, so that stores
// and registers never wait for each other's numbers. Called by creation.
import { createHash } from "node:crypto"
import type { Transaction } from "@florist/kit/transaction"

export interface NumberFor {
  storeId: string
  /** "2026-03-08" */
  date: string
  /** The client's own, of a register. */
  prefix: string | undefined
}

/** "kfqa26000012": two stores with the same letters share a counter, so a number is there once all the same. */
export async function nextNumber(tx: Transaction, { storeId, date, prefix }: NumberFor): Promise<string> {
  const full = `${prefix ?? lettersOf(storeId)}${date.slice(2, 4)}`
  const [row] = await tx.query(
    `INSERT INTO orders.number_counter (shop_id, prefix, value) VALUES ($1, $2, 1)
     ON CONFLICT (shop_id, prefix) DO UPDATE SET value = number_counter.value + 1 RETURNING value`,
    [tx.shop, full],
  )
  return `${full}${String(row?.value).padStart(6, "0")}`
}

function lettersOf(storeId: string): string {
  const digest = createHash("sha256").update(storeId).digest()
  return [...digest.subarray(0, 4)].map((byte) => String.fromCodePoint(97 + (byte % 26))).join("")
}
