// What the staff service tells the others: stores and workers as resources (known.ts: types "stores" and "workers"), and hours worked. Minutes are whole.
import { z } from "zod"

const id = z.string()

/** A worker's stay at work, closed; again, with the same id, where a closed one was corrected: the newest counts. data: timecardSnapshot. */
export const timecardClosed = "staff.timecard-closed"
export const timecardSnapshot = z.object({
  id,
  workerId: id,
  storeId: id,
  startedAt: z.coerce.date(),
  endedAt: z.coerce.date(),
  minutes: z.number().int(),
})

export const storeType = "stores"
export const workerType = "workers"
