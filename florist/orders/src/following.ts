// What orders learn from others: money that came in or went back, goods that stock took, bouquets, and the resources that answers include. Each event
// may come twice and at any time: a payment before its order, an issue before its sale is posted. Called by the service.
import { itemType } from "@florist/kit/contracts/catalog"
import { paymentFact, paymentRecorded } from "@florist/kit/contracts/payments"
import { storeType, workerType } from "@florist/kit/contracts/staff"
import { bouquetChanged, issueResult, orderIssued } from "@florist/kit/contracts/stock"
import { follow } from "@florist/kit/known"
import type { Consumption, Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"
import { keepBouquet } from "./known-bouquets.ts"
import { followCustomers } from "./known-customers.ts"
import { paidFor } from "./order-store.ts"

export const followed = (): readonly Consumption[] => [
  follow("orders", "staff", [storeType, workerType]),
  follow("orders", "catalog", [itemType]),
  followCustomers(),
  { from: "payments", on: { [paymentRecorded]: keepPayment } },
  { from: "stock", on: { [orderIssued]: keepIssue, [bouquetChanged]: keepBouquet } },
]

async function keepPayment(tx: Transaction, { data }: Event): Promise<void> {
  const payment = paymentFact.parse(data)
  const { id, orderId, kind, method, amount, shiftId, fiscalShiftId = null, occurredAt } = payment
  if (orderId === null) return
  // First, as every writer of orders does: an order that is being made now sees this payment, or is seen here.
  const revision = await tx.revision()
  const kept = await tx.query(
    `INSERT INTO orders.order_payment (shop_id, id, order_id, kind, method, amount, shift_id, fiscal_shift_id, occurred_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (shop_id, id) DO NOTHING RETURNING id`,
    [tx.shop, id, orderId, kind, method, amount, shiftId, fiscalShiftId, occurredAt],
  )
  if (kept.length === 0) return
  await tx.query(
    `UPDATE orders.sale_order o SET payments_amount = coalesce(p.paid, 0), bonus_amount = coalesce(p.bonuses, 0), revision = $2, modified_at = now()
     FROM (${paidFor("$1")}) p WHERE o.id = $1`,
    [orderId, revision],
  )
}

async function keepIssue(tx: Transaction, { data }: Event): Promise<void> {
  const { orderId, lines } = issueResult.parse(data)
  const rows = lines.map(({ lineId, cost, shortage }) => ({ line_id: lineId, cost, shortage }))
  await tx.query(
    `UPDATE orders.order_line l SET cost = i.cost, shortage = i.shortage
     FROM jsonb_to_recordset($2::jsonb) AS i (line_id uuid, cost bigint, shortage bigint) WHERE l.order_id = $1 AND l.id = i.line_id`,
    [orderId, JSON.stringify(rows)],
  )
  await tx.query("UPDATE orders.sale_order SET stock = 'issued' WHERE id = $1 AND stock IS DISTINCT FROM 'issued'", [orderId])
}
