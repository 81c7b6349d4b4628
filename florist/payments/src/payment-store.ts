// Where payments are kept: rows of `payments.payment`, as many for a sale as it takes, QR among them. Everything that knows how payments are stored is in this file.
import type { PaymentMethod } from "@florist/kit/contracts/payments"
import { invalid } from "@florist/kit/refusal"
import type { Columns } from "@florist/kit/status"
import type { Transaction } from "@florist/kit/transaction"
import { marksRow, moneyColumns, rowOf } from "./payment.ts"
import type { Marks, NewPayment } from "./payment.ts"

export const takenMethods: readonly PaymentMethod[] = ["cash", "card", "bonus", "gift_card", "qr"]

export const paymentColumns: Columns = { "payments.payment": ["shop_id", "line", "refunded", ...Object.keys(moneyColumns)] }

/** For FROM: a row for each payment, with the money columns and `refunded`; where `id` is null, there is none. */
export const paymentRows = `(SELECT shop_id, ${Object.keys(moneyColumns).join(", ")}, refunded FROM payments.payment)`

const mostOfOneSale = 100

/** The sale is locked. @throws Refusal 422 where it has too many payments. */
export async function insertPayment(tx: Transaction, saleId: string, payment: NewPayment): Promise<void> {
  const values = rowOf(payment)
  const names = Object.keys(values)
  const marks = names.map((_, index) => `$${index + 3}`).join(", ")
  const inserted = await tx.query(
    `INSERT INTO payments.payment (shop_id, sale_id, line, recorded_at, ${names.join(", ")})
     SELECT $1, $2, count(*), now(), ${marks} FROM payments.payment WHERE sale_id = $2 HAVING count(*) < ${mostOfOneSale} RETURNING id`,
    [tx.shop, saleId, ...Object.values(values)],
  )
  if (inserted.length === 0) throw invalid(`An order has at most ${mostOfOneSale} payments.`, { pointer: "/data" }, "too-many-payments")
}

/** What went back of a payment, more or (where a refund came to nothing) less. The sale is locked. @returns whether that much was left of it. */
export async function addRefunded(tx: Transaction, paymentId: string, amount: number): Promise<boolean> {
  const updated = await tx.query(
    `UPDATE payments.payment SET refunded = coalesce(refunded, 0) + $2 WHERE id = $1 AND coalesce(refunded, 0) + $2 BETWEEN 0 AND amount RETURNING id`,
    [paymentId, amount],
  )
  return updated.length === 1
}

export async function mark(tx: Transaction, paymentId: string, marks: Marks): Promise<void> {
  const values = marksRow(marks)
  const settings = Object.keys(values).map((name, index) => `${name} = $${index + 2}`)
  await tx.query(`UPDATE payments.payment SET ${settings.join(", ")} WHERE id = $1`, [paymentId, ...Object.values(values)])
}
