// What a projector is given: the fact, and the side of the projections that it changes. Made by projection.ts, read by every projector.
import type { Reader } from "@florist/kit/database"
import type { LocalTime } from "../calendar.ts"
import type { Contribution } from "../total.ts"

/** An event, as it was sent. */
export interface Fact {
  id: string
  type: string
  subject: string
  occurredAt: Date
  data: unknown
}

export interface Projecting {
  reader: Reader
  shop: number
  side: number
  /** A moment by the clock of a store. */
  local: (store: string | null, at: Date) => LocalTime
  /** Is added to the sums when the fact is done. */
  add: (contributions: readonly Contribution[]) => void
}
