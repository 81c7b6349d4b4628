// Fills the rows of one table on one shard, beside the traffic: window of pages after window of pages, in batches
// that are each one short transaction with their cursor. Called by the engine for each operation that has row work.
//
// A window is gone over in strides: the first takes every n-th row, whose old versions PostgreSQL prunes, so that the
// rows of later strides find room on their own page and no index has to be touched.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { BatchSize } from "../pace/batch-size.ts"
import { openCursor, saveCursor, saveProgress, saveSizes } from "../ledger/backfill-ledger.ts"
import type { Cursor } from "../ledger/backfill-ledger.ts"
import type { LeafFacts, TableFacts } from "../evidence/catalog.ts"
import type { Worker } from "./execute.ts"
import { sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { RowWork } from "../operations/operation.ts"
import { applicationPath } from "../operations/derive/trigger-function.ts"
import { backfillSetting } from "../operations/derive/sync-triggers.ts"
import type { BatchPolicy } from "../policy.ts"
import { Rate } from "../pace/rate.ts"
import { isContended, queryCancelled, codeOf } from "../fleet/session.ts"
import { checkFence } from "../fleet/shard-lock.ts"
import type { Throttle } from "../pace/throttle.ts"

export interface BackfillJob {
  worker: Worker
  /** The operation's id. */
  operation: string
  work: RowWork
  facts: TableFacts
  policy: BatchPolicy
  throttle: Throttle
  onProgress: (progress: BackfillProgress) => void
}

export interface BackfillProgress {
  rowsDone: number
  rowsTotal: number
  rowsPerSecond: number
  etaMs: number | undefined
  pausedFor: string | undefined
  batchRows: number
}

export async function backfillTable(job: BackfillJob): Promise<void> {
  const cursors = new Map<number, Cursor>()
  for (const leaf of job.facts.leaves) cursors.set(leaf.oid, await openCursor(job.worker.session, job.worker.change, job.operation, leaf))
  const state = new BackfillState(job, cursors)
  for (const leaf of job.facts.leaves) {
    const cursor = cursors.get(leaf.oid)
    if (cursor?.isDone === false) await backfillLeaf(job, state, leaf, cursor)
  }
  await vacuum(job, state, job.facts.leaves, 1)
  await saveSizes(job.worker.session, job.worker.change, job.operation)
}

async function backfillLeaf(job: BackfillJob, state: BackfillState, leaf: LeafFacts, begun: Cursor): Promise<void> {
  let cursor = begun
  while (cursor.page < cursor.endPage) {
    await state.mayGoOn()
    cursor = await batch(job, state, leaf, cursor)
    await vacuum(job, state, [leaf], job.policy.vacuumEvery)
  }
  while (cursor.skipped.length > 0) {
    const before = cursor.skipped.length
    cursor = await revisit(job, state, leaf, cursor)
    if (cursor.skipped.length < before) await state.mayGoOn()
    else
      await state.waitFor(
        `${cursor.skipped.length} windows of ${leaf.table.name} hold rows that a transaction of the application has locked`,
      )
  }
  const rewritten = await rewrittenLeaf(job, leaf, cursor)
  if (rewritten === undefined) {
    await state.commit(leaf, { ...cursor, rowsDone: cursor.rowsTotal, isDone: true })
  } else {
    await backfillLeaf(job, state, rewritten, await openCursor(job.worker.session, job.worker.change, job.operation, rewritten))
  }
}

/** The leaf as it is now, where somebody has rewritten it (VACUUM FULL, a repack): its rows stand on other pages. */
async function rewrittenLeaf({ worker }: BackfillJob, leaf: LeafFacts, cursor: Cursor): Promise<LeafFacts | undefined> {
  const [now] = await worker.session.rows<{ node: number; pages: number }>(
    `SELECT pg_relation_filenode($1::oid)::int8::float8 AS node, (pg_relation_size($1::oid) / current_setting('block_size')::int)::float8 AS pages`,
    [leaf.oid],
  )
  return now === undefined || now.node === cursor.fileNode ? undefined : { ...leaf, fileNode: now.node, pages: now.pages }
}

/** One stride over one window; gives the cursor after it. */
async function batch(job: BackfillJob, state: BackfillState, leaf: LeafFacts, cursor: Cursor): Promise<Cursor> {
  const { policy } = job
  const strides = job.work.kind === "updates" ? Math.max(1, policy.strides) : 1
  const rowsPerPage = Math.max(1, leaf.rows / Math.max(1, leaf.pages))
  const isFresh = cursor.stride === 0 || cursor.windowPages === 0
  const windowPages = isFresh ? Math.max(1, Math.round((state.size.rows * strides) / rowsPerPage)) : cursor.windowPages
  const end = Math.min(cursor.endPage, cursor.page + windowPages)
  const isLast = cursor.stride >= strides - 1
  const stride = isLast ? undefined : { every: strides, at: cursor.stride }
  const covered = Math.min(cursor.rowsTotal, cursor.rowsDone + ((end - cursor.page) * rowsPerPage) / strides)
  const after: Cursor = isLast
    ? { ...cursor, page: end, stride: 0, windowPages: 0, rowsDone: covered }
    : { ...cursor, stride: cursor.stride + 1, windowPages, rowsDone: covered }

  const outcome = await tryBatch(job, state, leaf, { from: cursor.page, to: end, stride }, after)
  if (outcome === "done") return state.cursorOf(leaf)
  if (outcome === "locked") {
    // An application holds a row: what else is in the window waits too, and the window is visited again.
    const skipped: Cursor = {
      ...cursor,
      page: end,
      stride: 0,
      windowPages: 0,
      rowsDone: covered,
      skipped: [...cursor.skipped, [cursor.page, end]],
    }
    await state.commit(leaf, skipped)
    return skipped
  }
  if (windowPages <= 1 && state.size.rows <= policy.smallestRows && state.panics > 10) throw tooSlow(job, leaf)
  const restarted: Cursor = { ...cursor, stride: 0, windowPages: 0 }
  await state.commit(leaf, restarted)
  return restarted
}

/** Windows that were passed over, halved each time, so that in the end only the page of a locked row waits. */
async function revisit(job: BackfillJob, state: BackfillState, leaf: LeafFacts, cursor: Cursor): Promise<Cursor> {
  const [window, ...others] = cursor.skipped
  if (window === undefined) return cursor
  const [from, to] = window
  const outcome = await tryBatch(job, state, leaf, { from, to, stride: undefined }, { ...cursor, skipped: others })
  if (outcome === "done") return state.cursorOf(leaf)
  const middle = Math.floor((from + to) / 2)
  const halves: [number, number][] =
    to - from > 1
      ? [
          [from, middle],
          [middle, to],
        ]
      : [[from, to]]
  const after: Cursor = { ...cursor, skipped: [...others, ...halves] }
  await state.commit(leaf, after)
  return after
}

interface Window {
  from: number
  to: number
  stride: { every: number; at: number } | undefined
}

async function tryBatch(
  job: BackfillJob,
  state: BackfillState,
  leaf: LeafFacts,
  window: Window,
  after: Cursor,
): Promise<"done" | "locked" | "slow"> {
  const { clock } = job.worker
  const beganAt = clock.now()
  try {
    const changed = await state.commit(leaf, after, { window, beganAt })
    state.size.observe(changed, clock.now() - beganAt)
    state.panics = 0
    return "done"
  } catch (thrown) {
    if (isContended(thrown)) return "locked"
    if (codeOf(thrown) !== queryCancelled || job.worker.signal.aborted) throw thrown
    state.size.panic()
    state.panics++
    return "slow"
  }
}

/** Rows that are right already are read and left alone. */
export function batchSql(work: RowWork, leaf: LeafFacts, { from, to, stride }: Window): string {
  // A scan by range, and not by address: only scans prune the pages that they read.
  const every = stride === undefined ? "" : ` AND (hashtid(ctid) & 2147483647) % ${stride.every} = ${stride.at}`
  return work.batch(leaf.table, `ctid >= '(${from},0)' AND ctid < '(${to},0)'${every} AND ${work.pending}`)
}

class BackfillState {
  readonly size: BatchSize
  panics = 0
  /** Rows changed since the last VACUUM of a leaf. */
  readonly unvacuumed = new Map<number, number>()
  readonly #job: BackfillJob
  readonly #cursors: Map<number, Cursor>
  readonly #rate: Rate
  #pausedFor: string | undefined
  #lastBatchMs = 0

  constructor(job: BackfillJob, cursors: Map<number, Cursor>) {
    this.#job = job
    this.#cursors = cursors
    this.size = new BatchSize(job.policy)
    this.#rate = new Rate(job.worker.clock)
  }

  cursorOf(leaf: LeafFacts): Cursor {
    const cursor = this.#cursors.get(leaf.oid)
    if (cursor === undefined) throw new Error(`no cursor for ${leaf.table.name}`)
    return cursor
  }

  /** Waits as long as a signal asks for it, and rests after a batch. */
  async mayGoOn(): Promise<void> {
    const { worker, policy, throttle } = this.#job
    const rest = await throttle.mayGoOn((reason) => this.#pause(reason))
    await this.#pause(undefined)
    const pause = this.#lastBatchMs * Math.max(policy.rest, rest)
    if (pause >= 1) await worker.clock.sleep(pause, worker.signal)
  }

  async waitFor(reason: string): Promise<void> {
    await this.#pause(reason)
    await this.#job.worker.clock.sleep(200, this.#job.worker.signal)
    await this.#job.throttle.mayGoOn((other) => this.#pause(other))
  }

  /** Commits a cursor, with a batch where there is one, and tells of it. */
  async commit(leaf: LeafFacts, after: Cursor, batch?: { window: Window; beganAt: number }): Promise<number> {
    const { worker, operation, work, policy } = this.#job
    const { session, fence, change, clock } = worker
    let saved = after
    const changed = await session.transaction(async () => {
      await checkFence(session, fence)
      let rows = 0
      if (batch !== undefined) {
        await session.execute(
          `SELECT set_config('${backfillSetting}', 'on', true), set_config('search_path', ${applicationPath}, true), set_config('lock_timeout', '${policy.rowLockMs}ms', true), set_config('statement_timeout', '${this.size.panicMs}ms', true)`,
        )
        if (work.before !== undefined) await session.execute(work.before)
        rows = await session.execute(batchSql(work, leaf, batch.window))
        await session.execute("SELECT set_config('statement_timeout', '0', true)")
      }
      const workingMs = batch === undefined ? 0 : clock.now() - batch.beganAt
      saved = { ...after, rowsChanged: after.rowsChanged + rows, workingMs: after.workingMs + workingMs }
      await saveCursor(session, change, operation, saved)
      await saveProgress(session, change, this.#progress())
      return rows
    })
    this.#lastBatchMs = batch === undefined ? 0 : clock.now() - batch.beganAt
    this.#cursors.set(leaf.oid, saved)
    this.unvacuumed.set(leaf.oid, (this.unvacuumed.get(leaf.oid) ?? 0) + changed)
    this.#rate.observe(this.#total("rowsDone"))
    this.#job.onProgress(this.#progress())
    return changed
  }

  #progress(): BackfillProgress {
    const [rowsDone, rowsTotal, rowsPerSecond] = [this.#total("rowsDone"), this.#total("rowsTotal"), this.#rate.perSecond]
    const etaMs = rowsPerSecond > 0 ? ((rowsTotal - rowsDone) / rowsPerSecond) * 1_000 : undefined
    return { rowsDone, rowsTotal, rowsPerSecond, etaMs, pausedFor: this.#pausedFor, batchRows: this.size.rows }
  }

  async #pause(reason: string | undefined): Promise<void> {
    if (reason === this.#pausedFor) return
    this.#pausedFor = reason
    const { worker, onProgress } = this.#job
    await saveProgress(worker.session, worker.change, this.#progress())
    onProgress(this.#progress())
    if (reason !== undefined) worker.logger.info({ shard: worker.session.shard.name, change: worker.change, reason }, "the backfill waits")
  }

  #total(what: "rowsDone" | "rowsTotal"): number {
    return Math.round([...this.#cursors.values()].reduce((sum, cursor) => sum + cursor[what], 0))
  }
}

/** Ours, not autovacuum's: its default waits until a fifth of the table is dead. */
async function vacuum(job: BackfillJob, state: BackfillState, leaves: readonly LeafFacts[], everyPart: number): Promise<void> {
  if (job.policy.vacuumEvery === 0 || job.work.kind === "inserts") return
  for (const leaf of leaves) {
    const changed = state.unvacuumed.get(leaf.oid) ?? 0
    if (changed === 0 || (everyPart < 1 && changed < Math.max(smallestVacuumRows, leaf.rows * everyPart))) continue
    await job.worker.session.execute(vacuumSql(leaf.table))
    state.unvacuumed.set(leaf.oid, 0)
  }
}

/** Without TRUNCATE, which would want an exclusive lock, and without a wait for somebody else's VACUUM of the table. */
export const vacuumSql = (table: TableName): string => `VACUUM (TRUNCATE false, PARALLEL 0, SKIP_LOCKED) ${sqlName(table)}`

const smallestVacuumRows = 5_000

function tooSlow(job: BackfillJob, leaf: LeafFacts): ConveyorError {
  const { session, change } = job.worker
  return new ConveyorError(
    "batch-too-slow",
    `${change}: a single page of ${leaf.table.name} on shard ${session.shard.name} takes longer than ${job.policy.targetMs * job.policy.panicFactor} ms`,
    {
      facts: { shard: session.shard.name, table: leaf.table.name },
      hint: "Look for triggers on the table and for what else loads the server; the backfill carries on where it stands when it is started again.",
    },
  )
}
