// What loyalty hears from the others: orders that were sold and came back, payments by points, workers. Applying an event again changes nothing.
import { orderChanged, orderPosted, orderReturn, orderReturned, orderSnapshot } from "@florist/kit/contracts/orders"
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import { paymentFact, paymentRecorded } from "@florist/kit/contracts/payments"
import { workerType } from "@florist/kit/contracts/staff"
import { follow } from "@florist/kit/known"
import type { Consumption, Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"
import { OpenAccount } from "./open-account.ts"
import { followedColumns, followedOrder, followedOrderOf, settleOrder } from "./order-points.ts"
import type { FollowedOrder } from "./order-points.ts"
import { restoreSpendings } from "./spending.ts"

type Clock = () => Date

export const followers = (clock: Clock): Consumption[] => [
  {
    from: "orders",
    on: {
      [orderChanged]: (tx, event) => applyOrder(tx, orderSnapshot.parse(event.data), event, clock()),
      [orderPosted]: (tx, event) => applyOrder(tx, orderSnapshot.parse(event.data), event, clock()),
      [orderReturned]: (tx, event) => applyOrder(tx, orderReturn.parse(event.data).order, event, clock()),
    },
  },
  { from: "payments", on: { [paymentRecorded]: (tx, event) => applyPayment(tx, event, clock()) } },
  follow("loyalty", "staff", [workerType]),
]

/** Sold and not back. A return or a cancellation is told by the status, whatever moments stand beside it. */
const isSold = ({ status, postedAt }: OrderSnapshot) => postedAt !== null && status !== "returned" && status !== "canceled"

async function applyOrder(tx: Transaction, order: OrderSnapshot, { occurredAt }: Event, now: Date): Promise<void> {
  const [seen] = await tx.query(`SELECT ${followedColumns} FROM loyalty.followed_order WHERE id = $1`, [order.id])
  if (seen !== undefined && Number(seen.revision) >= order.revision) return
  const before = seen === undefined ? undefined : followedOrder(seen)
  const after = followedNow(order, before)
  // Most changes of an order concern nobody's points or sums, and wait for nobody.
  if (order.status !== "returned" && !concernsCustomers(before, after)) return keepOrder(tx, after, order.revision)
  await tx.revision()
  await keepOrder(tx, after, order.revision)
  const cause = { sourceLine: `order:${order.revision}`, occurredAt, now }
  const spenders = order.status === "returned" ? await restoreSpendings(tx, after.id, cause) : []
  const others = [before?.customerId, after.customerId]
    .filter((id) => typeof id === "string")
    .filter((id) => !spenders.some((account) => account.id === id))
  const opened = await Promise.all([...new Set(others)].map((id) => OpenAccount.open(tx, id)))
  for (const account of [...spenders, ...opened]) {
    if (account === undefined) continue
    const [was, is] = [partOf(before, account.id), partOf(after, account.id)]
    account.addOrders({ amount: is.amount - was.amount, qty: is.qty - was.qty })
    await settleOrder(tx, account, after, cause)
    await account.close(tx, now)
  }
}

function followedNow(order: OrderSnapshot, before: FollowedOrder | undefined): FollowedOrder {
  const sold = isSold(order)
  const isSameSale = before?.sold === true && sold && before.customerId === order.customerId
  const bonusRate = isSameSale ? before.bonusRate : null
  return { id: order.id, customerId: order.customerId, sold, total: order.totalAmount, soldAt: order.postedAt, bonusRate }
}

/** A sale of a customer began, ended, or is another one now. */
function concernsCustomers(before: FollowedOrder | undefined, after: FollowedOrder): boolean {
  const sales = [before, after].map((order) =>
    order?.sold === true && order.customerId !== null ? `${order.customerId} ${order.total}` : "",
  )
  return sales[0] !== sales[1]
}

async function keepOrder(tx: Transaction, order: FollowedOrder, revision: number): Promise<void> {
  await tx.query(
    `INSERT INTO loyalty.followed_order (shop_id, id, revision, customer_id, sold, total, sold_at, sold_on, bonus_rate)
     VALUES ($1, $2, $3, $4, $5, $6, $7::timestamptz, ($7::timestamptz AT TIME ZONE 'UTC')::date, $8)
     ON CONFLICT (shop_id, id) DO UPDATE SET revision = excluded.revision, customer_id = excluded.customer_id, sold = excluded.sold, total = excluded.total,
       sold_at = excluded.sold_at, sold_on = excluded.sold_on, bonus_rate = excluded.bonus_rate`,
    [tx.shop, order.id, revision, order.customerId, order.sold, order.total, order.soldAt, order.bonusRate],
  )
}

const partOf = (order: FollowedOrder | undefined, customerId: string): { amount: number; qty: number } =>
  order?.sold === true && order.customerId === customerId ? { amount: order.total, qty: 1 } : { amount: 0, qty: 0 }

async function applyPayment(tx: Transaction, { data, occurredAt }: Event, now: Date): Promise<void> {
  const payment = paymentFact.parse(data)
  if (payment.method !== "bonus" || payment.orderId === null) return
  await tx.revision()
  const amount = payment.kind === "payment" ? payment.amount : -payment.amount
  const kept = await tx.query(
    "INSERT INTO loyalty.bonus_payment (shop_id, id, order_id, amount) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id",
    [tx.shop, payment.id, payment.orderId, amount],
  )
  if (kept.length === 0) return
  await settleAgain(tx, payment.orderId, { sourceLine: `payment:${payment.id}`, occurredAt, now })
}

async function settleAgain(tx: Transaction, orderId: string, cause: { sourceLine: string; occurredAt: Date; now: Date }): Promise<void> {
  const order = await followedOrderOf(tx, orderId)
  if (order?.customerId === undefined || order.customerId === null) return
  const account = await OpenAccount.open(tx, order.customerId)
  if (account === undefined) return
  await settleOrder(tx, account, order, cause)
  await account.close(tx, cause.now)
}
