// An order as it is kept: its head, its lines and its discounts. Amounts in kopecks, quantities in thousandths. Called by everything here.
import { orderStatuses } from "@florist/kit/contracts/orders"
import { z } from "zod"

export const orderStatus = z.enum(orderStatuses)
export type OrderStatus = z.output<typeof orderStatus>

const deliveryStatuses = ["courier", "delivered", "cannotBeDelivered"] as const
export const deliveryStatus = z.enum(deliveryStatuses)
export type DeliveryStatus = z.output<typeof deliveryStatus>

export const discountKinds = ["discount", "markup"] as const
export type DiscountKind = (typeof discountKinds)[number]

const whole = z.coerce.number().int()
const moment = z.coerce.date()
const maybeMoment = z.preprocess((value) => value ?? null, moment.nullable())

export const line = z.object({
  id: z.string(),
  /** Exactly one of the two. */
  itemId: z.string().nullable(),
  bouquetId: z.string().nullable(),
  title: z.string(),
  categoryId: z.string().nullable(),
  qty: whole,
  price: whole,
  /** Before and after every discount, those of the whole order included. */
  amount: whole,
  total: whole,
  /** The price was set by hand, as the client says. */
  manual: z.boolean(),
})
export type Line = z.output<typeof line>

export const discount = z.object({
  id: z.string(),
  /** Null for one of the whole order. */
  lineId: z.string().nullable(),
  kind: z.enum(discountKinds),
  /** In hundredths of a per cent; null for one by sum. */
  rate: whole.nullable(),
  /** What it comes to, always positive. */
  amount: whole,
  reasonId: z.string().nullable(),
  /** By the customer's groups, not by hand. */
  byTerms: z.boolean(),
})
export type Discount = z.output<typeof discount>

/** The columns of an order's head, by the same names in lower_snake. */
export const head = z.object({
  id: z.string(),
  status: orderStatus,
  docNo: z.string(),
  /** The number is one of ours, and so it is the only one in the shop. */
  numberedHere: z.boolean(),
  storeId: z.string(),
  customerId: z.string().nullable(),
  sourceId: z.string().nullable(),
  createdBy: z.string().nullable(),
  updatedBy: z.string().nullable(),
  postedBy: z.string().nullable(),
  floristId: z.string().nullable(),
  courierId: z.string().nullable(),
  /** "2026-03-08" */
  date: z.string(),
  description: z.string(),
  budget: whole,
  dueTime: maybeMoment,
  delivery: z.boolean(),
  deliveryComments: z.string(),
  deliveryCity: z.string(),
  deliveryStreet: z.string(),
  deliveryHouse: z.string(),
  deliveryApartment: z.string(),
  deliveryBuilding: z.string(),
  deliveryTimeFrom: maybeMoment,
  deliveryTimeTo: maybeMoment,
  deliveryContact: z.string(),
  deliveryPhoneCode: z.string(),
  deliveryPhoneNumber: z.string(),
  deliveryStatus: deliveryStatus.nullable(),
  /** The client's own time of the order. */
  occurredAt: moment,
  /** The client's own time of the last edit. */
  updatedAt: moment,
  statusAt: moment,
  fiscal: z.boolean(),
  fiscalized: z.boolean(),
  fiscalizedAt: maybeMoment,
  fiscalizedBy: z.string().nullable(),
  byBonuses: z.boolean(),
  postedAt: maybeMoment,
  returnedAt: maybeMoment,
  returnedBy: z.string().nullable(),
  returnShiftId: z.string().nullable(),
  withWriteOff: z.boolean().nullable(),
  cancelComment: z.string().nullable(),
  isExternal: z.boolean(),
  externalId: z.string().nullable(),
  externalSystem: z.string().nullable(),
  externalSession: whole.nullable(),
  imageIds: z.array(z.string()),
  tagIds: z.array(z.string()),
  linesAmount: whole,
  discountAmount: whole,
  markupAmount: whole,
  totalAmount: whole,
  /** What it was created from, to know a repeated request. */
  createdFrom: z.string(),
  /** The revision of the last edit; payments that come in make a greater `revision` and do not touch this. */
  editedRevision: whole,
  /** The Idempotency-Key of the last edit, to know it again where its answer was lost. */
  editedWith: z.string().nullable(),
  /** Made by a sale that is still under way: nobody sees it yet. */
  arriving: z.boolean(),
})

export const basket = z.object({ lines: z.array(line), discounts: z.array(discount) })
export type Basket = z.output<typeof basket>

const beforeSale = z.object({ ...head.shape, ...basket.shape })

/** A sale under way: begun, and neither finished nor taken back. */
export const selling = z.object({
  /** Whoever finishes it has to know it. */
  token: z.string(),
  soldAt: moment,
  soldBy: z.string().nullable(),
  /** What stock is asked to do where something is not there. */
  shortage: z.enum(["refuse", "allow"]),
  /** The order as it was before the request that sells it; null where that request creates it. */
  before: beforeSale.nullable(),
})
export type Selling = z.output<typeof selling>

export const order = z.object({
  ...beforeSale.shape,
  selling: selling.nullable(),
  revision: whole,
  /** When it last changed, by the service's clock. */
  modifiedAt: moment,
  paymentsAmount: whole,
  bonusAmount: whole,
  /** Whether stock has taken the goods of a sold order; null before. */
  stock: z.enum(["issued", "pending"]).nullable(),
  paymentIds: z.array(z.string()),
  /** Ids of what happened to it, oldest first. */
  historyIds: z.array(z.string()),
})
export type Order = z.output<typeof order>

/** What an edit makes; the rest follows from it and from others. */
export type OrderState = z.output<typeof beforeSale>

export const isSold = ({ status }: { status: OrderStatus }): boolean => status === "done" || status === "returned"
export const isFinal = ({ status }: { status: OrderStatus }): boolean => status === "canceled" || status === "returned"
