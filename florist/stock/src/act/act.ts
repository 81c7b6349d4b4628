// An act: a document that moves stock. Written as a draft, posted once, then never changed. Its kind says what posting does. Called by its operations.
import type { Transaction } from "@florist/kit/transaction"
import type { Session } from "@florist/kit/session"

export type ActKind = "receipt" | "write-off" | "transfer" | "stocktake"

export interface Act {
  id: string
  kind: ActKind
  number: number
  docNo: string
  storeId: string
  /** Of a transfer. */
  toStoreId: string | null
  supplierId: string | null
  purchaseOrderId: string | null
  reasonId: string | null
  invoiceNo: string
  note: string
  status: "draft" | "posted" | "deleted"
  withExpired: boolean
  /** Kopecks: what was stocked, written off, moved; of a stocktake the difference. */
  amount: number
  /** Kopecks, of a receipt: what came spoilt. */
  claim: number
  linesCount: number
  date: string
  occurredAt: Date
  createdBy: string | null
  createdAt: Date
  updatedAt: Date
  postedBy: string | null
  postedAt: Date | null
  revision: number
  lines: ActLine[]
}

export interface ActLine {
  id: number
  itemId: string | null
  bouquetId: string | null
  batchId: string | null
  /** Thousandths; of a receipt with what came spoilt; of a stocktake what was counted. */
  qty: number
  defective: number
  price: number
  priceEnabled: boolean
  freshUntil: Date | null
  /** Of a posted stocktake. */
  expected: number | null
  /** Kopecks, of a posted one. */
  cost: number
}

interface Posted {
  amount: number
  claim: number
  lines: ActLine[]
}

/** How a kind of act is posted: moves the stock, and says what it came to. */
export type Post = (tx: Transaction, act: Act, by: { session: Session; now: Date }) => Promise<Posted>

/** A transfer's published id is its number. */
export const publicIdOf = ({ kind, id, number }: Pick<Act, "kind" | "id" | "number">): string => (kind === "transfer" ? String(number) : id)
