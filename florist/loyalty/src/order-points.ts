// What an order gives to its customer and takes back: always the difference between what it should have given by now and what the ledger says, so that it does not
// matter in which order an order, its payments by points and its return become known. Called by the followers, by spendings, and when customers are created.
import type { Row } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { earnedPoints } from "./account.ts"
import { enterGroups } from "./group-entry.ts"
import type { OpenAccount } from "./open-account.ts"

export interface FollowedOrder {
  id: string
  customerId: string | null
  sold: boolean
  total: number
  soldAt: Date | null
  /** Hundredths of a per cent; null until it is settled. */
  bonusRate: number | null
}

/** What made the order's points change, for the ledger's line: an order's revision, a payment. */
export interface Cause {
  sourceLine: string
  occurredAt: Date
  now: Date
}

export const followedColumns = "id, revision, customer_id, sold, total, sold_at, bonus_rate"

export const followedOrder = (row: Row): FollowedOrder => ({
  id: String(row.id),
  customerId: typeof row.customer_id === "string" ? row.customer_id : null,
  sold: row.sold === true,
  total: Number(row.total),
  soldAt: row.sold_at instanceof Date ? row.sold_at : null,
  bonusRate: row.bonus_rate === null ? null : Number(row.bonus_rate),
})

export async function followedOrderOf(tx: Transaction, id: string): Promise<FollowedOrder | undefined> {
  const [row] = await tx.query(`SELECT ${followedColumns} FROM loyalty.followed_order WHERE id = $1`, [id])
  return row === undefined ? undefined : followedOrder(row)
}

/** Brings the customer's points to what the order gives. The account already knows of the order's amount. */
export async function settleOrder(tx: Transaction, account: OpenAccount, order: FollowedOrder, cause: Cause): Promise<void> {
  const isTheirs = order.sold && order.customerId === account.id
  const rate = isTheirs ? await settledRate(tx, account, order, cause.now) : 0
  const [row] = await tx.query(
    `SELECT (SELECT coalesce(sum(points), 0) FROM loyalty.loyalty_entry
             WHERE order_id = $1 AND customer_id = $2 AND kind IN ('earned', 'earning-reversed')) AS entered,
            (SELECT coalesce(sum(amount), 0) FROM loyalty.bonus_payment WHERE order_id = $1) AS paid,
            (SELECT coalesce(sum(points), 0) FROM loyalty.spending WHERE order_id = $1 AND state = 'taken') AS taken`,
    [order.id, account.id],
  )
  const has = Number(row?.entered) - account.owedFor(order.id)
  const paidByPoints = Math.max(Number(row?.paid), Number(row?.taken) * 100)
  const due = isTheirs ? earnedPoints({ total: order.total, paidByPoints, rate }) : 0
  const { sourceLine, occurredAt } = cause
  if (due > has) account.credit({ kind: "earned", orderId: order.id, sourceLine, points: due - has }, { occurredAt })
  if (due < has) account.reverse({ kind: "earning-reversed", orderId: order.id, sourceLine, points: due - has }, { occurredAt })
}

/** The rate stays what it was when the order was sold, whatever becomes of the group. */
async function settledRate(tx: Transaction, account: OpenAccount, order: FollowedOrder, now: Date): Promise<number> {
  if (order.bonusRate !== null) return order.bonusRate
  const rate = await enterGroups(tx, account, { at: order.soldAt ?? now, now })
  await tx.query("UPDATE loyalty.followed_order SET bonus_rate = $2 WHERE id = $1", [order.id, rate])
  return rate
}
