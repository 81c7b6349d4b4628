// The signals that a backfill listens to. Each reads one thing on the shard, on the control plane or through a probe.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { vacuumSql } from "../phases/backfill.ts"
import { freeDisk } from "./disk-gate.ts"
import type { DiskPolicy, ThrottlePolicy } from "../policy.ts"
import type { Session } from "../fleet/session.ts"
import { SignalError } from "./throttle.ts"
import type { Level, Signal } from "./throttle.ts"

export interface SignalSources {
  session: Session
  change: string
  policy: ThrottlePolicy
  disk: DiskPolicy
  clock: Clock
  signal: AbortSignal
}

export function signalsOf(sources: SignalSources): Signal[] {
  const { policy } = sources
  return [
    heldByHand(sources),
    ...(policy.window === undefined ? [] : [hoursOfDay(policy.window, sources.clock)]),
    ...(policy.foreground === undefined ? [] : [foreground(sources, policy.foreground)]),
    ...(policy.replicaLagMs === undefined && policy.replicaLagBytes === undefined ? [] : [replicaLag(sources)]),
    ...(policy.walBytesPerSecond === undefined ? [] : [walRate(sources, policy.walBytesPerSecond)]),
    diskHeadroom(sources),
    ...(policy.deadRowsPart === undefined ? [] : [deadRows(sources, policy.deadRowsPart)]),
    ...(policy.oldestTransactionMs === undefined ? [] : [oldestTransaction(sources, policy.oldestTransactionMs)]),
  ]
}

const idle: Level = { level: 0, reason: "" }

function heldByHand({ session, change }: SignalSources): Signal {
  return {
    name: "the pause",
    async read() {
      const [row] = await session.rows<{ held: boolean }>("SELECT held FROM conveyor.change WHERE name = $1", [change])
      return row?.held === true ? { level: 1, reason: "paused by hand; conveyor change resume goes on" } : idle
    },
  }
}

function hoursOfDay([from, to]: readonly [string, string], clock: Clock): Signal {
  return {
    name: "the window of hours",
    read: () =>
      Promise.resolve(isWithin(from, to, new Date(clock.now())) ? idle : { level: 1, reason: `waits for its window, ${from} to ${to}` }),
  }
}

/** Whether the time of day lies in a window, which may go over midnight. */
export function isWithin(from: string, to: string, at: Date): boolean {
  const now = at.getHours() * 60 + at.getMinutes()
  const [begin, end] = [minutesOf(from), minutesOf(to)]
  return begin <= end ? now >= begin && now < end : now >= begin || now < end
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number)
  return hours * 60 + minutes
}

function foreground({ session, signal }: SignalSources, probe: NonNullable<ThrottlePolicy["foreground"]>): Signal {
  return {
    name: "the application's latency",
    async read() {
      const { p99Ms, limitMs } = await probe(session.shard.name, signal).catch((thrown: unknown) => {
        throw new SignalError(thrown)
      })
      return { level: p99Ms / limitMs, reason: `the application's p99 is ${Math.round(p99Ms)} ms, the limit ${Math.round(limitMs)} ms` }
    },
  }
}

function replicaLag({ session, policy }: SignalSources): Signal {
  const { replicaLagMs = Number.POSITIVE_INFINITY, replicaLagBytes = Number.POSITIVE_INFINITY } = policy
  return {
    name: "the replicas' lag",
    async read() {
      const [row] = await session.rows<{ name: string; ms: number; bytes: number }>(
        `SELECT application_name AS name, coalesce(extract(epoch FROM replay_lag) * 1000, 0)::float8 AS ms,
                pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 AS bytes
         FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL ORDER BY replay_lsn LIMIT 1`,
      )
      if (row === undefined) return idle
      const level = Math.max(row.ms / replicaLagMs, row.bytes / replicaLagBytes)
      return { level, reason: `replica ${row.name} is ${formatDuration(row.ms)} and ${Math.round(row.bytes / 2 ** 20)} MB behind` }
    },
  }
}

function walRate({ session, clock }: SignalSources, limit: number): Signal {
  let last: { at: number; bytes: number } | undefined
  return {
    name: "the WAL rate",
    async read() {
      const [row] = await session.rows<{ bytes: number }>("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes")
      const now = { at: clock.now(), bytes: row?.bytes ?? 0 }
      const rate = last === undefined || now.at === last.at ? 0 : ((now.bytes - last.bytes) / (now.at - last.at)) * 1_000
      last = now
      return {
        level: rate / limit,
        reason: `the server writes ${Math.round(rate / 2 ** 20)} MB of WAL a second, the limit is ${Math.round(limit / 2 ** 20)} MB`,
      }
    },
  }
}

function diskHeadroom({ session, disk }: SignalSources): Signal {
  return {
    name: "the free disk",
    async read() {
      const free = await freeDisk(session, disk).catch((thrown: unknown) => {
        throw new SignalError(thrown)
      })
      if (free === undefined) return idle
      // Free space shrinks slowly, so it stops a backfill at the limit and does not slow one down before.
      const keptBytes = free.totalBytes * disk.freePart
      return free.freeBytes > keptBytes
        ? idle
        : {
            level: 1,
            reason: `the disk has ${Math.round(free.freeBytes / 2 ** 20)} MB free, ${Math.round(keptBytes / 2 ** 20)} MB have to stay`,
          }
    },
  }
}

/** A VACUUM helps against most dead rows; what it has to leave is a reason to stop. */
function deadRows({ session, change }: SignalSources, limit: number): Signal {
  const read = async () => {
    const [row] = await session.rows<{ schema: string; name: string; part: number }>(
      `SELECT s.schemaname AS schema, s.relname AS name, (s.n_dead_tup::float8 / (s.n_live_tup + s.n_dead_tup)) AS part
       FROM conveyor.backfill b JOIN pg_stat_all_tables s ON s.relid = b.leaf
       WHERE b.change = $1 AND NOT b.is_done AND s.n_dead_tup > ${fewDeadRows} ORDER BY part DESC LIMIT 1`,
      [change],
    )
    return row
  }
  return {
    name: "the dead rows",
    async read() {
      const before = await read()
      if (before === undefined || before.part < limit) return idle
      await session.execute(vacuumSql(before))
      const after = await read()
      if (after === undefined || after.part < limit) return idle
      return { level: 1, reason: `${Math.round(after.part * 100)}% of ${after.name} are dead rows that VACUUM cannot remove yet` }
    },
  }
}

const fewDeadRows = 10_000

function oldestTransaction({ session }: SignalSources, limitMs: number): Signal {
  return {
    name: "the oldest transaction",
    async read() {
      const [row] = await session.rows<{ pid: number; ms: number }>(
        `SELECT pid, (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float8 AS ms FROM pg_stat_activity
         WHERE backend_xmin IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1`,
      )
      if (row === undefined) return idle
      // It stops a backfill, and does not slow one down: an old transaction is no load.
      return row.ms < limitMs
        ? idle
        : { level: 1, reason: `the transaction of server process ${row.pid} is open for ${formatDuration(row.ms)}: VACUUM frees nothing` }
    },
  }
}
