// Expand and its undo on one shard: what the new version needs is added, and taken away again. Called by the engine.
import { readTables } from "../evidence/tables.ts"
import type { Change } from "../change.ts"
import { runStatements, undoSteps } from "./execute.ts"
import type { Worker } from "./execute.ts"
import { beginEntry, forget, movePhase } from "../ledger/ledger.ts"
import type { LedgerEntry } from "../ledger/ledger.ts"
import { examine } from "./examine.ts"
import type { Operation, Statement } from "../operations/operation.ts"
import type { ExpandPolicy } from "../policy.ts"
import { judgeStarReaders } from "./star-judgement.ts"

export async function expandShard(
  worker: Worker,
  change: Change,
  entry: LedgerEntry | undefined,
  starReaders: ExpandPolicy["starReaders"],
): Promise<void> {
  if (entry !== undefined && entry.phase !== "expanding") return
  if (entry === undefined) {
    await examine(worker.session, change)
    await judgeStarReaders(worker.session, change, starReaders, worker.logger)
    await beginEntry(worker.session, change)
  }
  for (const operation of change.operations) {
    const tables = await readTables(worker.session, operation)
    await runStatements(worker, keyed(operation, operation.expand(tables)))
  }
  await movePhase(worker.session, change.name, "expanded")
}

/** By the steps that the ledger has recorded. What was dropped cannot come back, which the caller has to have asked. */
export async function undoShard(worker: Worker, change: Change, entry: LedgerEntry | undefined): Promise<void> {
  if (entry === undefined) return
  await undoSteps(worker, () => true)
  await forget(worker.session, change.name)
}

/** The step's name in the ledger, unique in its change. */
export function keyed(operation: Operation, statements: readonly Statement[]): Statement[] {
  return statements.map((statement) => ({ ...statement, key: `${operation.kind} ${operation.id}: ${statement.key}` }))
}
