// Turns events of all services into deliveries for whoever subscribed to them, in the transaction that reads the event: none is lost, none is made twice.
import type { Consumption, Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"

/** What can be subscribed to, by the service that tells it. */
const announced = {
  orders: ["order.changed", "order.posted", "order.returned", "order.returned-partly"],
  payments: ["payment.recorded", "payment.cash-moved", "payment.cash-shift-changed"],
  stock: ["stock.movements-recorded", "stock.bouquet-changed"],
  loyalty: ["loyalty.points-changed"],
  staff: ["staff.timecard-closed"],
} as const

export const eventTypes = Object.values(announced).flat()

export const consumedForWebhooks: readonly Consumption[] = Object.entries(announced).map(([from, types]) => ({
  from,
  on: Object.fromEntries(types.map((type) => [type, announce])),
}))

async function announce(tx: Transaction, event: Event): Promise<void> {
  const { id, type, subject, occurredAt, data } = event
  const body = JSON.stringify({ id, type, subject, occurredAt, data })
  await tx.query(
    `WITH wanted AS (
       INSERT INTO gateway.webhook_delivery (shop_id, webhook_id, event_id, event_type, body, created_at)
       SELECT shop_id, id, $1, $2, $3, now() FROM gateway.webhook WHERE shop_id = $4 AND status = 'on' AND $2 = ANY (event_types)
       ON CONFLICT DO NOTHING RETURNING shop_id, webhook_id, event_id)
     INSERT INTO gateway.webhook_due (shop_id, webhook_id, event_id, due_at) SELECT shop_id, webhook_id, event_id, '-infinity' FROM wanted`,
    [id, type, body, tx.shop],
  )
}
