// A purchase order: what is to come from a supplier, until it has come or is cancelled. Receipts fill it, in parts. Called by its operations.
import { conflict } from "@florist/kit/refusal"

export const purchaseStatuses = ["draft", "ordered", "partially-received", "received", "cancelled"] as const
export type PurchaseStatus = (typeof purchaseStatuses)[number]

export interface PurchaseOrder {
  id: string
  number: number
  docNo: string
  storeId: string
  supplierId: string
  status: PurchaseStatus
  expectedOn: string | null
  note: string
  /** Kopecks. */
  amount: number
  occurredAt: Date
  createdBy: string
  createdAt: Date
  updatedAt: Date
  orderedAt: Date | null
  revision: number
  lines: PurchaseLine[]
}

export interface PurchaseLine {
  id: string
  itemId: string
  /** Thousandths. */
  qty: number
  price: number
  received: number
  defective: number
}

/** What a person may make of it. Receipts make it partially-received and received; a person may say that nothing more comes. */
const transitions: Readonly<Record<PurchaseStatus, readonly PurchaseStatus[]>> = {
  draft: ["ordered", "cancelled"],
  ordered: ["cancelled"],
  "partially-received": ["received"],
  received: [],
  cancelled: [],
}

/** @throws Refusal 409 */
export function checkTransition({ docNo, status }: Pick<PurchaseOrder, "docNo" | "status">, to: PurchaseStatus): void {
  if (status === to || transitions[status].includes(to)) return
  const possible = transitions[status].join(", ") || "nothing else"
  throw conflict(`The purchase order ${docNo} is ${status} and can be made ${possible}, not ${to}.`, { pointer: "/data/attributes/status" })
}

/** After a receipt: all has come where nothing is missing; what came spoilt is still missing. */
export const statusAfterReceipt = (lines: readonly PurchaseLine[]): PurchaseStatus =>
  lines.every(({ qty, received }) => received >= qty) ? "received" : "partially-received"
