// An order as other services are told of it. Called by whatever emits events, and by the peer question.
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Order } from "./order.ts"

export function snapshotOf(order: Order): OrderSnapshot {
  const { id, docNo, status, revision, storeId, customerId, sourceId, createdBy, postedBy, floristId, courierId, date, dueTime } = order
  const { occurredAt, updatedAt, postedAt, returnedAt, delivery, deliveryStatus, fiscalized, byBonuses, budget, lines } = order
  const { totalAmount, discountAmount, markupAmount, bonusAmount } = order
  return {
    id,
    docNo,
    status,
    revision,
    storeId,
    customerId,
    sourceId,
    createdBy,
    postedBy,
    floristId,
    courierId,
    date,
    dueTime,
    createdAt: occurredAt,
    updatedAt,
    postedAt,
    returnedAt,
    delivery,
    deliveryStatus,
    fiscalized,
    byBonuses: byBonuses || bonusAmount > 0,
    budget,
    totalAmount,
    discountAmount,
    markupAmount,
    lines: lines.map(({ id, itemId, bouquetId, title, categoryId, qty, price, amount, total }) => ({
      id,
      itemId,
      bouquetId,
      title,
      categoryId,
      qty,
      price,
      amount,
      total,
    })),
  }
}
