// The change engine: takes a change through its phases on every shard of a fleet. Each phase reads as prose here and is
// in a file of its own; each can be called again after a crash. Made by the wiring.
import { ConveyorError } from "../kernel/errors/errors.ts"
import type { Clock } from "../kernel/time/clock.ts"
import type { Logger } from "../kernel/logger.ts"
import { backfillTable } from "./phases/backfill.ts"
import { readSizes } from "./ledger/backfill-ledger.ts"
import type { Sizes } from "./ledger/backfill-ledger.ts"
import type { Change } from "./change.ts"
import {
  contractRefused,
  describeTaken,
  dropOnShard,
  hasLost,
  objectionsOfShard,
  prepareShard,
  showAgain,
  softDrop,
  takenBy,
  unprepareShard,
} from "./phases/contract.ts"
import { passDiskGate } from "./pace/disk-gate.ts"
import type { ChangeEngine, ChangeRun, ChangeStatus, ContractEvidence, Measured, PlannedStatement, ShardStatus } from "./engine.ts"
import { runStatements } from "./phases/execute.ts"
import type { Worker } from "./phases/execute.ts"
import { expandShard, keyed, undoShard } from "./phases/expand.ts"
import { readTables } from "./evidence/tables.ts"
import { walkFleet } from "./fleet/fleet.ts"
import { holdBackfill, movePhase } from "./ledger/ledger.ts"
import type { LedgerEntry } from "./ledger/ledger.ts"
import type { Brought } from "./operations/operation.ts"
import { planShard, projectedBytes } from "./phases/plan.ts"
import { choosePolicy } from "./policy.ts"
import type { PolicyChoices } from "./policy.ts"
import type { Session } from "./fleet/session.ts"
import { objectionsToRepack, repackRefused, repackShard, slimmedTables } from "./phases/repack.ts"
import { beginRepack, readRepack } from "./ledger/repack-ledger.ts"
import type { ShardSpec } from "./fleet/shard.ts"
import { reach, runOnShard } from "./fleet/shard-run.ts"
import type { PhaseWork, ShardRun } from "./fleet/shard-run.ts"
import { signalsOf } from "./pace/signals.ts"
import { FleetProgress, hasReached, readShardStatus, summarise, unreachableStatus } from "./status.ts"
import { createThrottle } from "./pace/throttle.ts"
import type { Throttle } from "./pace/throttle.ts"
import { verifyOperation } from "./phases/verify.ts"
import type { TableChecksum } from "./phases/verify.ts"

export interface EngineParts {
  /** The first one is the canary. */
  shards: readonly ShardSpec[]
  clock: Clock
  logger: Logger
  policy?: PolicyChoices
}

export function createChangeEngine({ shards, clock, logger, policy: choices }: EngineParts): ChangeEngine {
  const policy = choosePolicy(choices ?? {})
  const [canary] = shards
  const closing = new AbortController()

  return { status, plan, expand, backfill, verify, undo, contract, repack, pause, resume, close }

  async function status(changes: readonly Change[], signal: AbortSignal): Promise<ChangeStatus[]> {
    const byShard = await Promise.all(shards.map((shard) => shardStatuses(shard, changes, signal)))
    return changes.map((change, i) =>
      summarise(
        change,
        byShard.flatMap((statuses) => statuses[i] ?? []),
      ),
    )
  }

  async function plan(changes: readonly Change[], signal: AbortSignal): Promise<PlannedStatement[]> {
    const planned = new Map<string, PlannedStatement[]>()
    const work = (shard: ShardSpec) =>
      reading(shard, signal, async (session) => {
        const statements: PlannedStatement[] = []
        const brought: Brought[] = []
        for (const change of changes) statements.push(...(await planShard(session, change, policy, brought, logger)))
        planned.set(shard.name, statements)
      })
    await walkFleet(shards, work, { waves: policy.fleet.waves, perServer: policy.fleet.expandPerServer, signal })
    return shards.flatMap(({ name }) => planned.get(name) ?? [])
  }

  async function expand(change: Change, run: ChangeRun): Promise<void> {
    const progress = await startProgress(change, run)
    await everywhere(change, run, { waves: policy.fleet.waves, perServer: policy.fleet.expandPerServer }, async (worker, entry) => {
      if (!hasReached(entry?.phase, "expanded")) progress.update(worker.session.shard.name, { phase: "expanding", error: undefined })
      await expandShard(worker, change, entry, policy.expand.starReaders)
      if (!hasReached(entry?.phase, "expanded")) progress.update(worker.session.shard.name, { phase: "expanded" })
    })
  }

  async function backfill(change: Change, run: ChangeRun): Promise<Measured> {
    const progress = await startProgress(change, run)
    const sizes: Sizes[] = []
    await everywhere(change, run, { waves: undefined, perServer: policy.fleet.rowsPerServer }, async (worker, entry) => {
      if (!hasReached(entry?.phase, "expanded")) throw notYet(change, worker, "expanded", entry)
      if (!hasReached(entry?.phase, "backfilled")) await backfillShard(worker, change, progress)
      sizes.push(await readSizes(worker.session, change.name, "backfill"))
    })
    return measure(sizes)
  }

  async function backfillShard(worker: Worker, change: Change, progress: FleetProgress): Promise<void> {
    const { session } = worker
    const shard = session.shard.name
    await movePhase(session, change.name, "backfilling")
    progress.update(shard, { phase: "backfilling", error: undefined })
    await passDiskGate(worker, await neededBytes(session, change), policy.disk)
    const throttle = throttleOf(worker)
    const open: Worker = { ...worker, onWait: (pausedFor) => progress.update(shard, { pausedFor }) }
    for (const operation of change.operations) {
      const tables = await readTables(session, operation)
      const work = operation.rows(tables)
      const facts = work === undefined ? undefined : tables(work.table)
      if (work !== undefined && facts !== undefined) {
        await backfillTable({
          worker,
          operation: operation.id,
          work,
          facts,
          policy: policy.batch,
          throttle,
          onProgress: (news) => progress.update(shard, news),
        })
      }
      await runStatements(open, keyed(operation, operation.finish(tables)))
    }
    await movePhase(session, change.name, "backfilled")
    progress.update(shard, { phase: "backfilled", etaMs: undefined, pausedFor: undefined })
  }

  async function verify(change: Change, run: ChangeRun): Promise<{ rows: number; mismatches: number }> {
    const progress = await startProgress(change, run)
    const sum = { rows: 0, mismatches: 0 }
    await everywhere(change, run, { waves: undefined, perServer: policy.fleet.rowsPerServer }, async (worker, entry) => {
      if (!hasReached(entry?.phase, "backfilled")) throw notYet(change, worker, "backfilled", entry)
      // Where the old side is gone there is nothing to compare any more.
      if (hasReached(entry?.phase, "contracting")) return
      const when = entry?.phase === "backfilled" ? "before release" : "in use"
      for (const operation of change.operations) {
        const checksum = await verifyOperation(worker, operation, await readTables(worker.session, operation), when)
        sum.rows += checksum.rows
        sum.mismatches += checksum.mismatches
        if (checksum.mismatches > 0) throw mismatch(change, worker, checksum)
      }
      if (when === "in use") return
      await movePhase(worker.session, change.name, "verified")
      progress.update(worker.session.shard.name, { phase: "verified" })
    })
    return sum
  }

  async function undo(change: Change, run: ChangeRun): Promise<void> {
    const progress = await startProgress(change, run)
    const how = { waves: undefined, perServer: policy.fleet.expandPerServer, file: "whatever it says" } as const
    // Asked of all before it is done to one: half a fleet cannot go back.
    const dropped: string[] = []
    await everywhere(change, run, how, async (worker, entry) => {
      if (await hasLost(worker, entry)) dropped.push(worker.session.shard.name)
    })
    if (dropped.length > 0) throw alreadyContracted(change, dropped)
    await everywhere(change, run, how, async (worker, entry) => {
      await undoShard(worker, change, entry)
      progress.update(worker.session.shard.name, { phase: "absent", rowsDone: 0, rowsTotal: 0, error: undefined })
    })
  }

  async function contract(change: Change, evidence: ContractEvidence, run: ChangeRun): Promise<string[]> {
    if (evidence.objections.length > 0) throw contractRefused(change, evidence.objections)
    const progress = await startProgress(change, run)
    const perServer = policy.fleet.expandPerServer
    const all = { waves: undefined, perServer }
    const dropped = takenBy(change).map(describeTaken)
    if (change.operations.every((operation) => operation.takes.length === 0)) return []

    await refuseFor(change, run, (worker, entry) => objectionsOfShard(worker, change, entry, evidence, policy.contract))
    try {
      await refuseFor(change, run, (worker, entry) => prepareShard(worker, change, entry))
      if (canary !== undefined) {
        const missed = await onShard(canary, change, run, (worker, entry) => softDrop(worker, change, entry, policy.contract))
        if (missed.length > 0) throw contractRefused(change, missed)
      }
    } catch (thrown) {
      if (!run.signal.aborted) await everywhere(change, run, all, (worker, entry) => unprepareShard(worker, change, entry))
      throw thrown
    }
    try {
      await everywhere(change, run, { waves: policy.fleet.waves, perServer }, async (worker, entry) => {
        progress.update(worker.session.shard.name, { phase: "contracting" })
        await dropOnShard(worker, change, entry)
        progress.update(worker.session.shard.name, { phase: "contracted" })
      })
    } catch (thrown) {
      // Where nothing is dropped yet, nobody has to live with what was hidden.
      if (!run.signal.aborted) await everywhere(change, run, all, (worker, entry) => showAgain(worker, entry)).catch(() => {})
      throw thrown
    }
    return dropped
  }

  async function repack(change: Change, run: ChangeRun): Promise<Measured> {
    if (takenBy(change).every(({ kind }) => kind !== "column")) return measure([])
    const progress = await startProgress(change, run)
    const sizes: Sizes[] = []
    const how = { waves: undefined, perServer: policy.fleet.rowsPerServer }
    // Asked of all before a row of one is touched.
    const reasons: string[] = []
    await everywhere(change, run, how, async ({ session }, entry) => {
      const isContracted = entry?.phase === "contracted"
      if (!isContracted) reasons.push(`shard ${session.shard.name} is ${entry?.phase ?? "absent"}, not contracted`)
      else reasons.push(...(await objectionsToRepack(session, change)))
    })
    if (reasons.length > 0) throw repackRefused(change, reasons)
    await everywhere(change, run, how, async (worker) => {
      if ((await readRepack(worker.session, change.name)).state !== "done") await repackOnShard(worker, change, progress)
      sizes.push(await readSizes(worker.session, change.name, "repack"))
    })
    return measure(sizes)
  }

  async function repackOnShard(worker: Worker, change: Change, progress: FleetProgress): Promise<void> {
    const { session } = worker
    const shard = session.shard.name
    await beginRepack(session, change.name)
    progress.update(shard, { repack: "running", error: undefined })
    const leaves = (await slimmedTables(session, change)).flatMap((facts) => facts.leaves)
    await passDiskGate(
      worker,
      leaves.reduce((sum, leaf) => sum + projectedBytes(leaf, 0), 0),
      policy.disk,
    )
    const onProgress = (news: Partial<ShardStatus>) => progress.update(shard, news)
    await repackShard({ worker, change, policy: policy.batch, throttle: throttleOf(worker), onProgress })
    progress.update(shard, { repack: "done", etaMs: undefined, pausedFor: undefined })
  }

  function throttleOf({ session, change, signal }: Worker): Throttle {
    const signals = signalsOf({ session, change, policy: policy.throttle, disk: policy.disk, clock, signal })
    return createThrottle(signals, policy.throttle, clock, signal)
  }

  async function pause(change: Change, signal: AbortSignal): Promise<void> {
    await hold(change, "held", signal)
  }

  async function resume(change: Change, signal: AbortSignal): Promise<void> {
    await hold(change, "free", signal)
  }

  /** Every shard that can be reached, whatever becomes of the others. */
  function hold(change: Change, state: "held" | "free", signal: AbortSignal): Promise<void> {
    const work = (shard: ShardSpec) => withSession(shard, signal, (session) => holdBackfill(session, change.name, state))
    return walkFleet(shards, work, { waves: undefined, perServer: policy.fleet.expandPerServer, signal })
  }

  async function close(): Promise<void> {
    closing.abort(new ConveyorError("closed", "the change engine is closed"))
  }

  /** Collects every shard's reasons, so that one call tells them all. */
  async function refuseFor(change: Change, run: ChangeRun, ask: PhaseWork<string[]>): Promise<void> {
    const reasons: string[] = []
    await everywhere(change, run, { waves: undefined, perServer: policy.fleet.expandPerServer }, async (worker, entry) => {
      reasons.push(...(await ask(worker, entry)))
    })
    if (reasons.length > 0) throw contractRefused(change, [...new Set(reasons)])
  }

  function everywhere(
    change: Change,
    run: ChangeRun,
    how: { waves: readonly number[] | undefined; perServer: number; file?: ShardRun["file"] },
    work: PhaseWork<void>,
  ): Promise<void> {
    return walkFleet(shards, (shard) => onShard(shard, change, run, work, how.file), { ...how, signal: run.signal })
  }

  function onShard<T>(
    shard: ShardSpec,
    change: Change,
    run: ChangeRun,
    work: PhaseWork<T>,
    file: ShardRun["file"] = "as begun",
  ): Promise<T> {
    const signal = AbortSignal.any([run.signal, closing.signal])
    return runOnShard({ shard, change, run: { ...run, signal }, policy, clock, logger, file }, work)
  }

  async function startProgress(change: Change, run: ChangeRun): Promise<FleetProgress> {
    const [now] = await status([change], run.signal)
    return new FleetProgress(change, now?.shards ?? [], run.onProgress)
  }

  async function shardStatuses(shard: ShardSpec, changes: readonly Change[], signal: AbortSignal): Promise<ShardStatus[]> {
    try {
      return await reading(shard, signal, async (session) => {
        const statuses: ShardStatus[] = []
        for (const change of changes) statuses.push(await readShardStatus(session, change.name))
        return statuses
      })
    } catch (thrown) {
      signal.throwIfAborted()
      return changes.map(() => unreachableStatus(shard.name, thrown))
    }
  }

  function reading<T>(shard: ShardSpec, signal: AbortSignal, read: (session: Session) => Promise<T>): Promise<T> {
    return withSession(shard, signal, async (session) => {
      await session.execute("SET default_transaction_read_only = on")
      return read(session)
    })
  }

  async function withSession<T>(shard: ShardSpec, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await reach(shard, { connectMs: policy.fleet.connectMs, signal: AbortSignal.any([signal, closing.signal]) }, "once")
    try {
      return await work(session)
    } finally {
      await session.close()
    }
  }
}

async function neededBytes(session: Session, change: Change): Promise<number> {
  let bytes = 0
  for (const operation of change.operations) {
    const tables = await readTables(session, operation)
    const work = operation.rows(tables)
    const leaves = (work === undefined ? undefined : tables(work.table)?.leaves) ?? []
    for (const leaf of leaves) bytes += projectedBytes(leaf, work?.widensBy ?? 0)
  }
  return bytes
}

function measure(sizes: readonly Sizes[]): Measured {
  const sum = (pick: (one: Sizes) => number) => sizes.reduce((total, one) => total + pick(one), 0)
  const ratio = (after: number, before: number) => (before === 0 ? 1 : after / before)
  const ms = sum(({ workingMs }) => workingMs)
  const rows = sum((one) => one.rows)
  return {
    rows,
    rowsPerSecond: ms === 0 ? 0 : (rows / ms) * 1_000,
    heapGrowth: ratio(
      sum((one) => one.heapAfter),
      sum((one) => one.heapBefore),
    ),
    indexGrowth: ratio(
      sum((one) => one.indexAfter),
      sum((one) => one.indexBefore),
    ),
  }
}

function notYet(change: Change, worker: Worker, wanted: string, entry: LedgerEntry | undefined): ConveyorError {
  const shard = worker.session.shard.name
  return new ConveyorError(
    "phase-order",
    `${change.name} is ${entry?.phase ?? "absent"} on shard ${shard}, and has to be ${wanted} first`,
    {
      facts: { change: change.name, shard, phase: entry?.phase ?? "absent" },
      hint: "Run the earlier phase; it carries on where it stands.",
    },
  )
}

function mismatch(change: Change, worker: Worker, { rows, mismatches, firstKeys }: TableChecksum): ConveyorError {
  const shard = worker.session.shard.name
  return new ConveyorError(
    "checksum-mismatch",
    `${change.name}: ${mismatches} of ${rows} rows on shard ${shard} differ between old and new; the first: ${firstKeys.join(", ")}`,
    {
      facts: { change: change.name, shard, rows, mismatches, firstKeys },
      hint: "Look at those rows: up and down have to give each other's values back, and up has to know every old value. Abort the change and correct it.",
    },
  )
}

function alreadyContracted(change: Change, shards: readonly string[]): ConveyorError {
  return new ConveyorError("already-contracted", `${change.name} has dropped what old code read on ${shards.join(", ")}`, {
    facts: { change: change.name, shards },
    hint: "Go forward: conveyor change contract finishes it; what is wanted back is a new change.",
  })
}
