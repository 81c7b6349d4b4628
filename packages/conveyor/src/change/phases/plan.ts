// What the phases of a change would execute on a shard now: the same statements that the engine runs, with their lock,
// and what they cost, estimated from the catalog. Changes nothing. Called by the engine.
import type { Logger } from "../../kernel/logger.ts"
import { batchSql } from "./backfill.ts"
import type { TableFacts } from "../evidence/catalog.ts"
import type { Change } from "../change.ts"
import type { PlannedStatement } from "../engine.ts"
import { contractSteps } from "./contract.ts"
import { examine, withBrought } from "./examine.ts"
import { keyed } from "./expand.ts"
import { judgeStarReaders } from "./star-judgement.ts"
import { readTables } from "../evidence/tables.ts"
import { hasLedger, readEntry, readSteps } from "../ledger/ledger.ts"
import type { LedgerEntry } from "../ledger/ledger.ts"
import { sqlName } from "../files/names.ts"
import type { Brought, Operation, Statement, Tables } from "../operations/operation.ts"
import type { ChangePolicy } from "../policy.ts"
import type { Session } from "../fleet/session.ts"
import { refuseEdited } from "../fleet/shard-run.ts"
import { hasReached } from "../status.ts"

/** Measured on two cores with seven indexes beside 200 transactions a second; an estimate, and said to be one. */
const rowsFilledPerSecond = 20_000
const rowsReadPerSecond = 1_500_000
const rowsIndexedPerSecond = 400_000
const bytesPerIndexEntry = 24
const quickMs = 10
/** What strides and VACUUM leave of bloat, as a part of heap and indexes. */
const bloatPart = 0.15

/** `before` is what earlier changes of the same plan will have added. It grows by this one's, unless that is there already. */
export async function planShard(
  session: Session,
  change: Change,
  policy: ChangePolicy,
  before: Brought[],
  logger: Pick<Logger, "warn">,
): Promise<PlannedStatement[]> {
  const known = await hasLedger(session)
  const entry = known ? await readEntry(session, change.name) : undefined
  refuseEdited(change, entry)
  if (entry === undefined) {
    await examine(session, change, before)
    await judgeStarReaders(session, change, policy.expand.starReaders, logger)
  }
  const done = new Set(
    entry === undefined ? [] : (await readSteps(session, change.name)).filter(({ state }) => state === "done").map(({ key }) => key),
  )
  const planned: PlannedStatement[] = []
  const brought = [...before]
  for (const operation of change.operations) {
    const tables = withBrought(await readTables(session, operation), brought)
    planned.push(...planOperation(session.shard.name, operation, tables, entry, policy, done))
    brought.push(...operation.brings)
    if (entry === undefined) before.push(...operation.brings)
  }
  return planned.sort((one, other) => phases.indexOf(one.phase) - phases.indexOf(other.phase))
}

const phases: readonly PlannedStatement["phase"][] = ["expand", "backfill", "verify", "contract"]

function planOperation(
  shard: string,
  operation: Operation,
  tables: Tables,
  entry: LedgerEntry | undefined,
  policy: ChangePolicy,
  done: ReadonlySet<string>,
): PlannedStatement[] {
  const facts = operation.tables.map((table) => tables(table)).find((found) => found !== undefined)
  const plan = (phase: PlannedStatement["phase"], statements: readonly Statement[]) =>
    statements
      .filter(({ key, how }) => how !== "marker" && !done.has(key))
      .map((statement): PlannedStatement => ({ shard, phase, sql: statement.sql, lock: statement.lock, ...cost(statement, facts) }))
  const work = operation.rows(tables)
  const contract = operation.contract(tables)
  return [
    ...(hasReached(entry?.phase, "expanded") ? [] : plan("expand", keyed(operation, operation.expand(tables)))),
    ...(hasReached(entry?.phase, "backfilled")
      ? []
      : [...planRows(shard, work, facts, policy), ...plan("backfill", keyed(operation, operation.finish(tables)))]),
    ...(work === undefined || hasReached(entry?.phase, "verified") ? [] : [planVerify(shard, work.wrong, facts, operation)]),
    ...(contract === undefined || entry?.phase === "contracted"
      ? []
      : plan("contract", [...contractSteps(operation, "prepare", contract.prepare), ...contractSteps(operation, "drop", contract.drop)])),
  ]
}

function planRows(
  shard: string,
  work: ReturnType<Operation["rows"]>,
  facts: TableFacts | undefined,
  policy: ChangePolicy,
): PlannedStatement[] {
  if (work === undefined || facts === undefined) return []
  return facts.leaves.map((leaf) => {
    const pages = Math.max(1, Math.ceil((policy.batch.firstRows * leaf.pages) / Math.max(1, leaf.rows)))
    return {
      shard,
      phase: "backfill",
      sql: batchSql(work, leaf, { from: 0, to: pages, stride: undefined }),
      lock: "ROW EXCLUSIVE",
      estimatedMs: (leaf.rows / rowsFilledPerSecond) * 1_000 * (1 + policy.batch.rest),
      estimatedBytes: projectedBytes(leaf, work.widensBy),
    }
  })
}

/** What the rows of a leaf will take more of the disk while they are filled. */
export function projectedBytes(leaf: { heapBytes: number; indexBytes: number; rows: number }, widensBy: number): number {
  return Math.round((leaf.heapBytes + leaf.indexBytes) * bloatPart + leaf.rows * widensBy)
}

function planVerify(shard: string, wrong: string, facts: TableFacts | undefined, operation: Operation): PlannedStatement {
  const [table] = operation.tables
  return {
    shard,
    phase: "verify",
    sql: `SELECT count(*), count(*) FILTER (WHERE ${wrong}) FROM ${table === undefined ? "" : sqlName(table)}`,
    lock: "ACCESS SHARE",
    estimatedMs: (rowsOf(facts) / rowsReadPerSecond) * 1_000,
    estimatedBytes: 0,
  }
}

function cost({ work }: Statement, facts: TableFacts | undefined): { estimatedMs: number; estimatedBytes: number } {
  const rows = rowsOf(facts)
  if (work === "rows") return { estimatedMs: quickMs + (rows / rowsReadPerSecond) * 1_000, estimatedBytes: 0 }
  if (work === "index") return { estimatedMs: quickMs + (rows / rowsIndexedPerSecond) * 1_000, estimatedBytes: rows * bytesPerIndexEntry }
  return { estimatedMs: quickMs, estimatedBytes: 0 }
}

const rowsOf = (facts: TableFacts | undefined): number => facts?.leaves.reduce((sum, leaf) => sum + leaf.rows, 0) ?? 0
