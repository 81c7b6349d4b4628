// A timecard: one stay of a worker at work, from start to end. What comes in, the row, the resource. Called by the timecard operations.
import { documentOut, moment, oneOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { instant, text, title, uuid } from "@florist/kit/input"
import type { timecardSnapshot } from "@florist/kit/contracts/staff"
import { z } from "zod"

const timecardType = "timecards"
const correctionType = "timecard-corrections"

/** The longest stay that is believed; whoever forgot to end one is corrected. */
export const longestDays = 31

export const newTimecard = resourceIn(
  timecardType,
  z
    .object({ startedAt: instant, endedAt: instant.nullable(), note: text(500).nullable() })
    .partial()
    .default({}),
  z.object({
    worker: toOne(),
    store: z.object({ data: z.object({ type: z.string().optional(), id: uuid }) }).transform(({ data }) => data.id),
  }),
)

export const timecardEnd = z
  .object({
    data: z
      .object({
        attributes: z
          .object({ endedAt: instant, note: text(500) })
          .partial()
          .default({}),
      })
      .default({ attributes: {} }),
  })
  .transform(({ data }) => data.attributes)

export const correctedTimecard = resourceIn(
  timecardType,
  z.object({
    startedAt: instant.optional(),
    endedAt: instant.nullable().optional(),
    reason: title(500),
    revision: z.number().int().optional(),
  }),
  z.object({ store: toOne() }).optional(),
)
export type CorrectedTimecard = z.output<typeof correctedTimecard>

export const timecardOut = resourceOut(
  timecardType,
  {
    startedAt: z.string(),
    endedAt: z.string().nullable(),
    /** Whole minutes; null while it is open. */
    minutes: z.int().nullable(),
    note: z.string().nullable(),
    createdAt: z.string(),
    revision: z.number(),
  },
  { worker: oneOut, store: oneOut },
)
export const timecardAnswer = documentOut(timecardOut)

export const timecardColumns = ["id", "worker_id", "store_id", "started_at", "ended_at", "note", "created_at", "revision"]

export function timecardResource(row: Row): Resource {
  return resource(
    timecardType,
    String(row.id),
    {
      startedAt: moment(row.started_at),
      endedAt: moment(row.ended_at),
      minutes: minutesOf(row),
      note: row.note ?? null,
      createdAt: moment(row.created_at),
      revision: Number(row.revision),
    },
    { worker: reference("workers", row.worker_id), store: reference("stores", row.store_id) },
  )
}

export const correctionColumns = [
  "id",
  "timecard_id",
  "corrected_by",
  "corrected_at",
  "reason",
  "old_store_id",
  "old_started_at",
  "old_ended_at",
]

export const correctionResource = (row: Row): Resource => ({
  type: correctionType,
  id: String(row.id),
  attributes: {
    correctedAt: moment(row.corrected_at),
    reason: String(row.reason),
    oldStartedAt: moment(row.old_started_at),
    oldEndedAt: moment(row.old_ended_at),
  },
  relationships: {
    timecard: reference(timecardType, row.timecard_id),
    correctedBy: reference("workers", row.corrected_by),
    oldStore: reference("stores", row.old_store_id),
  },
})

function minutesOf({ started_at: start, ended_at: end }: Row): number | null {
  return start instanceof Date && end instanceof Date ? Math.floor((end.getTime() - start.getTime()) / 60_000) : null
}

/** What others are told of a closed one. */
export const snapshotOf = (row: Row): z.input<typeof timecardSnapshot> => ({
  id: String(row.id),
  workerId: String(row.worker_id),
  storeId: String(row.store_id),
  startedAt: row.started_at,
  endedAt: row.ended_at,
  minutes: minutesOf(row) ?? 0,
})
