// Orders, their lines and discounts as the API shows them. Called by every operation that answers with an order.
import { documentOut, manyOut, moment, oneOut, reference, referencesTo, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { toRoubles, toRoublesText } from "@florist/kit/money"
import { toUnitsText } from "@florist/kit/quantity"
import { z } from "zod"
import { unitPrice } from "./basket.ts"
import { deliveryStatus, isSold, orderStatus } from "./order.ts"
import type { Discount, Line, Order } from "./order.ts"

const momentOut = z.string().nullable()
const orderAttributesOut = {
  status: orderStatus,
  date: z.string(),
  docNo: z.string(),
  description: z.string(),
  budget: z.number(),
  dueTime: momentOut,
  delivery: z.boolean(),
  deliveryComments: z.string(),
  deliveryCity: z.string(),
  deliveryStreet: z.string(),
  deliveryHouse: z.string(),
  deliveryApartment: z.string(),
  deliveryBuilding: z.string(),
  deliveryTimeFrom: momentOut,
  deliveryTimeTo: momentOut,
  deliveryContact: z.string(),
  deliveryPhoneNumber: z.string(),
  deliveryPhoneCode: z.string(),
  createdAt: momentOut,
  updatedAt: momentOut,
  updatedStatusAt: momentOut,
  modifiedAt: momentOut,
  fiscal: z.boolean(),
  fiscalized: z.boolean(),
  fiscalizedAt: momentOut,
  byBonuses: z.boolean(),
  posted: z.boolean(),
  postedAt: momentOut,
  cancelComment: z.string().nullable(),
  totalAmount: z.number(),
  paymentsAmount: z.number(),
  isExternal: z.boolean(),
  externalId: z.string().nullable(),
  deliveryStatus: deliveryStatus.nullable(),
  revision: z.int(),
  returnedAt: momentOut,
  discountAmount: z.number(),
  markupAmount: z.number(),
}
const orderRelationshipsOut = {
  source: oneOut,
  store: oneOut,
  customer: oneOut,
  postedBy: oneOut,
  createdBy: oneOut,
  updatedBy: oneOut,
  lockedBy: oneOut,
  lockedAt: oneOut,
  lockedAtSmartphone: oneOut,
  images: manyOut,
  history: manyOut,
  payments: manyOut,
  discounts: manyOut,
  lines: manyOut,
  courier: oneOut,
  florist: oneOut,
  tags: manyOut,
}

export const orderOut = resourceOut("orders", orderAttributesOut, orderRelationshipsOut)
export const orderDocumentOut = documentOut(orderOut, {
  stock: z.enum(["issued", "pending"]).optional(),
  customerTerms: z.enum(["applied", "none", "unavailable"]).optional(),
})
export const fiscalDocumentOut = documentOut(resourceOut("orders-fiscal", orderAttributesOut, orderRelationshipsOut))

export function orderResource(order: Order): Resource {
  return resource("orders", order.id, attributesOf(order), relationshipsOf(order))
}

export const fiscalResource = (order: Order): Resource => resource("orders-fiscal", order.id, attributesOf(order), relationshipsOf(order))

function attributesOf(order: Order): Record<string, unknown> {
  return {
    status: order.status,
    date: order.date,
    docNo: order.docNo,
    description: order.description,
    budget: toRoubles(order.budget),
    dueTime: moment(order.dueTime),
    delivery: order.delivery,
    deliveryComments: order.deliveryComments,
    deliveryCity: order.deliveryCity,
    deliveryStreet: order.deliveryStreet,
    deliveryHouse: order.deliveryHouse,
    deliveryApartment: order.deliveryApartment,
    deliveryBuilding: order.deliveryBuilding,
    deliveryTimeFrom: moment(order.deliveryTimeFrom),
    deliveryTimeTo: moment(order.deliveryTimeTo),
    deliveryContact: order.deliveryContact,
    deliveryPhoneNumber: order.deliveryPhoneNumber,
    createdAt: moment(order.occurredAt),
    updatedAt: moment(order.updatedAt),
    updatedStatusAt: moment(order.statusAt),
    modifiedAt: moment(order.modifiedAt),
    fiscal: order.fiscal,
    fiscalized: order.fiscalized,
    byBonuses: order.byBonuses || order.bonusAmount > 0,
    posted: isSold(order),
    postedAt: moment(order.postedAt),
    cancelComment: order.cancelComment,
    totalAmount: toRoubles(order.totalAmount),
    paymentsAmount: toRoubles(order.paymentsAmount),
    isExternal: order.isExternal,
    externalId: order.externalId,
    deliveryStatus: order.deliveryStatus,
    fiscalizedAt: moment(order.fiscalizedAt),
    revision: order.revision,
    deliveryPhoneCode: order.deliveryPhoneCode,
    returnedAt: moment(order.returnedAt),
    discountAmount: toRoubles(order.discountAmount),
    markupAmount: toRoubles(order.markupAmount),
  }
}

function relationshipsOf(order: Order): NonNullable<Resource["relationships"]> {
  return {
    source: reference("order-sources", order.sourceId),
    store: reference("stores", order.storeId),
    customer: reference("customers", order.customerId),
    postedBy: reference("workers", order.postedBy),
    createdBy: reference("workers", order.createdBy),
    updatedBy: reference("workers", order.updatedBy),
    lockedBy: { data: null },
    lockedAt: { data: null },
    lockedAtSmartphone: { data: null },
    images: referencesTo("images", order.imageIds),
    history: referencesTo("order-history-lines", order.historyIds),
    payments: referencesTo("order-payments", order.paymentIds),
    discounts: referencesTo(
      "order-discounts",
      order.discounts.map(({ id }) => id),
    ),
    lines: referencesTo(
      "order-lines",
      order.lines.map(({ id }) => id),
    ),
    courier: reference("workers", order.courierId),
    florist: reference("workers", order.floristId),
    tags: referencesTo("order-tags", order.tagIds),
  }
}

export function lineResource({ id, itemId, bouquetId, title, qty, price, amount, total, manual }: Line): Resource {
  const attributes = {
    title,
    qty: toUnitsText(qty),
    price: toRoublesText(price),
    amount: toRoublesText(amount),
    totalAmount: toRoublesText(amount),
    totalAmountWithDiscount: toRoublesText(total),
    discountPrice: toRoublesText(total === amount ? price : unitPrice(total, qty)),
    manualSetting: manual,
  }
  return {
    type: "order-lines",
    id,
    attributes,
    relationships: { item: reference("inventory-items", itemId), bouquet: reference("bouquets", bouquetId) },
  }
}

export function discountResource({ id, lineId, kind, rate, amount, reasonId, byTerms }: Discount): Resource {
  const attributes = {
    discountType: kind,
    percent: rate === null ? null : rate / 100,
    amount: toRoublesText(amount),
    byCustomerTerms: byTerms,
  }
  return {
    type: "order-discounts",
    id,
    attributes,
    relationships: { reason: reference("discount-reasons", reasonId), line: reference("order-lines", lineId) },
  }
}
