// Points that pay: taken once for each payment, given back once, by cancelling the payment or by the order's return, whichever comes first. A cancellation that is
// here before its payment wins. Called by the payments service through peers.ts, and by the followers.
import type { cancelSpendingRequest, restoreSpendingRequest, spendingAnswer, spendingRequest } from "@florist/kit/contracts/loyalty"
import type { Row } from "@florist/kit/database"
import { percentOf } from "@florist/kit/money"
import { conflict, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import type { z } from "zod"
import { termsOf } from "./group-entry.ts"
import { OpenAccount } from "./open-account.ts"
import { followedOrderOf, settleOrder } from "./order-points.ts"
import type { Cause } from "./order-points.ts"

type Request = z.output<typeof spendingRequest>
type Spent = z.output<typeof spendingAnswer>

/** @throws Refusal 404, 409 not-enough-points, points-limit, spending-cancelled, payment-differs */
export async function spend(tx: Transaction, request: Request, now: Date): Promise<Spent> {
  await tx.revision()
  const [kept] = await tx.query(
    "SELECT state, order_id, customer_id, points, entry_id, balance FROM loyalty.spending WHERE payment_id = $1",
    [request.paymentId],
  )
  if (kept !== undefined) return sameAnswer(kept, request)
  const { paymentId, orderId, customerId, points, occurredAt } = request
  const account = await OpenAccount.open(tx, customerId)
  if (account === undefined || account.status === "deleted") throw notFound(`customer ${customerId}`, { pointer: "/customerId" })
  if (request.orderAmount !== undefined) await refuseBeyondLimit(tx, request, request.orderAmount)
  const entry = account.take({ kind: "spent", orderId, sourceLine: paymentId, points: -points }, { occurredAt })
  if (entry === undefined) {
    const detail = `The customer has ${account.balance} points, ${points} are asked for; take no more than there are.`
    throw conflict(detail, { pointer: "/points" }, "not-enough-points")
  }
  await tx.query(
    `INSERT INTO loyalty.spending (shop_id, payment_id, state, order_id, customer_id, points, entry_id, balance) VALUES ($1, $2, 'taken', $3, $4, $5, $6, $7)`,
    [tx.shop, paymentId, orderId, customerId, points, entry.id, entry.balance],
  )
  await settleFor(tx, account, orderId, { sourceLine: `spending:${paymentId}`, occurredAt, now })
  return { entryId: entry.id, balance: entry.balance }
}

async function refuseBeyondLimit(
  tx: Transaction,
  { orderId, customerId, points, occurredAt }: Request,
  orderAmount: number,
): Promise<void> {
  const [terms, [other]] = await Promise.all([
    termsOf(tx, customerId, occurredAt),
    tx.query("SELECT coalesce(sum(points), 0) AS points FROM loyalty.spending WHERE order_id = $1 AND state = 'taken'", [orderId]),
  ])
  const payable = Math.floor(percentOf(orderAmount, terms?.bonusLimit ?? 0) / 100)
  const left = Math.max(0, payable - Number(other?.points))
  if (points <= left) return
  const detail = `Points may pay ${payable} roubles of this order, ${left} of them are left; take no more than that.`
  throw conflict(detail, { pointer: "/points" }, "points-limit")
}

function sameAnswer(kept: Row, request: Request): Spent {
  if (kept.state === "cancelled") {
    const detail = `The payment ${request.paymentId} was cancelled, so it takes no points; a new payment needs a new id.`
    throw conflict(detail, { pointer: "/paymentId" }, "spending-cancelled")
  }
  const isSame = kept.order_id === request.orderId && kept.customer_id === request.customerId && Number(kept.points) === request.points
  if (isSame) return { entryId: String(kept.entry_id), balance: Number(kept.balance) }
  throw conflict(
    `The payment ${request.paymentId} took points otherwise; a new payment needs a new id.`,
    { pointer: "/paymentId" },
    "payment-differs",
  )
}

/** Whatever the payment's state, it holds no points afterwards. */
export async function cancelSpending(
  tx: Transaction,
  { paymentId, occurredAt }: z.output<typeof cancelSpendingRequest>,
  now: Date,
): Promise<void> {
  await tx.revision()
  const [fresh] = await tx.query(
    "INSERT INTO loyalty.spending (shop_id, payment_id, state) VALUES ($1, $2, 'cancelled') ON CONFLICT DO NOTHING RETURNING payment_id",
    [tx.shop, paymentId],
  )
  if (fresh !== undefined) return
  const [kept] = await tx.query(
    "UPDATE loyalty.spending SET state = 'cancelled' WHERE payment_id = $1 AND state = 'taken' RETURNING order_id, customer_id, points",
    [paymentId],
  )
  if (kept === undefined) return
  const account = await OpenAccount.open(tx, String(kept.customer_id))
  if (account === undefined) return
  const orderId = String(kept.order_id)
  account.credit({ kind: "spending-restored", orderId, sourceLine: paymentId, points: Number(kept.points) }, { occurredAt })
  await settleFor(tx, account, orderId, { sourceLine: `cancel:${paymentId}`, occurredAt, now })
}

/** What a refund gives back of a payment; the rest stays spent. */
export async function restorePart(tx: Transaction, request: z.output<typeof restoreSpendingRequest>, now: Date): Promise<void> {
  const { refundId, paymentId, points, occurredAt } = request
  await tx.revision()
  const [kept] = await tx.query("SELECT order_id, customer_id, points FROM loyalty.spending WHERE payment_id = $1 AND state = 'taken'", [
    paymentId,
  ])
  if (kept === undefined) return
  const orderId = String(kept.order_id)
  const given = await tx.query(
    "SELECT FROM loyalty.loyalty_entry WHERE order_id = $1 AND kind = 'spending-restored' AND source_line = $2",
    [orderId, refundId],
  )
  if (given.length > 0) return
  if (points >= Number(kept.points)) return cancelSpending(tx, { paymentId, occurredAt }, now)
  await tx.query("UPDATE loyalty.spending SET points = points - $2 WHERE payment_id = $1", [paymentId, points])
  const account = await OpenAccount.open(tx, String(kept.customer_id))
  if (account === undefined) return
  account.credit({ kind: "spending-restored", orderId, sourceLine: refundId, points }, { occurredAt })
  await settleFor(tx, account, orderId, { sourceLine: `restore:${refundId}`, occurredAt, now })
}

/** An order came back: what was spent on it returns to who spent it. @returns their accounts, still open. */
export async function restoreSpendings(tx: Transaction, orderId: string, { occurredAt }: Cause): Promise<OpenAccount[]> {
  const rows = await tx.query(
    "UPDATE loyalty.spending SET state = 'restored' WHERE order_id = $1 AND state = 'taken' RETURNING payment_id, customer_id, points",
    [orderId],
  )
  const accounts = new Map<string, OpenAccount>()
  for (const row of rows) {
    const customerId = String(row.customer_id)
    const account = accounts.get(customerId) ?? (await OpenAccount.open(tx, customerId))
    if (account === undefined) continue
    accounts.set(customerId, account)
    account.credit({ kind: "spending-restored", orderId, sourceLine: String(row.payment_id), points: Number(row.points) }, { occurredAt })
  }
  return [...accounts.values()]
}

/** More or less of the order is paid by points now, which changes what it earns. */
async function settleFor(tx: Transaction, account: OpenAccount, orderId: string, cause: Cause): Promise<void> {
  const order = await followedOrderOf(tx, orderId)
  if (order?.customerId !== undefined && order.customerId !== null) {
    if (order.customerId === account.id) await settleOrder(tx, account, order, cause)
    else {
      const other = await OpenAccount.open(tx, order.customerId)
      if (other !== undefined) {
        await settleOrder(tx, other, order, cause)
        await other.close(tx, cause.now)
      }
    }
  }
  await account.close(tx, cause.now)
}
