// What is known of a QR payment, from wherever it comes: callbacks, polls, cancellations and workers all end in `applyEvidence`, under the sale's lock. A late success
// always records the money: for the order if it still takes it, else it waits in suspense until it has gone back.
import type { Row } from "@florist/kit/database"
import { unavailable } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { derivedId } from "./derived-id.ts"
import { bank, moved, record, suspense } from "./journal.ts"
import type { NewPayment } from "./payment.ts"
import { takenMethods } from "./payment-store.ts"
import { qrColumns, qrOf } from "./qr-payment.ts"
import type { QrPayment } from "./qr-payment.ts"
import { moveQr } from "./qr-state.ts"
import type { QrSign } from "./qr-state.ts"
import { giveBack } from "./refund.ts"
import { isClosed, lockSale } from "./sale.ts"
import type { LockedSale } from "./sale.ts"
import { factOf, takeMoney, tell } from "./take-money.ts"

export type Evidence =
  | { kind: "registered"; bankQrId: string | null; payload: string }
  | { kind: "success"; amount: number; transactionId: string; at: Date }
  | { kind: "declined" | "expired" | "cancelled" }

export type EvidenceSource = "callback" | "poll" | "registration" | "cancellation" | "worker"

export interface Seen {
  qrId: string
  source: EvidenceSource
  evidence: Evidence
  now: Date
}

/** @returns the payment after it; undefined where there is none. Again, in any order: the same end. @throws Refusal 503 where this version takes no QR payments. */
export async function applyEvidence(tx: Transaction, { qrId, source, evidence, now }: Seen): Promise<QrPayment | undefined> {
  const unlocked = await findQr(tx, qrId)
  if (unlocked === undefined) return undefined
  // Whoever cannot record the money must not take the word for it: it is told again, to a version that can.
  if (evidence.kind === "success" && !takenMethods.includes("qr"))
    throw unavailable("Payments by QR code", "this version does not record them")
  const sale = await lockSale(tx, unlocked.saleId)
  const [row] = await tx.query(`SELECT ${qrColumns.join(", ")} FROM payments.qr_payment WHERE id = $1 FOR UPDATE`, [qrId])
  const qr = qrOf(row as Row)
  const next = moveQr(qr.state, signOf(qr, evidence))
  if (next === undefined) return qr
  await note(tx, { qrId, source, evidence, now })
  await tx.query("UPDATE payments.qr_payment SET state = $2 WHERE id = $1", [qrId, next])
  if (evidence.kind === "registered") {
    await tx.query("UPDATE payments.qr_payment SET bank_qr_id = $2, payload = $3 WHERE id = $1", [
      qrId,
      evidence.bankQrId,
      evidence.payload,
    ])
  }
  if (evidence.kind === "success") await receive(tx, sale, { ...qr, state: next }, evidence, now)
  return findQr(tx, qrId)
}

/** Late is what came after the code's end, whichever of the two was heard of first. */
function signOf(qr: QrPayment, evidence: Evidence): QrSign {
  if (evidence.kind !== "success") return evidence.kind
  const isOver = qr.state === "expired" || qr.state === "cancelled" || (qr.expiresAt !== null && evidence.at >= qr.expiresAt)
  return isOver ? "late-success" : "success"
}

async function receive(
  tx: Transaction,
  sale: LockedSale,
  qr: QrPayment,
  { amount, transactionId, at }: Extract<Evidence, { kind: "success" }>,
  now: Date,
): Promise<void> {
  const takes = !isClosed(sale) && sale.due >= amount
  await tx.query("UPDATE payments.qr_payment SET received = $2, transaction_id = $3, paid_at = $4, applied = $5 WHERE id = $1", [
    qr.id,
    amount,
    transactionId,
    at,
    takes,
  ])
  const payment = paymentOf(qr, { amount, transactionId, at })
  if (!takes) return keepInSuspense(tx, sale, payment, now)
  await takeMoney(tx, sale, payment)
  const applied = moveQr(qr.state, "applied")
  if (applied !== undefined) await tx.query("UPDATE payments.qr_payment SET state = $2 WHERE id = $1", [qr.id, applied])
}

async function keepInSuspense(tx: Transaction, sale: LockedSale, payment: NewPayment, now: Date): Promise<void> {
  await record(tx, { id: payment.id, occurredAt: payment.occurredAt, lines: moved(payment.amount, suspense, bank) })
  tell(tx, { ...factOf(sale, payment), orderId: null, kind: "payment" })
  const refund = { ...payment, id: refundOfSuspense(payment.id), occurredAt: now, date: now.toISOString().slice(0, 10), postedAt: now }
  await giveBack(tx, sale, { ...refund, type: "return", origin: "suspense", paymentId: payment.id, paidWith: null }, now)
}

/** The refund of what the order did not take. */
export const refundOfSuspense = (qrId: string): string => derivedId(`suspense ${qrId}`)

/** The payment of an order has the code's own id. */
function paymentOf(qr: QrPayment, { amount, transactionId, at }: { amount: number; transactionId: string; at: Date }): NewPayment {
  return {
    id: qr.id,
    method: "qr",
    amount,
    occurredAt: at,
    date: at.toISOString().slice(0, 10),
    storeId: qr.storeId,
    shiftId: qr.shiftId,
    workerId: qr.workerId,
    postedBy: qr.workerId,
    postedAt: at,
    ref: transactionId,
    note: null,
    prepayment: false,
    fiscalized: false,
    fiscalizedAt: null,
    fiscalShiftId: null,
    fiscalizedBy: null,
  }
}

async function note(tx: Transaction, { qrId, source, evidence, now }: Seen): Promise<void> {
  const key = evidence.kind === "success" ? `success ${evidence.transactionId}` : evidence.kind
  await tx.query(
    `INSERT INTO payments.qr_event (shop_id, qr_id, key, source, evidence, seen_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [tx.shop, qrId, key, source, JSON.stringify(evidence), now],
  )
}

export async function findQr(reader: Pick<Transaction, "query">, id: string): Promise<QrPayment | undefined> {
  const [row] = await reader.query(`SELECT ${qrColumns.join(", ")} FROM payments.qr_payment WHERE id = $1`, [id])
  return row === undefined ? undefined : qrOf(row)
}
