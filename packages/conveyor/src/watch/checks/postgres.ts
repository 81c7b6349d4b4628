// A PostgreSQL server as its users feel it: reachable, and none of the numbers that go wrong before everything does. Made by kinds.ts.
import { Client } from "pg"
import { describe } from "../../kernel/errors/errors.ts"
import { fine, worst } from "./check.ts"
import type { Finding, Outcome } from "./check.ts"

/** Undefined: not looked at. Lags in ms. */
export interface PostgresLimits {
  /** Which part of max_connections may be used. */
  connections?: number | undefined
  oldestTransactionMs?: number | undefined
  /** Sessions that wait for a lock. */
  lockWaits?: number | undefined
  replicaLagMs?: number | undefined
}

interface Reading {
  connections: number | null
  oldest_transaction_ms: number | null
  lock_waits: number | null
  replica_lag_ms: number | null
  may_see_all: boolean
}

// What this role may not see is NULL, and NULL is unknown: an empty answer would look like a server at rest.
const reading = `
  SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::float8
           / current_setting('max_connections')::float8 AS connections,
         (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) * 1000
            FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend')::float8 AS oldest_transaction_ms,
         (SELECT count(*) FROM pg_locks WHERE NOT granted)::float8 AS lock_waits,
         (SELECT coalesce(max(extract(epoch FROM replay_lag)), 0) * 1000 FROM pg_stat_replication)::float8 AS replica_lag_ms,
         (SELECT pg_has_role(current_user, 'pg_monitor', 'MEMBER') OR rolsuper
            FROM pg_roles WHERE rolname = current_user) AS may_see_all`

export async function askPostgres(url: string, limits: PostgresLimits, signal: AbortSignal): Promise<Finding> {
  const client = new Client({ connectionString: url, application_name: "conveyor-watch" })
  client.on("error", () => {})
  const end = () => void client.end().catch(() => {})
  signal.addEventListener("abort", end, { once: true })
  try {
    await client.connect()
    const { rows } = await client.query<Reading>(reading)
    const [row] = rows
    return row === undefined ? { outcome: "unknown", summary: "the server said nothing of itself" } : judged(row, limits)
  } catch (thrown) {
    const said = signal.aborted ? "no answer in time" : describe(thrown)
    return { outcome: "problem", summary: `the server cannot be used: ${said}` }
  } finally {
    signal.removeEventListener("abort", end)
    end()
  }
}

function judged(row: Reading, limits: PostgresLimits): Finding {
  const measures = [
    measure("connections", row.connections, limits.connections, (part) => `${Math.round(part * 100)}% of the connections are used`),
    measure(
      "oldest transaction",
      row.oldest_transaction_ms,
      limits.oldestTransactionMs,
      (ms) => `the oldest transaction is ${inSeconds(ms)} old`,
      row,
    ),
    measure("lock waits", row.lock_waits, limits.lockWaits, (count) => `${count} wait for locks`),
    measure("replica lag", row.replica_lag_ms, limits.replicaLagMs, (ms) => `the replica is ${inSeconds(ms)} behind`, row),
  ].filter((each) => each !== undefined)
  const outcome = worst(["fine", ...measures.map((each) => each.outcome)])
  const values = { connections_part: row.connections ?? Number.NaN, lock_waits: row.lock_waits ?? Number.NaN }
  if (outcome === "fine") return fine("answers, and nothing is above its limit", values)
  const told = measures.filter((each) => each.outcome === outcome).map(({ summary }) => summary)
  return { outcome, summary: told.join("; "), values }
}

function measure(
  what: string,
  value: number | null,
  limit: number | undefined,
  words: (value: number) => string,
  { may_see_all: maySeeAll }: { may_see_all: boolean } = { may_see_all: true },
): { outcome: Outcome; summary: string } | undefined {
  if (limit === undefined) return undefined
  if (value === null || !maySeeAll) return { outcome: "unknown", summary: `${what} cannot be seen by this role: GRANT pg_monitor lets it` }
  return value > limit ? { outcome: "problem", summary: words(value) } : { outcome: "fine", summary: words(value) }
}

const inSeconds = (ms: number) => `${Math.round(ms / 1_000)} s`
