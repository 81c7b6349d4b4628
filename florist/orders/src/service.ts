// The orders service: basket, sale, delivery, return, and the dictionaries beside them. Called by main.ts and tests.
import type { Service } from "@florist/kit/app"
import { orderAnswer } from "@florist/kit/contracts/orders"
import { ok, peerOperation } from "@florist/kit/operation"
import { discountReasonOperations } from "./discount-reasons.ts"
import { followed } from "./following.ts"
import { orderActions } from "./order-actions.ts"
import { orderReading } from "./order-list.ts"
import { assertSeen, orderId, orderOperations } from "./order-operations.ts"
import { snapshotOf } from "./order-snapshot.ts"
import { discountColumns, lineColumns, orderColumns, readOrder } from "./order-store.ts"
import { sweepSales } from "./sale-sweeper.ts"
import { sourceOperations } from "./sources.ts"
import { tagOperations } from "./tags.ts"

const child = ["shop_id", "order_id", "position"]

export const orders: Service = {
  name: "orders",
  reliesOn: {
    "orders.sale_order": orderColumns,
    "orders.order_line": [...child, ...lineColumns, "cost", "shortage"],
    "orders.order_discount": [...child, ...discountColumns],
    "orders.order_history": ["shop_id", "order_id", "revision", "at", "worker_id", "status", "what"],
    "orders.order_payment": ["shop_id", "id", "order_id", "kind", "method", "amount", "shift_id", "fiscal_shift_id", "occurred_at"],
    "orders.number_counter": ["shop_id", "prefix", "value"],
    "orders.known_customer": ["shop_id", "id", "words"],
    "orders.order_tag": ["shop_id", "id", "title", "deleted", "revision"],
    "orders.discount_reason": ["shop_id", "id", "title", "discount_type", "deleted", "revision"],
    "orders.order_source": ["shop_id", "id", "title", "hidden", "deleted", "revision"],
    "orders.sale_under_way": ["shop_id", "order_id", "kind", "tried_at"],
  },
  async clientFacts(shop) {
    const [row] = await shop.query("SELECT count(*) AS orders FROM (SELECT FROM orders.sale_order LIMIT 1000) counted")
    return { orders: Number(row?.orders ?? 0) }
  },
  operations: ({ peers }) => [
    ...orderReading,
    ...orderOperations(peers),
    ...orderActions,
    ...tagOperations,
    ...discountReasonOperations,
    ...sourceOperations,
    peerOperation({
      id: "orderForServices",
      method: "GET",
      path: "/v1/orders/{id}",
      summary: "An order right now",
      params: orderId,
      answers: { 200: orderAnswer },
      refuses: [404],
      async handle({ shop, params: { id } }) {
        const order = await readOrder(shop, id)
        assertSeen(order, id, {})
        return ok({ order: snapshotOf(order) })
      },
    }),
  ],
  consumes: followed,
  background: sweepSales,
}
