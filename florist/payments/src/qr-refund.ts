// What a refund changes of the QR payment that it gives back of. Called by refunds, with the sale locked.
import type { Reader } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { moveQr } from "./qr-state.ts"
import type { QrState } from "./qr-state.ts"

/** No bank stands behind an EMVCo code: the worker gives the money back. */
export async function isHandedOverByHand(reader: Reader, qrId: string): Promise<boolean> {
  const [row] = await reader.query("SELECT kind FROM payments.qr_payment WHERE id = $1", [qrId])
  return row?.kind !== "sbp"
}

export async function noteQrRefund(tx: Transaction, qrId: string, amount: number): Promise<void> {
  const [row] = await tx.query(
    "UPDATE payments.qr_payment SET refunded = refunded + $2 WHERE id = $1 RETURNING state, received - refunded AS left",
    [qrId, amount],
  )
  if (row === undefined) return
  const next = moveQr(row.state as QrState, Number(row.left) === 0 ? "all-back" : "part-back")
  if (next !== undefined) await tx.query("UPDATE payments.qr_payment SET state = $2 WHERE id = $1", [qrId, next])
}
