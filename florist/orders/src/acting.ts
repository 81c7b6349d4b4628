// What every act upon an order begins with: a body that names it, and the order at rest. Called by the acts.
import { uuid } from "@florist/kit/input"
import { invalid } from "@florist/kit/refusal"
import type { Session } from "@florist/kit/session"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { assertSeen } from "./order-operations.ts"
import { lockOrder } from "./order-store.ts"
import type { Order } from "./order.ts"
import { beingSold } from "./sale.ts"

export const bodyOf = <A extends z.ZodType, R extends z.ZodType>(types: readonly string[], attributes: A, relationships: R) =>
  z.object({
    data: z.object({ type: z.enum(types).optional(), id: uuid.optional(), attributes, relationships }),
  })

/** @throws Refusal 404; 503 while a sale of it is under way. */
export async function quietOrder(tx: Transaction, id: string, session: Session): Promise<Order> {
  const order = await lockOrder(tx, id)
  assertSeen(order, id, session)
  if (order.selling !== null) throw beingSold(id)
  return order
}

export function assertSameId(said: string | undefined, id: string): void {
  if (said !== undefined && said !== id) throw invalid("The id in the body is not that of the path.", { pointer: "/data/id" })
}
