// Payments: money (and points, and gift cards' balances) in and out, by method; what each order was paid; what each shift's drawer took.
import { paymentFact } from "@florist/kit/contracts/payments"
import type { Fact, Projecting } from "./projecting.ts"
import { toMoney } from "../total.ts"
import { moveCash } from "./cash.ts"

export async function projectPayment(on: Projecting, fact: Fact): Promise<void> {
  const { reader, shop, side, local, add } = on
  const payment = paymentFact.parse(fact.data)
  const { id, orderId, kind, method, amount, shiftId, occurredAt, storeId } = payment
  const counted = await reader.query(
    `INSERT INTO reports.order_payment (shop_id, side, id, order_id, kind, method, amount, shift_id, occurred_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT DO NOTHING RETURNING id`,
    [shop, side, id, orderId, kind, method, amount, shiftId, occurredAt],
  )
  if (counted.length === 0) return
  const { day } = local(storeId, occurredAt)
  const values = kind === "payment" ? { received: amount, count: 1 } : { given: amount, count: 1 }
  add([toMoney({ breakdown: "method", key: method, store: storeId, day, values })])
  const signed = kind === "payment" ? amount : -amount
  if (orderId !== null) {
    await reader.query(
      `INSERT INTO reports.sale_order AS there (shop_id, side, id, paid, paid_bonus) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (shop_id, side, id) DO UPDATE SET paid = there.paid + excluded.paid, paid_bonus = there.paid_bonus + excluded.paid_bonus`,
      [shop, side, orderId, signed, method === "bonus" ? signed : 0],
    )
  }
  if (method === "cash" && shiftId !== null) await moveCash(on, shiftId, signed)
}
