// The engine's memory, kept in each shard's own `conveyor` schema, so that it commits together with what it tells of.
// Read and written by every phase.
import type { Change } from "../change.ts"
import type { ShardPhase } from "../engine.ts"
import type { UndoHow } from "../operations/operation.ts"
import type { Session } from "../fleet/session.ts"

/** Numbered: a shard that has seen the first n runs the rest. A step, once published, is never edited. */
const migrations: readonly string[] = [
  `CREATE TABLE conveyor.fence (
     id int PRIMARY KEY DEFAULT 1 CHECK (id = 1),
     token bigint NOT NULL,
     holder_pid int, holder_started timestamptz, holder_token bigint, since timestamptz
   );
   INSERT INTO conveyor.fence (token) VALUES (0);
   CREATE TABLE conveyor.change (
     name text PRIMARY KEY, digest text NOT NULL, phase text NOT NULL, error text, held boolean NOT NULL DEFAULT false,
     begun_at timestamptz NOT NULL DEFAULT clock_timestamp(), moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
   );
   CREATE TABLE conveyor.step (
     place bigint GENERATED ALWAYS AS IDENTITY, change text NOT NULL REFERENCES conveyor.change ON DELETE CASCADE,
     key text NOT NULL, state text NOT NULL CHECK (state IN ('begun', 'done')), undo text, undo_how text,
     at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (change, key)
   );
   CREATE TABLE conveyor.backfill (
     change text NOT NULL REFERENCES conveyor.change ON DELETE CASCADE, operation text NOT NULL, leaf oid NOT NULL,
     file_node oid NOT NULL, page bigint NOT NULL DEFAULT 0, stride int NOT NULL DEFAULT 0, window_pages bigint NOT NULL DEFAULT 0,
     end_page bigint NOT NULL, skipped jsonb NOT NULL DEFAULT '[]', rows_total bigint NOT NULL, rows_done bigint NOT NULL DEFAULT 0, rows_changed bigint NOT NULL DEFAULT 0,
     working_ms bigint NOT NULL DEFAULT 0, heap_before bigint NOT NULL, index_before bigint NOT NULL, heap_after bigint, index_after bigint,
     is_done boolean NOT NULL DEFAULT false, PRIMARY KEY (change, operation, leaf)
   );
   CREATE TABLE conveyor.progress (
     change text PRIMARY KEY REFERENCES conveyor.change ON DELETE CASCADE, batch_rows int NOT NULL, rows_per_second float8 NOT NULL,
     eta_ms float8, paused_for text, at timestamptz NOT NULL DEFAULT clock_timestamp()
   );
   CREATE TABLE conveyor.statement_snapshot (
     change text NOT NULL REFERENCES conveyor.change ON DELETE CASCADE, userid oid NOT NULL, queryid bigint NOT NULL, calls bigint NOT NULL,
     PRIMARY KEY (change, userid, queryid)
   );
   CREATE TABLE conveyor.observation (
     change text PRIMARY KEY REFERENCES conveyor.change ON DELETE CASCADE, began timestamptz NOT NULL, dealloc bigint NOT NULL, stats_reset timestamptz
   )`,
  `CREATE TABLE conveyor.repack (
     change text PRIMARY KEY REFERENCES conveyor.change ON DELETE CASCADE, since xid8 NOT NULL,
     begun_at timestamptz NOT NULL DEFAULT clock_timestamp(), done_at timestamptz
   )`,
]

export async function hasLedger(session: Session): Promise<boolean> {
  const [found] = await session.rows<{ there: boolean }>("SELECT to_regclass('conveyor.change') IS NOT NULL AS there")
  return found?.there === true
}

/** Makes or upgrades the ledger; safe against a rival who does the same. */
export async function prepareLedger(session: Session): Promise<void> {
  if ((await hasLedger(session)) && (await version(session)) === migrations.length) return
  await session.transaction(async () => {
    await session.rows("SELECT pg_advisory_xact_lock(hashtextextended('conveyor.ledger', 0))")
    await session.execute("CREATE SCHEMA IF NOT EXISTS conveyor")
    await session.execute("CREATE TABLE IF NOT EXISTS conveyor.ledger_version (version int NOT NULL)")
    const from = await version(session)
    for (const migration of migrations.slice(from)) await session.execute(migration)
    await session.execute("DELETE FROM conveyor.ledger_version")
    await session.execute("INSERT INTO conveyor.ledger_version VALUES ($1)", [migrations.length])
  })
}

export async function hasRepackLedger(session: Session): Promise<boolean> {
  const [found] = await session.rows<{ there: boolean }>("SELECT to_regclass('conveyor.repack') IS NOT NULL AS there")
  return found?.there === true
}

async function version(session: Session): Promise<number> {
  const [row] = await session.rows<{ version: number }>("SELECT max(version) AS version FROM conveyor.ledger_version")
  return row?.version ?? 0
}

export interface LedgerEntry {
  phase: ShardPhase
  digest: string
  error: string | undefined
}

export async function readEntry(session: Session, change: string): Promise<LedgerEntry | undefined> {
  const [row] = await session.rows<{ phase: ShardPhase; digest: string; error: string | null }>(
    "SELECT phase, digest, error FROM conveyor.change WHERE name = $1",
    [change],
  )
  return row === undefined ? undefined : { phase: row.phase, digest: row.digest, error: row.error ?? undefined }
}

export async function beginEntry(session: Session, change: Change): Promise<void> {
  await session.execute("INSERT INTO conveyor.change (name, digest, phase) VALUES ($1, $2, 'expanding') ON CONFLICT (name) DO NOTHING", [
    change.name,
    change.digest,
  ])
}

export async function movePhase(session: Session, change: string, phase: ShardPhase): Promise<void> {
  await session.execute("UPDATE conveyor.change SET phase = $2, error = NULL, moved_at = clock_timestamp() WHERE name = $1", [
    change,
    phase,
  ])
}

export async function recordError(session: Session, change: string, error: string): Promise<void> {
  await session.execute("UPDATE conveyor.change SET error = $2 WHERE name = $1", [change, error])
}

/** The backfill reads it before each batch. */
export async function holdBackfill(session: Session, change: string, state: "held" | "free"): Promise<void> {
  if (!(await hasLedger(session))) return
  await session.execute("UPDATE conveyor.change SET held = $2 WHERE name = $1", [change, state === "held"])
}

export async function forget(session: Session, change: string): Promise<void> {
  await session.execute("DELETE FROM conveyor.change WHERE name = $1", [change])
}

export interface Step {
  key: string
  state: "begun" | "done"
  undo: string | undefined
  undoHow: UndoHow
}

/** The steps of a change on this shard, in the order in which they were taken. */
export async function readSteps(session: Session, change: string): Promise<Step[]> {
  const rows = await session.rows<{ key: string; state: Step["state"]; undo: string | null; undo_how: Step["undoHow"] | null }>(
    "SELECT key, state, undo, undo_how FROM conveyor.step WHERE change = $1 ORDER BY place",
    [change],
  )
  return rows.map((row) => ({ key: row.key, state: row.state, undo: row.undo ?? undefined, undoHow: row.undo_how ?? "quick" }))
}

export async function recordStep(
  session: Session,
  change: string,
  key: string,
  state: Step["state"],
  undo: { sql: string; how: string } | undefined,
): Promise<void> {
  await session.execute(
    `INSERT INTO conveyor.step (change, key, state, undo, undo_how) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (change, key) DO UPDATE SET state = EXCLUDED.state, at = clock_timestamp()`,
    [change, key, state, undo?.sql ?? null, undo?.how ?? null],
  )
}

export async function forgetStep(session: Session, change: string, key: string): Promise<void> {
  await session.execute("DELETE FROM conveyor.step WHERE change = $1 AND key = $2", [change, key])
}
