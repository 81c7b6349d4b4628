// What follows from orders: a sold one takes its goods where nobody asked before, a returned one gives them back, a bouquet that was made for one goes to the
// showcase.
import {
  bouquetSeparated,
  bouquetSeparation,
  orderPartReturn,
  orderPosted,
  orderReturn,
  orderReturned,
  orderReturnedPartly,
  orderSnapshot,
} from "@florist/kit/contracts/orders"
import type { OrderLine, OrderSnapshot } from "@florist/kit/contracts/orders"
import type { Consumption } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"
import { separateBouquet } from "../bouquet/bouquet.ts"
import { issueSold, returnIssue } from "./issue.ts"

export const orderEvents: Consumption["on"] = {
  async [orderPosted](tx, { data, occurredAt }) {
    const order = orderSnapshot.parse(data)
    await sold(tx, order, { revision: order.revision, at: order.postedAt ?? occurredAt })
  },
  async [orderReturned](tx, { data, occurredAt }) {
    const { order, withWriteOff } = orderReturn.parse(data)
    // Its sale may have been put aside and come later: then it is made up for here, and does nothing when it comes.
    await sold(tx, order, { revision: order.revision - 1, at: order.postedAt ?? occurredAt })
    await returnIssue(tx, {
      orderId: order.id,
      orderRevision: order.revision,
      occurredAt: order.returnedAt ?? occurredAt,
      goods: withWriteOff ? "written-off" : "kept",
    })
  },
  async [orderReturnedPartly](tx, { data, occurredAt }) {
    const { order, returned, withWriteOff } = orderPartReturn.parse(data)
    const lines = asSold(order.lines, returned.lines)
    await sold(tx, { ...order, lines }, { revision: order.revision - 1, at: order.postedAt ?? occurredAt })
    await returnIssue(tx, {
      orderId: order.id,
      orderRevision: order.revision,
      occurredAt: returned.returnedAt ?? occurredAt,
      goods: withWriteOff ? "written-off" : "kept",
      part: new Map(returned.lines.map(({ id, qty }) => [id, qty])),
    })
  },
  async [bouquetSeparated](tx, { data, occurredAt }) {
    await separateBouquet(tx, bouquetSeparation.parse(data), occurredAt)
  },
}

/** What the customer kept and what came back: the order as it was before. */
function asSold(kept: readonly OrderLine[], returned: readonly OrderLine[]): OrderLine[] {
  const lines = new Map(kept.map((line) => [line.id, line]))
  for (const line of returned) lines.set(line.id, { ...line, qty: line.qty + (lines.get(line.id)?.qty ?? 0) })
  return [...lines.values()]
}

async function sold(tx: Transaction, order: OrderSnapshot, { revision, at }: { revision: number; at: Date }): Promise<void> {
  const lines = order.lines.map(({ id, itemId, bouquetId, qty }) => ({ lineId: id, itemId, bouquetId, qty })).filter(({ qty }) => qty > 0)
  const { id, docNo, storeId } = order
  if (lines.length > 0)
    await issueSold(tx, { orderId: id, docNo, storeId, occurredAt: at, lines, shortage: "allow", expired: "leave" }, revision)
}
