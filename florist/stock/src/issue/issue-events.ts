// What follows from orders: a sold one takes its goods where nobody asked before, a returned one gives them back, a bouquet that was made for one goes to the
// showcase.
import { bouquetSeparated, bouquetSeparation, orderPosted, orderReturn, orderReturned, orderSnapshot } from "@florist/kit/contracts/orders"
import type { Consumption } from "@florist/kit/relay"
import { separateBouquet } from "../bouquet/bouquet.ts"
import { issueSold, returnIssue } from "./issue.ts"

export const orderEvents: Consumption["on"] = {
  async [orderPosted](tx, { data, occurredAt }) {
    const order = orderSnapshot.parse(data)
    const lines = order.lines.map(({ id, itemId, bouquetId, qty }) => ({ lineId: id, itemId, bouquetId, qty })).filter(({ qty }) => qty > 0)
    const { id, docNo, storeId, postedAt } = order
    if (lines.length === 0) return
    const issuing = { orderId: id, docNo, storeId, occurredAt: postedAt ?? occurredAt, lines }
    await issueSold(tx, { ...issuing, shortage: "allow", expired: "leave" }, order.revision)
  },
  async [orderReturned](tx, { data, occurredAt }) {
    const { order, withWriteOff } = orderReturn.parse(data)
    await returnIssue(tx, {
      orderId: order.id,
      orderRevision: order.revision,
      occurredAt: order.returnedAt ?? occurredAt,
      goods: withWriteOff ? "written-off" : "kept",
    })
  },
  async [bouquetSeparated](tx, { data, occurredAt }) {
    await separateBouquet(tx, bouquetSeparation.parse(data), occurredAt)
  },
}
