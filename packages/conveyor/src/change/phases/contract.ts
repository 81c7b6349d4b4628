// Contract: what old code read goes, on evidence. First every shard is asked; then what can refuse is done; then the
// canary shard lives for a while with the old hidden; only then something is dropped. Called by the engine.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import type { Change } from "../change.ts"
import { findDependents } from "../evidence/dependents.ts"
import type { ContractEvidence } from "../engine.ts"
import { runStatements, undoSteps } from "./execute.ts"
import type { Worker } from "./execute.ts"
import { keyed } from "./expand.ts"
import { readTables } from "../evidence/tables.ts"
import { lastProof } from "./last-proof.ts"
import { refusalsOfDrop } from "./tried-drop.ts"
import { verifyOperation } from "./verify.ts"
import { movePhase, readSteps } from "../ledger/ledger.ts"
import type { LedgerEntry } from "../ledger/ledger.ts"
import { displayName } from "../files/names.ts"
import type { ContractStep, Operation, Readable, Statement, Taken } from "../operations/operation.ts"
import type { ContractPolicy } from "../policy.ts"
import { beginObservation, findReaders } from "../evidence/readers.ts"
import { missingStatistics, unseenReplicas } from "../evidence/statistics.ts"

export const takenBy = (change: Change): Taken[] => change.operations.flatMap((operation) => operation.takes)

export const describeTaken = (taken: Taken): string =>
  taken.kind === "other" ? taken.what : taken.kind === "table" ? displayName(taken.table) : `${displayName(taken.table)}.${taken.column}`

const isReadable = (taken: Taken): taken is Readable => taken.kind !== "other"

/** Reasons of one shard against contract; none: it may lose what the change takes. */
export async function objectionsOfShard(
  worker: Worker,
  change: Change,
  entry: LedgerEntry | undefined,
  evidence: ContractEvidence,
  policy: ContractPolicy,
): Promise<string[]> {
  const { session, clock, signal } = worker
  const shard = session.shard.name
  if (entry?.phase === "contracting" || entry?.phase === "contracted") return []
  if (entry?.phase !== "verified") return [`shard ${shard} is ${entry?.phase ?? "absent"}, not verified`]
  const taken = takenBy(change).filter(isReadable)
  const dependents = [
    ...(await findDependents(session, taken)),
    ...(await refusalsOfDrop(worker, await statementsOf(worker, change, "drop"))),
    ...(await differences(worker, change)),
  ]
  if (policy.readers === "trust-release" || taken.length === 0) return dependents
  const missing = await missingStatistics(session)
  if (missing !== undefined) return [...dependents, missing]
  const standbys = policy.replicas === "trust" ? [] : await unseenReplicas(session)
  const began = await beginObservation(session, change.name, evidence.lastReaderStoppedAt)
  await sleepUntil(began.getTime() + policy.observeMs, clock, signal)
  return [...dependents, ...standbys, ...(await findReaders(session, change.name, taken))]
}

/** Old against new, now: what wrote past the triggers since the last proof is found before anything is hidden. */
async function differences(worker: Worker, change: Change): Promise<string[]> {
  const found: string[] = []
  for (const operation of change.operations) {
    const { mismatches, firstKeys } = await verifyOperation(worker, operation, await readTables(worker.session, operation), "in use")
    if (mismatches === 0) continue
    found.push(
      `shard ${worker.session.shard.name}: old and new differ in ${mismatches} rows (${operation.describe()}); the first: ${firstKeys.join(", ")}; something writes with the triggers off`,
    )
  }
  return found
}

/** Constraints that rows may still refuse; taken back where one does, so that old code could still come back. */
export async function prepareShard(worker: Worker, change: Change, entry: LedgerEntry | undefined): Promise<string[]> {
  if (entry?.phase !== "verified") return []
  const statements = await statementsOf(worker, change, "prepare")
  try {
    await runStatements(worker, statements)
    return []
  } catch (thrown) {
    const meant = new Set(statements.map(({ key }) => key))
    await undoSteps(worker, (key) => meant.has(key))
    if (!(thrown instanceof ConveyorError) || !["statement-failed", "rows-refuse"].includes(thrown.code)) throw thrown
    return [describe(thrown)]
  }
}

export async function unprepareShard(worker: Worker, change: Change, entry: LedgerEntry | undefined): Promise<void> {
  if (entry?.phase !== "verified") return
  const meant = new Set((await statementsOf(worker, change, "prepare")).map(({ key }) => key))
  await undoSteps(worker, (key) => meant.has(key))
}

/** Hides what will go, watches, and brings it back where somebody misses it. Gives the reasons. */
export async function softDrop(worker: Worker, change: Change, entry: LedgerEntry | undefined, policy: ContractPolicy): Promise<string[]> {
  if (policy.softDropMs === 0 || entry === undefined || entry.phase === "contracted") return []
  const hiding = await statementsOf(worker, change, "hide")
  if (hiding.length === 0 || (await hasLost(worker, entry))) return []
  // The phase first: from here on no old version may start on this shard.
  await movePhase(worker.session, change.name, "contracting")
  await runStatements(worker, hiding)
  const missed = await watch(worker, policy)
  if (missed.length > 0) {
    const meant = new Set(hiding.map(({ key }) => key))
    await undoSteps(worker, (key) => meant.has(key))
    await movePhase(worker.session, change.name, "verified")
  }
  return missed
}

const hidingStatement = ({ sql, show }: NonNullable<ContractStep["hide"]>): Statement => ({
  key: "hide",
  how: "quick",
  lock: "ACCESS EXCLUSIVE",
  sql: sql.join(";\n"),
  undo: { sql: show.join(";\n"), how: "quick" },
})

/** What is hidden and not dropped comes back. */
export async function showAgain(worker: Worker, entry: LedgerEntry | undefined): Promise<void> {
  if (entry?.phase !== "contracting" || (await hasLost(worker, entry))) return
  await undoSteps(worker, (key) => key.startsWith(contractPrefix))
  await movePhase(worker.session, worker.change, "verified")
}

/** Whether something is dropped that no undo brings back. */
export async function hasLost(worker: Worker, entry: LedgerEntry | undefined): Promise<boolean> {
  if (entry?.phase === "contracted") return true
  if (entry?.phase !== "contracting") return false
  return (await readSteps(worker.session, worker.change)).some(({ key }) => key.startsWith(`${contractPrefix}drop `))
}

export async function dropOnShard(worker: Worker, change: Change, entry: LedgerEntry | undefined): Promise<void> {
  if (entry === undefined || entry.phase === "contracted") return
  await movePhase(worker.session, change.name, "contracting")
  for (const operation of change.operations) {
    const tables = await readTables(worker.session, operation)
    const step = operation.contract(tables)
    if (step === undefined) continue
    const proof = await lastProof(worker, operation, step, tables)
    await runStatements(worker, contractSteps(operation, "drop", step.drop), proof)
  }
  await movePhase(worker.session, change.name, "contracted")
}

const pick: Readonly<Record<Part, (step: ContractStep) => readonly Statement[]>> = {
  prepare: ({ prepare }) => prepare,
  hide: ({ hide }) => (hide === undefined ? [] : [hidingStatement(hide)]),
  drop: ({ drop }) => drop,
}

async function statementsOf(worker: Worker, change: Change, part: Part): Promise<Statement[]> {
  const found: Statement[] = []
  for (const operation of change.operations) {
    const step = operation.contract(await readTables(worker.session, operation))
    if (step !== undefined) found.push(...contractSteps(operation, part, pick[part](step)))
  }
  return found
}

const contractPrefix = "contract "

type Part = "prepare" | "hide" | "drop"

/** Names in the ledger that no step of expand or finish has. */
export function contractSteps(operation: Operation, part: Part, statements: readonly Statement[]): Statement[] {
  return keyed(operation, statements).map((statement) => ({ ...statement, key: `${contractPrefix}${part} ${statement.key}` }))
}

async function watch({ clock, signal }: Worker, policy: ContractPolicy): Promise<string[]> {
  const deadline = clock.now() + policy.softDropMs
  for (;;) {
    const missed = (await policy.watch?.(signal)) ?? []
    const left = deadline - clock.now()
    if (missed.length > 0 || left <= 0) return [...missed]
    await clock.sleep(Math.min(left, 1_000), signal)
  }
}

async function sleepUntil(at: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const left = at - clock.now()
  if (left > 0) await clock.sleep(left, signal)
}

export function contractRefused(change: Change, reasons: readonly string[]): ConveyorError {
  return new ConveyorError("contract-refused", `${change.name} is not contracted:\n${reasons.map((reason) => `- ${reason}`).join("\n")}`, {
    facts: { change: change.name, reasons },
    hint: "Nothing was dropped by this call. Take away the reasons and run conveyor change contract again.",
  })
}
