// Payments, returns and change as one list: payments from wherever this version keeps them, the others from their own table. Called by operations and streams.
import { list, where } from "@florist/kit/listing"
import type { Condition, Listing, Page } from "@florist/kit/listing"
import type { Reader } from "@florist/kit/database"
import { moneyColumns, paymentOf } from "./payment.ts"
import type { Payment } from "./payment.ts"
import { paymentRows } from "./payment-store.ts"

const names = Object.keys(moneyColumns).join(", ")

// Types are written out and conditions stand outside, because PostgreSQL reads both indexes in the list's order only of halves that are alike and bare.
const allMoney = `(SELECT shop_id, 'payment'::text AS type, NULL::uuid AS parent_id, 'done'::text AS state, 'client'::text AS origin, refunded, ${names} FROM ${paymentRows} payment
  UNION ALL SELECT shop_id, type, payment_id, state, origin, 0::bigint, ${names} FROM payments.refund) money`

/** A refund that was declined never was; of money in suspense the QR payment tells. The shop is named, though row-level security says it too, for the indexes' sake. */
const counts = "shop_id = current_setting('florist.shop')::bigint AND id IS NOT NULL AND state <> 'declined' AND origin <> 'suspense'"

const shown = `type, parent_id, state, refunded, date::text AS day, ${names}`

export async function findMoney(reader: Reader, id: string): Promise<Payment | undefined> {
  const [row] = await reader.query(`SELECT ${shown} FROM ${allMoney} WHERE ${counts} AND id = $1`, [id])
  return row === undefined ? undefined : paymentOf(row)
}

/** Payments alone, the oldest first. */
export async function paymentsOf(reader: Reader, saleId: string): Promise<Payment[]> {
  const rows = await reader.query(
    `SELECT 'payment' AS type, 'done' AS state, NULL AS parent_id, refunded, date::text AS day, ${names} FROM ${paymentRows} payment
     WHERE sale_id = $1 AND id IS NOT NULL ORDER BY recorded_at, id`,
    [saleId],
  )
  return rows.map(paymentOf)
}

export async function listMoney(
  reader: Reader,
  conditions: readonly (Condition | undefined)[],
  query: Listing["query"],
): Promise<{ payments: Payment[]; page: Page }> {
  const page = await list(reader, {
    from: allMoney,
    columns: shown,
    conditions: [where(counts), ...conditions],
    order: {
      columns: [
        { name: "occurred_at", type: "timestamptz" },
        { name: "id", type: "uuid" },
      ],
      direction: "DESC",
    },
    query,
  })
  return { payments: page.rows.map(paymentOf), page }
}

/** The newest first. */
export async function latestMoney(reader: Reader, most: number, stores: readonly string[] | undefined): Promise<Payment[]> {
  const rows = await reader.query(
    `SELECT ${shown} FROM ${allMoney} WHERE ${counts} AND ($2::uuid[] IS NULL OR store_id = ANY ($2)) ORDER BY occurred_at DESC, id DESC LIMIT $1`,
    [most, stores ?? null],
  )
  return rows.map(paymentOf)
}

/** What was recorded in the last seconds, by the database's clock, by whichever copy and version; the oldest first. */
export async function justRecorded(reader: Reader, seconds: number): Promise<Payment[]> {
  const rows = await reader.query(
    `SELECT ${shown} FROM ${allMoney} WHERE ${counts} AND recorded_at > now() - make_interval(secs => $1) ORDER BY recorded_at, id`,
    [seconds],
  )
  return rows.map(paymentOf)
}

export interface Group {
  type: Payment["type"]
  method: string
  payments: number
  amount: bigint
}

/** Sums by type and method since a moment. */
export async function sumMoney(reader: Reader, since: Date, stores: readonly string[] | undefined): Promise<Group[]> {
  const rows = await reader.query(
    `SELECT type, method, count(*) AS payments, sum(amount) AS amount FROM ${allMoney}
     WHERE ${counts} AND occurred_at >= $1 AND ($2::uuid[] IS NULL OR store_id = ANY ($2)) GROUP BY type, method ORDER BY type, method`,
    [since, stores ?? null],
  )
  return rows.map((row) => ({
    type: row.type as Payment["type"],
    method: String(row.method),
    payments: Number(row.payments),
    amount: BigInt(String(row.amount)),
  }))
}

export const inStores = (stores: readonly string[] | undefined) => where("store_id = ANY (?::uuid[])", stores)
