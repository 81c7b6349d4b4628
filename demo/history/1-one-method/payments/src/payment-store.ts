// Where payments are kept: in the columns `paid_*` of their sale, one for each sale. Everything that knows how payments are stored is in this file.
import type { PaymentMethod } from "@florist/kit/contracts/payments"
import { invalid } from "@florist/kit/refusal"
import type { Columns } from "@florist/kit/status"
import type { Transaction } from "@florist/kit/transaction"
import { marksRow, rowOf } from "./payment.ts"
import type { Marks, moneyColumns, NewPayment } from "./payment.ts"

/** Rows may hold methods that this version does not take itself. */
export const takenMethods: readonly PaymentMethod[] = ["cash", "card", "bonus", "gift_card"]

const columns: Record<Exclude<keyof typeof moneyColumns, "sale_id">, string> = {
  id: "paid_id",
  method: "paid_by",
  amount: "paid_amount",
  occurred_at: "paid_at",
  recorded_at: "paid_recorded_at",
  date: "paid_date",
  store_id: "paid_store",
  shift_id: "paid_shift",
  worker_id: "paid_worker",
  posted_by: "paid_posted_by",
  posted_at: "paid_posted_at",
  ref: "paid_ref",
  note: "paid_note",
  prepayment: "paid_prepayment",
  fiscalized: "paid_fiscalized",
  fiscalized_at: "paid_fiscalized_at",
  fiscal_shift_id: "paid_fiscal_shift",
  fiscalized_by: "paid_fiscalized_by",
}

export const paymentColumns: Columns = { "payments.sale": [...Object.values(columns), "paid_refunded"] }

/** For FROM: a row for each payment, with the money columns and `refunded`; where `id` is null, the sale is not paid. */
export const paymentRows = `(SELECT shop_id, id AS sale_id, ${Object.entries(columns)
  .map(([name, column]) => `${column} AS ${name}`)
  .join(", ")}, paid_refunded AS refunded FROM payments.sale)`

/** The sale is locked. @throws Refusal 422 where it is paid already, by whatever. */
export async function insertPayment(tx: Transaction, saleId: string, payment: NewPayment): Promise<void> {
  const [sale] = await tx.query("SELECT paid_by FROM payments.sale WHERE id = $1", [saleId])
  if (typeof sale?.paid_by === "string") throw secondTender(sale.paid_by)
  await set(tx, `id = $1`, saleId, rowOf(payment), ["paid_recorded_at = now()"])
}

/** What went back of a payment, more or (where a refund came to nothing) less. The sale is locked. @returns whether that much was left of it. */
export async function addRefunded(tx: Transaction, paymentId: string, amount: number): Promise<boolean> {
  const updated = await tx.query(
    `UPDATE payments.sale SET paid_refunded = coalesce(paid_refunded, 0) + $2
     WHERE paid_id = $1 AND coalesce(paid_refunded, 0) + $2 BETWEEN 0 AND paid_amount RETURNING id`,
    [paymentId, amount],
  )
  return updated.length === 1
}

export async function mark(tx: Transaction, paymentId: string, marks: Marks): Promise<void> {
  await set(tx, "paid_id = $1", paymentId, marksRow(marks), [])
}

async function set(
  tx: Transaction,
  where: string,
  id: string,
  values: Partial<Record<keyof typeof columns, unknown>>,
  more: readonly string[],
): Promise<void> {
  const names = Object.keys(values) as (keyof typeof columns)[]
  const settings = [...names.map((name, index) => `${columns[name]} = $${index + 2}`), ...more]
  await tx.query(`UPDATE payments.sale SET ${settings.join(", ")} WHERE ${where}`, [id, ...Object.values(values)])
}

export function secondTender(method: string) {
  const detail = `The order is paid by ${method} already; one order is paid by one method.`
  return invalid(detail, { pointer: "/data/relationships/method" }, "one-method")
}
