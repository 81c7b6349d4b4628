// A line of the ledger before it is written, and the document that it belongs to. Called by the posting and the ledger's store.
import type { Movement } from "@florist/kit/contracts/stock"

export type MovementKind = Movement["kind"]

/** What moves the goods: an order, an act, a bouquet. */
export interface Source {
  documentId: string
  documentNo: string
  /** Which execution of it: 1, or more where it was taken back and done again. */
  turn: number
  occurredAt: Date
  reasonId: string | null
}

export type Entry = Omit<Movement, "categoryId"> & Pick<Source, "turn">

/** What the database holds to be the same line of the same document. */
export const identityOf = ({ documentId, lineId, batchId, kind, turn }: Entry): string =>
  [documentId, lineId, batchId, kind, turn].join("|")
