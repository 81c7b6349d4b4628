// Sales of a shift that nobody has paid: told before the shift closes over them. Called by the closing of a shift.
import type { Reader } from "@florist/kit/database"
import { toRoublesText } from "@florist/kit/money"
import { conflict } from "@florist/kit/refusal"
import type { Shift } from "./cash-shift.ts"
import { paymentRows } from "./payment-store.ts"

const mostNamed = 5

// What came in counts, also where it went back since: that the order was returned may be heard of later than its money left.

/** @throws Refusal 409 where something was sold at the shift's store since it was opened and is still to be paid. */
export async function refuseUnpaid(reader: Reader, { storeId, openedAt }: Pick<Shift, "storeId" | "openedAt">): Promise<void> {
  const sales = await reader.query(
    `SELECT doc_no, total - held.amount AS due FROM payments.sale
     CROSS JOIN LATERAL (SELECT coalesce(sum(amount), 0) AS amount FROM ${paymentRows} payment WHERE payment.sale_id = sale.id) held
     WHERE store_id = $1 AND posted_at >= $2 AND status = 'done' AND total > held.amount ORDER BY posted_at, doc_no`,
    [storeId, openedAt],
  )
  if (sales.length === 0) return
  const due = sales.reduce((sum, row) => sum + Number(row.due), 0)
  const named = sales.slice(0, mostNamed).map(({ doc_no }) => String(doc_no))
  const numbers = [...named, ...(sales.length > mostNamed ? ["..."] : [])].join(", ")
  const detail = `${toRoublesText(due)} roubles of this shift's sales are not paid (${numbers}). Take the money, or close with unpaid "leave".`
  throw conflict(detail, { pointer: "/data/attributes/unpaid" }, "unpaid-sales")
}
