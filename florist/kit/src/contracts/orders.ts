// What the orders service tells the others. Events carry the whole order as it is then, so that a follower needs nothing else; a greater revision
// replaces a smaller one. Amounts in kopecks, quantities in thousandths.
import { z } from "zod"

export const orderStatuses = ["new", "done", "canceled", "returned", "courier", "assembled", "notAccepted"] as const

const id = z.string()
const moment = z.coerce.date()

export const orderLine = z.object({
  id,
  /** Exactly one of the two. */
  itemId: id.nullable(),
  bouquetId: id.nullable(),
  title: z.string(),
  categoryId: id.nullable(),
  qty: z.number().int(),
  /** Per unit, before discount. */
  price: z.number().int(),
  /** Of the whole line, before and after discount. */
  amount: z.number().int(),
  total: z.number().int(),
})

export const orderSnapshot = z.object({
  id,
  docNo: z.string(),
  status: z.enum(orderStatuses),
  revision: z.number().int(),
  storeId: id,
  customerId: id.nullable(),
  sourceId: id.nullable(),
  createdBy: id.nullable(),
  postedBy: id.nullable(),
  floristId: id.nullable(),
  courierId: id.nullable(),
  date: z.string(),
  dueTime: moment.nullable(),
  createdAt: moment,
  updatedAt: moment,
  /** When it was sold: the client's own time of it, which may lie before its arrival. */
  postedAt: moment.nullable(),
  returnedAt: moment.nullable(),
  delivery: z.boolean(),
  deliveryStatus: z.enum(["courier", "delivered", "cannotBeDelivered"]).nullable(),
  fiscalized: z.boolean(),
  byBonuses: z.boolean(),
  /** What is to be paid: lines after discounts. */
  totalAmount: z.number().int(),
  discountAmount: z.number().int(),
  markupAmount: z.number().int(),
  budget: z.number().int(),
  lines: z.array(orderLine),
})

export type OrderLine = z.output<typeof orderLine>
export type OrderSnapshot = z.output<typeof orderSnapshot>

/** Every change of an order, the two below included. data: OrderSnapshot. */
export const orderChanged = "order.changed"

/** The order was sold: once for each order, unless it was returned in between. data: OrderSnapshot. */
export const orderPosted = "order.posted"

/** A sold order came back as a whole. The goods return to their batches, or are written off. */
export const orderReturned = "order.returned"
export const orderReturn = z.object({ order: orderSnapshot, withWriteOff: z.boolean(), returnedBy: id.nullable(), shiftId: id.nullable() })

/** Some of a sold order came back. The order is what the customer keeps; `returned` is the same order as if it held what came back alone. */
export const orderReturnedPartly = "order.returned-partly"
export const orderPartReturn = orderReturn.extend({ returned: orderSnapshot })

/** A bouquet that was made for an order goes to the showcase instead. */
export const bouquetSeparated = "order.bouquet-separated"
export const bouquetSeparation = z.object({ orderId: id, bouquetId: id, storeId: id })

/** GET /internal/orders/v1/orders/<id>: an order right now. */
export const orderAnswer = z.object({ order: orderSnapshot })
