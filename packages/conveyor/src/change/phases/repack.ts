// What a dropped column leaves in the rows goes: each row that is older than the drop is written once more, in the
// backfill's batches, under its throttle and its locks. Called by the engine after contract.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { backfillTable } from "./backfill.ts"
import type { BackfillProgress } from "./backfill.ts"
import { columnOf, readTable } from "../evidence/catalog.ts"
import type { LeafFacts, TableFacts } from "../evidence/catalog.ts"
import type { Change } from "../change.ts"
import { takenBy } from "./contract.ts"
import type { Worker } from "./execute.ts"
import { displayName, quote, sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { RowWork } from "../operations/operation.ts"
import { syncTriggerPrefix } from "../operations/derive/sync-triggers.ts"
import type { BatchPolicy } from "../policy.ts"
import { finishRepack, readRepack, repackOperation } from "../ledger/repack-ledger.ts"
import { codeOf } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"
import type { Throttle } from "../pace/throttle.ts"

export interface RepackJob {
  worker: Worker
  change: Change
  policy: BatchPolicy
  throttle: Throttle
  onProgress: (progress: BackfillProgress) => void
}

/** Carries on where it stands; the tables that are done stay done. */
export async function repackShard({ worker, change, policy, throttle, onProgress }: RepackJob): Promise<void> {
  const { session } = worker
  const { since } = await readRepack(session, change.name)
  for (const facts of await slimmedTables(session, change)) {
    const column = await touchableColumn(session, facts)
    if (column === undefined) {
      worker.logger.warn(
        { shard: session.shard.name, table: displayName(facts.table) },
        "no column of this table can be written; not repacked",
      )
      continue
    }
    const silence = (await loudTriggers(session, facts)).length > 0
    const work = rewriting(facts.table, column, since, silence ? silenced : undefined)
    await backfillTable({ worker, operation: repackOperation, work, facts, policy, throttle, onProgress })
    for (const leaf of facts.leaves) await session.execute(truncatingVacuumSql(leaf.table))
  }
  await finishRepack(session, change.name)
}

/** Reasons of one shard against it; none: its rows may be written again. */
export async function objectionsToRepack(session: Session, change: Change): Promise<string[]> {
  const found: string[] = []
  for (const facts of await slimmedTables(session, change)) {
    const name = `${displayName(facts.table)} on shard ${session.shard.name}`
    const triggers = await triggersOf(session, facts)
    if (triggers.some((trigger) => trigger.name.startsWith(syncTriggerPrefix)))
      found.push(`${name}: a later change derives from its columns; contract or abort that one first, and repack once for both`)
    const always = triggers.filter(({ fires }) => fires === "always")
    if (always.length > 0) found.push(`${name}: ${namesOf(always)} would fire for every row, whatever we say (ENABLE ALWAYS or REPLICA)`)
    const usual = triggers.filter(({ name: trigger, fires }) => fires === "usually" && !trigger.startsWith(syncTriggerPrefix))
    if (usual.length > 0 && !(await maySilence(session)))
      found.push(
        `${name}: ${namesOf(usual)} would fire for every row; GRANT SET ON PARAMETER session_replication_role to the role of the shard's url, so that they stay silent`,
      )
  }
  return found
}

export function repackRefused(change: Change, reasons: readonly string[]): ConveyorError {
  return new ConveyorError("repack-refused", `${change.name} is not repacked:\n${reasons.map((reason) => `- ${reason}`).join("\n")}`, {
    facts: { change: change.name, reasons },
    hint: "No row was touched by this call. Take away the reasons and run the same command again.",
  })
}

/** The tables that live on without some of their columns. */
export async function slimmedTables(session: Session, change: Change): Promise<TableFacts[]> {
  const tables = new Map<string, TableName>()
  for (const taken of takenBy(change)) if (taken.kind === "column") tables.set(sqlName(taken.table), taken.table)
  const found: TableFacts[] = []
  for (const table of tables.values()) {
    const facts = await readTable(session, table)
    if (facts !== undefined && facts.kind !== "other") found.push(facts)
  }
  return found
}

/** A row version that is younger than the drop holds nothing of what was dropped; so no row is written twice, and none that the application wrote. */
function rewriting(table: TableName, column: string, since: string, before: string | undefined): RowWork {
  return {
    table,
    batch: (leaf, where) => `UPDATE ONLY ${sqlName(leaf)} SET ${quote(column)} = ${quote(column)} WHERE ${where}`,
    kind: "updates",
    // A negative age: frozen so long ago that the number has come round.
    pending: `(age(xmin) > age('${since}'::xid) OR age(xmin) < 0)`,
    wrong: "false",
    torn: "false",
    touchedWithin: () => "true",
    widensBy: 0,
    ...(before === undefined ? {} : { before }),
  }
}

/** Nothing changes for the application, so its triggers have nothing to hear: no row was touched, audited or sent again. */
const silenced = "SET LOCAL session_replication_role = replica"

/** At the end alone: it gives way as soon as somebody waits for the table, and takes the lock only where nobody does. */
const truncatingVacuumSql = (table: TableName) => `VACUUM (TRUNCATE true, PARALLEL 0, SKIP_LOCKED) ${sqlName(table)}`

async function touchableColumn(session: Session, facts: TableFacts): Promise<string | undefined> {
  const rows = await session.rows<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a' ORDER BY attlen < 0, attnum`,
    [facts.oid],
  )
  return rows.map(({ name }) => name).find((name) => columnOf(facts, name) !== undefined)
}

interface LoudTrigger {
  name: string
  /** As session_replication_role decides: "usually" not under replica, "always" under it too. */
  fires: "usually" | "always"
}

/** Of every leaf, for an UPDATE of any column, by row or by statement. */
function triggersOf(session: Session, { leaves }: TableFacts): Promise<LoudTrigger[]> {
  return session.rows<LoudTrigger>(
    `SELECT DISTINCT tgname AS name, CASE tgenabled WHEN 'O' THEN 'usually' ELSE 'always' END AS fires FROM pg_trigger
     WHERE tgrelid = ANY ($1::oid[]) AND NOT tgisinternal AND (tgtype & 16) = 16 AND tgenabled <> 'D' ORDER BY 1`,
    [leaves.map(({ oid }: LeafFacts) => oid)],
  )
}

const loudTriggers = async (session: Session, facts: TableFacts) =>
  (await triggersOf(session, facts)).filter(({ fires }) => fires === "usually")

async function maySilence(session: Session): Promise<boolean> {
  try {
    await session.transaction(() => session.execute(silenced))
    return true
  } catch (thrown) {
    if (codeOf(thrown) !== insufficientPrivilege) throw thrown
    return false
  }
}

const insufficientPrivilege = "42501"

const namesOf = (triggers: readonly LoudTrigger[]) => `trigger ${triggers.map(({ name }) => quote(name)).join(", ")}`
