// One runner a shard: an advisory lock on the runner's only session, and a fencing token that every transaction of
// the runner reads again. Taken at the start of each phase on a shard; goes with the session.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { until } from "../../kernel/time/until.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { prepareLedger } from "../ledger/ledger.ts"
import type { LockPolicy } from "../policy.ts"
import type { Session } from "./session.ts"

interface FenceRow {
  token: string
  holder_pid: number | null
  since: Date | null
}

export interface LockOptions {
  fence: number
  policy: LockPolicy
  clock: Clock
  signal: AbortSignal
}

/** @throws ConveyorError "fenced-off" where a newer runner was here, TimedOutError where a rival of the same token stays. */
export async function lockShard(session: Session, options: LockOptions): Promise<void> {
  const { fence, policy, clock, signal } = options
  await session.execute(`SET lock_timeout = ${policy.rivalMs}`)
  await prepareLedger(session)
  await endOlderHolder(session, fence)
  await raiseFence(session, fence)
  await until(
    async () => {
      // Only ever tried, never waited for: a waiting lock holds a snapshot, and CREATE INDEX CONCURRENTLY would wait for it in turn.
      if (await tryLock(session)) return { done: true }
      return { notYet: await describeHolder(session) }
    },
    { what: `the runner's lock on shard ${session.shard.name}`, everyMs: 200, withinMs: policy.rivalMs, clock, signal },
  )
  await session.execute(
    `UPDATE conveyor.fence SET holder_pid = pg_backend_pid(), since = clock_timestamp(), holder_token = $1,
            holder_started = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())`,
    [fence],
  )
  await checkFence(session, fence)
  await session.execute("SET lock_timeout = 0")
}

/** Inside a transaction: it commits only if no newer runner has come, and none can come before it has. */
export async function checkFence(session: Session, fence: number): Promise<void> {
  const [row] = await session.rows<FenceRow>("SELECT token::text, holder_pid, since FROM conveyor.fence FOR SHARE")
  if (Number(row?.token ?? 0) > fence) throw fencedOff(session, fence, Number(row?.token))
}

async function raiseFence(session: Session, fence: number): Promise<void> {
  await session.execute("UPDATE conveyor.fence SET token = $1 WHERE token < $1", [fence])
  await checkFence(session, fence)
}

async function tryLock(session: Session): Promise<boolean> {
  const [row] = await session.rows<{ taken: boolean }>("SELECT pg_try_advisory_lock(hashtextextended('conveyor.runner', 0)) AS taken")
  return row?.taken === true
}

/** A runner with an older token may do nothing more; its server process is told so. */
async function endOlderHolder(session: Session, fence: number): Promise<void> {
  await session.rows(
    `SELECT pg_terminate_backend(a.pid) FROM conveyor.fence f
     JOIN pg_stat_activity a ON a.pid = f.holder_pid AND a.backend_start = f.holder_started AND a.datname = current_database()
     WHERE f.holder_token < $1 AND a.pid <> pg_backend_pid()`,
    [fence],
  )
}

async function describeHolder(session: Session): Promise<string> {
  const [row] = await session.rows<FenceRow>("SELECT token::text, holder_pid, since FROM conveyor.fence")
  return `held by server process ${row?.holder_pid ?? "unknown"} since ${row?.since?.toISOString() ?? "unknown"}`
}

function fencedOff(session: Session, fence: number, seen: number): ConveyorError {
  return new ConveyorError("fenced-off", `shard ${session.shard.name} works for a newer runner (token ${seen}); this one has ${fence}`, {
    facts: { shard: session.shard.name, fence, seen },
    hint: "Another control plane has taken over; stop this one.",
  })
}
