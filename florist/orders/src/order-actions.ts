// What happens to an order beside edits: its receipt is fiscalized, its delivery goes on, it comes back, a bouquet of it goes to the showcase.
// Called by the service.
import { bouquetSeparated } from "@florist/kit/contracts/orders"
import { documentOut, toOne } from "@florist/kit/document"
import { instant, uuid } from "@florist/kit/input"
import { ok, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, forbidden, invalid, notFound } from "@florist/kit/refusal"
import { delivering, handling, selling } from "@florist/kit/role"
import { z } from "zod"
import { assertSameId, bodyOf, quietOrder } from "./acting.ts"
import { withoutLine } from "./basket.ts"
import { knownBouquet, separatedBouquet, separatedBouquetOut } from "./known-bouquets.ts"
import { stateOf } from "./order-edit.ts"
import { orderId } from "./order-operations.ts"
import { fiscalDocumentOut, fiscalResource, orderDocumentOut, orderResource } from "./order-resource.ts"
import { orderReturn } from "./order-return.ts"
import { assertDeliveryStep } from "./order-status.ts"
import { announce, updateOrder } from "./order-store.ts"
import { deliveryStatus, isFinal, isSold } from "./order.ts"

export const orderActions: readonly Operation[] = [
  writeOperation({
    id: "fiscal",
    method: "PATCH",
    path: "/v1/orders/{id}/fiscal",
    tag: "Orders API",
    summary: "Note that an order's receipt was fiscalized",
    access: selling,
    params: orderId,
    body: bodyOf(
      ["orders-fiscal", "orders"],
      z.object({ fiscalized: z.boolean(), fiscalizedAt: instant.nullable().optional() }),
      z.object({ fiscalizedBy: toOne() }).default({}),
    ),
    answers: { 200: fiscalDocumentOut },
    refuses: [400, 404],
    async handle({ tx, params: { id }, body: { data }, session, now }) {
      assertSameId(data.id, id)
      const order = await quietOrder(tx, id, session)
      const { fiscalized, fiscalizedAt } = data.attributes
      const state = {
        ...stateOf(order),
        fiscalized,
        fiscalizedAt: fiscalized ? (fiscalizedAt ?? order.fiscalizedAt ?? now) : null,
        fiscalizedBy: fiscalized ? (data.relationships.fiscalizedBy ?? session.worker) : null,
      }
      await updateOrder(tx, order, state, { now, worker: session.worker, what: fiscalized ? "fiscalized" : "not fiscalized" })
      return ok({ data: fiscalResource(await announce(tx, id, state.fiscalizedAt ?? now)) })
    },
  }),
  writeOperation({
    id: "updateDeliveryStatus",
    method: "PATCH",
    path: "/v1/orders/{id}/delivery-status",
    tag: "Orders API",
    summary: "Say how the delivery of an order goes",
    access: delivering,
    params: orderId,
    body: bodyOf(["orders-delivery-status", "orders"], z.object({ deliveryStatus }), z.object({}).optional()),
    answers: { 200: orderDocumentOut },
    refuses: [400, 404, 409],
    async handle({ tx, params: { id }, body: { data }, session, now }) {
      assertSameId(data.id, id)
      const order = await quietOrder(tx, id, session)
      const next = data.attributes.deliveryStatus
      if (isFinal(order))
        throw conflict(`The order is "${order.status}"; nothing of it is on the way.`, { parameter: "id" }, "order-is-closed")
      if (session.role === "courier" && order.courierId !== null && order.courierId !== session.worker) {
        throw forbidden("The order is another courier's.")
      }
      assertDeliveryStep(order.deliveryStatus, next)
      if (order.deliveryStatus === next) return ok({ data: orderResource(order) })
      const state = { ...stateOf(order), deliveryStatus: next, updatedAt: now, updatedBy: session.worker }
      await updateOrder(tx, order, state, { now, worker: session.worker, what: `delivery: ${next}` })
      return ok({ data: orderResource(await announce(tx, id, now)) })
    },
  }),
  orderReturn,
  writeOperation({
    id: "separateBouquet",
    method: "PATCH",
    path: "/v1/orders/{id}/bouquets/{bouquetId}",
    tag: "Orders API",
    summary: "Take a bouquet out of an order that is not sold; it goes to the showcase",
    access: handling,
    params: z.object({ id: uuid, bouquetId: uuid }),
    body: bodyOf(["orders-bouquets"], z.object({}).optional(), z.object({ bouquet: toOne() }).default({})),
    answers: { 200: documentOut(separatedBouquetOut) },
    refuses: [400, 404, 409],
    async handle({ tx, params: { id, bouquetId }, body: { data }, session, now }) {
      if (data.relationships.bouquet !== undefined && data.relationships.bouquet !== bouquetId) {
        throw invalid("The bouquet in the body is not that of the path.", { pointer: "/data/relationships/bouquet/data/id" })
      }
      const order = await quietOrder(tx, id, session)
      const line = order.lines.find((each) => each.bouquetId === bouquetId)
      if (line === undefined) throw notFound(`bouquet ${bouquetId} in the order ${id}`, { parameter: "bouquetId" })
      if (isSold(order) || isFinal(order)) {
        throw conflict(`The order is "${order.status}"; its bouquets stay with it.`, { parameter: "id" }, "order-is-closed")
      }
      const state = { ...stateOf(order), ...withoutLine(order, line.id), updatedAt: now, updatedBy: session.worker }
      await updateOrder(tx, order, state, { now, worker: session.worker, what: "bouquet separated" })
      await announce(tx, id, now)
      const { storeId } = order
      tx.emit({ type: bouquetSeparated, subject: bouquetId, occurredAt: now, data: { orderId: id, bouquetId, storeId } })
      return ok({ data: separatedBouquet({ ...line, id: bouquetId, storeId }, await knownBouquet(tx, bouquetId), now) })
    },
  }),
]
