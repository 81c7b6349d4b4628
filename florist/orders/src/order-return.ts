// A sold order comes back, as a whole or in part. What is left of it is the order then; what came back is told to the others, each of which gives back its own: goods,
// money, points. Called by the service.
import { orderReturned, orderReturnedPartly } from "@florist/kit/contracts/orders"
import { manyWhole, toOne } from "@florist/kit/document"
import { instant, uuid } from "@florist/kit/input"
import { ok, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { positiveQuantity } from "@florist/kit/quantity"
import { conflict } from "@florist/kit/refusal"
import { selling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { assertSameId, bodyOf, quietOrder } from "./acting.ts"
import { stateOf } from "./order-edit.ts"
import { assertRevision, orderId } from "./order-operations.ts"
import { orderDocumentOut, orderResource } from "./order-resource.ts"
import { snapshotOf } from "./order-snapshot.ts"
import { transitions } from "./order-status.ts"
import { announce, updateOrder } from "./order-store.ts"
import type { Order } from "./order.ts"
import { partReturn } from "./part-return.ts"
import type { PartReturn } from "./part-return.ts"

const lineBack = z
  .object({ type: z.string().optional(), id: uuid, attributes: z.object({ qty: positiveQuantity.optional() }).optional() })
  .transform(({ id, attributes }) => ({ id, qty: attributes?.qty }))

const returnIn = bodyOf(
  ["orders"],
  z
    .object({
      returnedAt: instant.nullable().optional(),
      withWriteOff: z.boolean().default(false),
      revision: z
        .number()
        .int()
        .min(0)
        .optional()
        .describe("Of the order as it was read; refused (409) where it was edited or returned since."),
    })
    .default({ withWriteOff: false }),
  z.object({ returnedBy: toOne(), shift: toOne(), lines: manyWhole(lineBack) }).default({}),
)

/** What every return says, whatever comes back. */
interface Returning {
  returnedAt: Date
  returnedBy: string
  shiftId: string | null
  withWriteOff: boolean
}

export const orderReturn: Operation = writeOperation({
  id: "return",
  method: "PATCH",
  path: "/v1/orders/{id}/return",
  tag: "Orders API",
  summary: "Take a sold order back, into stock or written off: as a whole, or the lines and quantities that are named",
  access: transitions.done.returned ?? selling,
  params: orderId,
  body: returnIn,
  answers: { 200: orderDocumentOut },
  refuses: [400, 404, 409],
  async handle({ tx, params: { id }, body: { data }, session, now }) {
    assertSameId(data.id, id)
    const order = await quietOrder(tx, id, session)
    assertRevision(order, data.attributes.revision)
    if (order.status === "returned") throw conflict("The order was returned before.", { parameter: "id" }, "already-returned")
    if (order.status !== "done")
      throw conflict(`The order is "${order.status}"; only what was sold comes back.`, { parameter: "id" }, "not-sold")
    const { returnedBy, shift, lines } = data.relationships
    const returning: Returning = {
      returnedAt: data.attributes.returnedAt ?? now,
      returnedBy: returnedBy ?? session.worker,
      shiftId: shift ?? null,
      withWriteOff: data.attributes.withWriteOff,
    }
    const part = lines === undefined ? "whole" : partReturn(order, lines)
    const left = part === "whole" ? takeWhole(tx, order, returning, session, now) : takePart(tx, order, part, returning, session, now)
    return ok({ data: orderResource(await left) })
  },
})

async function takeWhole(tx: Transaction, order: Order, returning: Returning, session: Session, now: Date): Promise<Order> {
  const { returnedAt, returnedBy, shiftId, withWriteOff } = returning
  const state = {
    ...stateOf(order),
    status: "returned" as const,
    returnedAt,
    statusAt: returnedAt,
    updatedAt: returnedAt,
    updatedBy: session.worker,
    returnedBy,
    returnShiftId: shiftId,
    withWriteOff,
  }
  await updateOrder(tx, order, state, { now, worker: session.worker, what: "returned" })
  const returned = await announce(tx, order.id, returnedAt)
  const told = { order: snapshotOf(returned), withWriteOff, returnedBy, shiftId }
  tx.emit({ type: orderReturned, subject: order.id, occurredAt: returnedAt, data: told })
  return returned
}

async function takePart(
  tx: Transaction,
  order: Order,
  { kept, back }: PartReturn,
  { returnedAt, returnedBy, shiftId, withWriteOff }: Returning,
  session: Session,
  now: Date,
): Promise<Order> {
  const state = { ...stateOf(order), ...kept, updatedAt: returnedAt, updatedBy: session.worker }
  await updateOrder(tx, order, state, { now, worker: session.worker, what: "returned in part" })
  const left = await announce(tx, order.id, returnedAt)
  const returned = { ...snapshotOf({ ...left, ...back }), returnedAt }
  const told = { order: snapshotOf(left), returned, withWriteOff, returnedBy, shiftId }
  tx.emit({ type: orderReturnedPartly, subject: order.id, occurredAt: returnedAt, data: told })
  return left
}
