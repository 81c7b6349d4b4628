// Records that money came in for an order: the payment, its drawer, its journal, the event. Called, with the sale locked, by every way of paying.
import { paymentRecorded } from "@florist/kit/contracts/payments"
import type { PaymentFact } from "@florist/kit/contracts/payments"
import { invalid } from "@florist/kit/refusal"
import { toRoubles } from "@florist/kit/money"
import type { Transaction } from "@florist/kit/transaction"
import { putIntoDrawer } from "./drawer.ts"
import { accountOf, cashOfStore, drawerOf, moved, record, salesOf } from "./journal.ts"
import type { NewPayment } from "./payment.ts"
import { unlessTaken } from "./id-taken.ts"
import { insertPayment } from "./payment-store.ts"
import { isClosed } from "./sale.ts"
import type { LockedSale, Sale } from "./sale.ts"

/** @throws Refusal 422 where the order takes no money, or not that much. Cash may be more: change goes back of it. */
export function checkDue(sale: LockedSale, { method, amount }: Pick<NewPayment, "method" | "amount">): void {
  if (isClosed(sale))
    throw invalid(`Order ${sale.docNo} is ${sale.status}; nothing is paid for it any more.`, { parameter: "id" }, "order-closed")
  if (amount <= sale.due || (method === "cash" && sale.due > 0)) return
  const detail =
    sale.due === 0 ? `Order ${sale.docNo} is paid already.` : `${toRoubles(sale.due)} roubles of order ${sale.docNo} are still to be paid.`
  throw invalid(detail, { pointer: "/data/attributes/amount" }, "more-than-due")
}

export async function takeMoney(tx: Transaction, sale: Sale, payment: NewPayment): Promise<void> {
  const { id, method, amount, occurredAt, shiftId, storeId } = payment
  const drawer = method === "cash" ? await putIntoDrawer(tx, { id, kind: "sale", amount, storeId, shiftId, occurredAt }) : undefined
  const account = accountOf(method, drawer === undefined ? cashOfStore(storeId) : drawerOf(drawer.registerId))
  // One statement each, sent together.
  await Promise.all([
    unlessTaken(id, insertPayment(tx, sale.id, payment)),
    record(tx, { id, occurredAt, lines: moved(amount, salesOf(sale.id), account) }),
  ])
  tell(tx, { ...factOf(sale, payment), shiftId: drawer?.shiftId ?? shiftId, kind: "payment" })
}

export function factOf(sale: Sale, payment: NewPayment): Omit<PaymentFact, "kind"> {
  const { id, storeId, shiftId, workerId, method, amount, occurredAt } = payment
  return { id, orderId: sale.id, storeId, customerId: sale.customerId, shiftId, workerId, method, amount, occurredAt }
}

export function tell(tx: Transaction, fact: PaymentFact): void {
  tx.emit({ type: paymentRecorded, subject: fact.id, occurredAt: fact.occurredAt, data: fact })
}
