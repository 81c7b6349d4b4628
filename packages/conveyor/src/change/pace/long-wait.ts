// What a statement that may take long waits for: seen through a second connection while it runs, and shown as the
// reason why the change does not move. Called by execute for everything that runs outside a transaction.
import { describe } from "../../kernel/errors/errors.ts"
import { formatDuration } from "../../kernel/time/duration.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import type { Logger } from "../../kernel/logger.ts"
import { savePause } from "../ledger/backfill-ledger.ts"
import type { LockPolicy } from "../policy.ts"
import { openSession } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"

export interface Waiter {
  session: Session
  change: string
  lock: LockPolicy
  /** For connections beside the session. */
  connectMs: number
  clock: Clock
  logger: Logger
  signal: AbortSignal
  /** Told why a statement does not end, and undefined when it has. */
  onWait: (reason: string | undefined) => void
}

/** Runs `work` on the waiter's session with a lock_timeout of its own, and tells what keeps it. */
export async function waitOpenly<T>(waiter: Waiter, what: string, work: () => Promise<T>, onSeen: (reason: string) => void): Promise<T> {
  const { session, lock } = waiter
  const over = new AbortController()
  await session.execute(`SET lock_timeout = ${lock.longWaitMs}`)
  const watching = watch(waiter, what, over.signal, onSeen)
  try {
    return await work()
  } finally {
    over.abort()
    const wasTold = await watching
    if (wasTold) waiter.onWait(undefined)
    // The work's own failure is the one to tell; a connection that broke has forgotten its settings.
    if (wasTold) await savePause(session, waiter.change, undefined).catch(() => {})
    await session.execute("SET lock_timeout = 0").catch(() => {})
  }
}

/** Gives whether there was something to tell. */
async function watch(waiter: Waiter, what: string, over: AbortSignal, onSeen: (reason: string) => void): Promise<boolean> {
  const { session, change, lock, connectMs, clock, logger, signal, onWait } = waiter
  const either = AbortSignal.any([signal, over])
  let told: string | undefined
  try {
    await clock.sleep(lock.watchMs, either)
    const beside = await openSession(session.shard, { connectMs, signal })
    try {
      while (!either.aborted) {
        const reason = await look(beside, session.pid, what)
        if (reason !== undefined && reason !== told) {
          told = reason
          onSeen(reason)
          onWait(reason)
          await savePause(beside, change, reason)
        }
        await clock.sleep(lock.watchMs, either)
      }
    } finally {
      await beside.close()
    }
  } catch (thrown) {
    if (!either.aborted)
      logger.warn({ shard: session.shard.name, change, reason: describe(thrown) }, "what a statement waits for cannot be seen")
  }
  return told !== undefined
}

interface Seen {
  phase: string | null
  done: number | null
  total: number | null
  blocker: number | null
  application: string | null
  open_ms: number | null
}

async function look(beside: Session, pid: number, what: string): Promise<string | undefined> {
  const [row] = await beside.rows<Seen>(lookSql, [pid])
  if (row === undefined) return undefined
  const phase = row.phase === null ? "" : `, ${row.phase}`
  if (row.blocker !== null) {
    const open = row.open_ms === null ? "" : `, whose transaction is open for ${formatDuration(row.open_ms)}`
    return `"${what}"${phase}: waits for server process ${row.blocker} (${row.application || "no application name"})${open}`
  }
  if (row.phase === null) return undefined
  const part = row.total === null || row.done === null || row.total === 0 ? "" : `, ${Math.floor((row.done / row.total) * 100)}%`
  return `"${what}"${phase}${part}`
}

/** The oldest of those that are waited for; the progress of an index, in whatever its phase counts. */
const lookSql = `
  SELECT p.phase, greatest(p.blocks_done, p.tuples_done)::float8 AS done, greatest(p.blocks_total, p.tuples_total)::float8 AS total,
         b.pid AS blocker, b.application_name AS application, b.open_ms
  FROM (SELECT $1::int AS pid) AS ours
  LEFT JOIN pg_stat_progress_create_index p ON p.pid = ours.pid
  LEFT JOIN LATERAL (
    SELECT a.pid, a.application_name, (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS open_ms
    FROM unnest(pg_blocking_pids(ours.pid)) AS other JOIN pg_stat_activity a ON a.pid = other ORDER BY a.xact_start LIMIT 1
  ) AS b ON true`
