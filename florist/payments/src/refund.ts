// Money that goes back: at once where the shop has it in its own hands (cash, card, gift card), pending where another one has to give it back (bank, points) until
// that has proved that it did. Called, with the sale locked, by returns, change, and by what is left in suspense.
import type { Reader } from "@florist/kit/database"
import { toRoubles } from "@florist/kit/money"
import { invalid } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { putOnAgenda, takeOffAgenda } from "./agenda.ts"
import { putIntoDrawer, settlementOf } from "./drawer.ts"
import { unlessTaken } from "./id-taken.ts"
import { restoreGiftCard } from "./gift-card.ts"
import { accountOf, cashOfStore, drawerOf, moved, record, salesOf, suspense } from "./journal.ts"
import { marksRow, moneyColumns, paymentOf, rowOf } from "./payment.ts"
import type { Marks, NewPayment, Payment } from "./payment.ts"
import { addRefunded } from "./payment-store.ts"
import { lockSale } from "./sale.ts"
import type { Sale } from "./sale.ts"
import { factOf, tell } from "./take-money.ts"
import { isHandedOverByHand, noteQrRefund } from "./qr-refund.ts"

export interface NewRefund extends NewPayment {
  type: "return" | "change"
  origin: "client" | "order-return" | "suspense"
  /** The payment that it gives back of; of money in suspense, the code that it came by. */
  paymentId: string
  /** What the payment was paid with, as it knows it: a gift card's id. */
  paidWith: string | null
}

export interface Refund extends Payment {
  origin: NewRefund["origin"]
}

const columns = Object.keys(moneyColumns).join(", ")
const selectRefund = `SELECT ${columns}, date::text AS day, type, origin, state, payment_id AS parent_id FROM payments.refund`

export async function findRefund(reader: Reader, id: string): Promise<Refund | undefined> {
  const [row] = await reader.query(`${selectRefund} WHERE id = $1`, [id])
  return row === undefined ? undefined : { ...paymentOf(row), origin: row.origin as Refund["origin"] }
}

/** Whoever asks for a refund carries it out at once; after this time somebody else does. */
const carriedOutWithinMs = 5_000

/** @throws Refusal 422 where less is left of the payment. */
export async function giveBack(tx: Transaction, sale: Sale, refund: NewRefund, now: Date): Promise<void> {
  if (refund.origin !== "suspense" && !(await addRefunded(tx, refund.paymentId, refund.amount))) throw tooMuch(refund)
  const isPending = await isGivenByOthers(tx, refund)
  await insertRefund(tx, sale.id, refund, isPending ? "pending" : "done")
  if (!isPending) {
    await handOver(tx, sale, refund, { id: refund.id, from: salesOf(sale.id) })
    return
  }
  if (refund.origin !== "suspense") {
    await record(tx, { id: refund.id, occurredAt: refund.occurredAt, lines: moved(refund.amount, suspense, salesOf(sale.id)) })
  }
  await putOnAgenda(tx, "refund", refund.id, new Date(now.getTime() + carriedOutWithinMs))
}

async function isGivenByOthers(tx: Transaction, { method, paymentId }: NewRefund): Promise<boolean> {
  return method === "bonus" || (method === "qr" && !(await isHandedOverByHand(tx, paymentId)))
}

/** The other one has given it back. Again: nothing. */
export async function completeRefund(tx: Transaction, id: string): Promise<void> {
  const pending = await lockPending(tx, id)
  if (pending === undefined) return
  await tx.query("UPDATE payments.refund SET state = 'done' WHERE id = $1", [id])
  await handOver(tx, pending.sale, pending.refund, { id: settlementOf(id), from: suspense })
  await takeOffAgenda(tx, "refund", id)
}

/** The other one never will: the money stays where it was. Again: nothing. */
export async function declineRefund(tx: Transaction, id: string, reason: string): Promise<void> {
  const pending = await lockPending(tx, id)
  if (pending === undefined) return
  const { refund, sale } = pending
  await tx.query("UPDATE payments.refund SET state = 'declined', reason = $2 WHERE id = $1", [id, reason.slice(0, 500)])
  if (refund.origin !== "suspense") {
    await addRefunded(tx, refund.paymentId, -refund.amount)
    await record(tx, { id: settlementOf(id), occurredAt: refund.occurredAt, lines: moved(refund.amount, salesOf(sale.id), suspense) })
  }
  await takeOffAgenda(tx, "refund", id)
}

async function lockPending(tx: Transaction, id: string): Promise<{ refund: NewRefund; sale: Sale } | undefined> {
  const found = await findRefund(tx, id)
  if (found === undefined || found.state !== "pending") return undefined
  const sale = await lockSale(tx, found.saleId)
  const [row] = await tx.query("SELECT FROM payments.refund WHERE id = $1 AND state = 'pending' FOR UPDATE", [id])
  if (row === undefined || found.type === "payment" || found.parentId === null) return undefined
  return { sale, refund: { ...found, type: found.type, paymentId: found.parentId, paidWith: null } }
}

/** The money leaves the shop. */
async function handOver(tx: Transaction, sale: Sale, refund: NewRefund, { id, from }: { id: string; from: string }): Promise<void> {
  const { method, amount, storeId, shiftId, occurredAt } = refund
  const kind = refund.type === "change" ? "change" : "refund"
  const drawer = method === "cash" ? await putIntoDrawer(tx, { id: refund.id, kind, amount, storeId, shiftId, occurredAt }) : undefined
  if (method === "gift_card" && refund.paidWith !== null)
    await restoreGiftCard(tx, refund.paidWith, { id: refund.id, amount, at: occurredAt })
  if (method === "qr") await noteQrRefund(tx, refund.paymentId, amount)
  const account = accountOf(method, drawer === undefined ? cashOfStore(storeId) : drawerOf(drawer.registerId))
  await record(tx, { id, occurredAt, lines: moved(amount, account, from) })
  tell(tx, {
    ...factOf(sale, refund),
    ...(refund.origin === "suspense" ? { orderId: null } : {}),
    shiftId: drawer?.shiftId ?? shiftId,
    kind: "return",
    ...(refund.type === "change" ? { isChange: true } : {}),
  })
}

async function insertRefund(tx: Transaction, saleId: string, refund: NewRefund, state: "pending" | "done"): Promise<void> {
  const values = { ...rowOf(refund), type: refund.type, origin: refund.origin, payment_id: refund.paymentId, state }
  const names = Object.keys(values)
  const inserted = tx.query(
    `INSERT INTO payments.refund (shop_id, sale_id, ${names.join(", ")}) VALUES ($1, $2, ${names.map((_, index) => `$${index + 3}`).join(", ")})`,
    [tx.shop, saleId, ...Object.values(values)],
  )
  await unlessTaken(refund.id, inserted)
}

export async function markRefund(tx: Transaction, id: string, marks: Marks): Promise<void> {
  const values = marksRow(marks)
  const settings = Object.keys(values).map((name, index) => `${name} = $${index + 2}`)
  await tx.query(`UPDATE payments.refund SET ${settings.join(", ")} WHERE id = $1`, [id, ...Object.values(values)])
}

function tooMuch({ amount, paymentId }: NewRefund) {
  const detail = `${toRoubles(amount)} roubles are more than is left of payment ${paymentId}; GET /v1/payments/${paymentId} shows what went back of it.`
  return invalid(detail, { pointer: "/data/attributes/amount" }, "more-than-paid")
}
