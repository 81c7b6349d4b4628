// Timecards in the database, which itself refuses two of one worker at a time, open or not. Called by the timecard operations.
import { timecardClosed } from "@florist/kit/contracts/staff"
import { isDuplicate } from "@florist/kit/database"
import type { Reader, Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { correctionColumns, longestDays, snapshotOf, timecardColumns } from "./timecard.ts"
import type { CorrectedTimecard } from "./timecard.ts"

const columns = timecardColumns.join(", ")
/** Clocks of registers go wrong a little. */
const aheadMs = 5 * 60_000

export interface TimecardToStart {
  id: string
  worker: string
  store: string
  startedAt: Date | undefined
  endedAt: Date | null
  note: string | null
}

/** @throws Refusal 404 */
export async function findTimecard(reader: Reader, shop: number, id: string, lock: "FOR UPDATE" | "" = ""): Promise<Row> {
  const [row] = await reader.query(`SELECT ${columns} FROM staff.timecard WHERE shop_id = $1 AND id = $2 ${lock}`, [shop, id])
  if (row === undefined) throw notFound(`timecard ${id}`, { parameter: "id" })
  return row
}

/** Also a whole stay that a client tells of later. The same again gives the one that is there. @throws Refusal 409, 422 */
export async function startTimecard(
  tx: Transaction,
  { id, worker, store, startedAt, endedAt, note }: TimecardToStart,
  now: Date,
): Promise<Row> {
  const start = startedAt ?? now
  assertPeriod(start, endedAt, now)
  const revision = await tx.revision()
  const [row] = await apart(
    tx.query(
      `INSERT INTO staff.timecard (shop_id, id, worker_id, store_id, started_at, ended_at, note, created_at, revision)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (shop_id, id) DO NOTHING RETURNING ${columns}`,
      [tx.shop, id, worker, store, start, endedAt, note, now, revision],
    ),
  )
  if (row === undefined) return sameAs(await findTimecard(tx, tx.shop, id), { worker, store, startedAt })
  if (endedAt !== null) tellOfClosed(tx, row)
  return row
}

/** Ending again gives the same answer. @throws Refusal 404, 409, 422 */
export async function endTimecard(
  tx: Transaction,
  before: Row,
  { endedAt, note }: { endedAt?: Date | undefined; note?: string | undefined },
  now: Date,
) {
  if (before.ended_at instanceof Date) {
    if (endedAt === undefined || endedAt.getTime() === before.ended_at.getTime()) return before
    const detail = `Timecard ${String(before.id)} ended at ${before.ended_at.toISOString()}; the management can correct it.`
    throw conflict(detail, { pointer: "/data/attributes/endedAt" }, "timecard-ended")
  }
  const end = endedAt ?? now
  assertPeriod(before.started_at as Date, end, now)
  const [row = {}] = await apart(
    tx.query(
      `UPDATE staff.timecard SET ended_at = $3, note = coalesce($4, note), revision = $5 WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`,
      [tx.shop, before.id, end, note ?? null, await tx.revision()],
    ),
  )
  tellOfClosed(tx, row)
  return row
}

/** Keeps what it was before. @throws Refusal 404, 409, 422 */
export async function correctTimecard(
  tx: Transaction,
  before: Row,
  { attributes, relationships }: CorrectedTimecard,
  { by, now }: { by: string; now: Date },
): Promise<Row> {
  const { startedAt = before.started_at as Date, endedAt = before.ended_at as Date | null, reason, revision } = attributes
  if (revision !== undefined && revision !== Number(before.revision)) {
    const detail = `Timecard ${String(before.id)} is at revision ${String(before.revision)}; read it again.`
    throw conflict(detail, { pointer: "/data/attributes/revision" }, "stale-revision")
  }
  assertPeriod(startedAt, endedAt, now)
  await tx.query(
    `INSERT INTO staff.timecard_correction (shop_id, id, timecard_id, corrected_by, corrected_at, reason, old_store_id, old_started_at, old_ended_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [tx.shop, newId(), before.id, by, now, reason, before.store_id, before.started_at, before.ended_at],
  )
  const [row = {}] = await apart(
    tx.query(
      `UPDATE staff.timecard SET started_at = $3, ended_at = $4, store_id = $5, revision = $6 WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`,
      [tx.shop, before.id, startedAt, endedAt, relationships?.store ?? before.store_id, await tx.revision()],
    ),
  )
  if (endedAt !== null) tellOfClosed(tx, row)
  return row
}

export async function correctionsOf(reader: Reader, shop: number, timecard: string): Promise<Row[]> {
  return reader.query(
    `SELECT ${correctionColumns.join(", ")} FROM staff.timecard_correction WHERE shop_id = $1 AND timecard_id = $2 ORDER BY corrected_at, id`,
    [shop, timecard],
  )
}

export interface HoursQuestion {
  from: Date
  to: Date
  workers: readonly string[] | undefined
  stores: readonly string[] | undefined
  now: Date
}

/** Minutes within the period, by worker and store; stays that are open count until now. */
export async function hoursWorked(reader: Reader, shop: number, { from, to, workers, stores, now }: HoursQuestion): Promise<Row[]> {
  return reader.query(
    `SELECT worker_id, store_id, count(*) AS stays,
       sum(floor(extract(epoch FROM least(coalesce(ended_at, greatest($6::timestamptz, started_at)), $3) - greatest(started_at, $2)) / 60)) AS minutes
     FROM staff.timecard
     WHERE shop_id = $1 AND started_at > $2::timestamptz - interval '${longestDays} days' AND started_at < $3::timestamptz
       AND coalesce(ended_at, $6) > $2 AND ($4::uuid[] IS NULL OR worker_id = ANY ($4)) AND ($5::uuid[] IS NULL OR store_id = ANY ($5))
     GROUP BY worker_id, store_id ORDER BY worker_id, store_id`,
    [shop, from, to, workers ?? null, stores ?? null, now],
  )
}

function assertPeriod(start: Date, end: Date | null, now: Date): void {
  const latest = now.getTime() + aheadMs
  if (start.getTime() > latest) throw invalid("Work cannot start in the future.", { pointer: "/data/attributes/startedAt" })
  if (end === null) return
  const pointer = "/data/attributes/endedAt"
  if (end.getTime() > latest) throw invalid("Work cannot end in the future.", { pointer })
  if (end <= start) throw invalid("Work ends after it started.", { pointer })
  if (end.getTime() - start.getTime() > longestDays * 86_400_000) throw invalid(`A stay is at most ${longestDays} days long.`, { pointer })
}

function sameAs(row: Row, { worker, store, startedAt }: Pick<TimecardToStart, "worker" | "store" | "startedAt">): Row {
  const isSameStart = startedAt === undefined || startedAt.getTime() === (row.started_at as Date).getTime()
  if (row.worker_id === worker && row.store_id === store && isSameStart) return row
  throw conflict(`Timecard ${String(row.id)} is there already, with other content.`, { pointer: "/data/id" })
}

async function apart(rows: Promise<Row[]>): Promise<Row[]> {
  try {
    return await rows
  } catch (cause) {
    const isOverlap = cause instanceof Error && "code" in cause && cause.code === "23P01"
    if (!isOverlap && !isDuplicate(cause, "timecard_open")) throw cause
    const detail = "The worker was at work then already; GET /v1/timecards shows when. End that stay first, or correct it."
    throw conflict(detail, { pointer: "/data/attributes/startedAt" }, "overlapping-timecard")
  }
}

function tellOfClosed(tx: Transaction, row: Row): void {
  tx.emit({ type: timecardClosed, subject: String(row.id), occurredAt: row.ended_at as Date, data: snapshotOf(row) })
}
