// What each shard's ledger says of a repack: since when rows are slim, and whether all of them are. Its cursors are a
// backfill's, under a name that no operation has. Called by the repack, the engine and the status.
import type { Session } from "../fleet/session.ts"

/** Stands where a backfill's cursor has its operation. */
export const repackOperation = "repack"

export interface RepackEntry {
  state: "none" | "running" | "done"
  /** A transaction id after the drop: row versions that are younger hold nothing of what was dropped. */
  since: string
}

export async function readRepack(session: Session, change: string): Promise<RepackEntry> {
  const [row] = await session.rows<{ since: string; done: boolean }>(
    "SELECT since::xid::text AS since, done_at IS NOT NULL AS done FROM conveyor.repack WHERE change = $1",
    [change],
  )
  return row === undefined ? { state: "none", since: "0" } : { state: row.done ? "done" : "running", since: row.since }
}

export async function beginRepack(session: Session, change: string): Promise<void> {
  await session.execute("INSERT INTO conveyor.repack (change, since) VALUES ($1, pg_current_xact_id()) ON CONFLICT (change) DO NOTHING", [
    change,
  ])
  await session.execute("UPDATE conveyor.change SET error = NULL WHERE name = $1", [change])
}

/** The sizes are taken once more: the last VACUUM may have given back the end of a file. */
export async function finishRepack(session: Session, change: string): Promise<void> {
  await session.transaction(async () => {
    await session.execute(
      `UPDATE conveyor.backfill SET heap_after = pg_table_size(leaf::regclass), index_after = pg_indexes_size(leaf::regclass)
       WHERE change = $1 AND operation = $2 AND EXISTS (SELECT FROM pg_class WHERE oid = leaf)`,
      [change, repackOperation],
    )
    await session.execute("UPDATE conveyor.repack SET done_at = clock_timestamp() WHERE change = $1", [change])
  })
}
