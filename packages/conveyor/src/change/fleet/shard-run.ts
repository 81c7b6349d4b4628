// One phase on one shard: a session, the runner's lock, the work, and the failure written down where the shard can
// still be reached. A lost server is tried again; the work carries on from its ledger. Called by the engine.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { retry } from "../../kernel/time/retry.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import type { Logger } from "../../kernel/logger.ts"
import type { Change } from "../change.ts"
import type { ChangeRun } from "../engine.ts"
import type { Worker } from "../phases/execute.ts"
import { serverOf } from "./fleet.ts"
import { readEntry, recordError } from "../ledger/ledger.ts"
import type { LedgerEntry } from "../ledger/ledger.ts"
import type { ChangePolicy } from "../policy.ts"
import { isConnectionLost, openSession } from "./session.ts"
import type { Session, SessionOptions } from "./session.ts"
import { lockShard } from "./shard-lock.ts"
import type { ShardSpec } from "./shard.ts"

export interface ShardRun {
  shard: ShardSpec
  change: Change
  run: ChangeRun
  policy: ChangePolicy
  clock: Clock
  logger: Logger
  /** The way back goes by what the ledger has recorded, "whatever it says" now; every other phase by the file that was begun. */
  file?: "as begun" | "whatever it says"
}

/** What the ledger says of the change when the work begins, and what to work with. */
export type PhaseWork<T> = (worker: Worker, entry: LedgerEntry | undefined) => Promise<T>

export async function runOnShard<T>(shardRun: ShardRun, work: PhaseWork<T>): Promise<T> {
  const { shard, policy, clock, run, logger } = shardRun
  try {
    return await retry(() => attempt(shardRun, work), {
      attempts: policy.fleet.attempts,
      firstPauseMs: policy.fleet.firstPauseMs,
      longestPauseMs: policy.fleet.longestPauseMs,
      clock,
      signal: run.signal,
      isTransient: isConnectionLost,
      onRetry: (thrown, attempt, pauseMs) =>
        logger.warn({ shard: shard.name, attempt, pauseMs, reason: describe(thrown) }, "the shard went away; trying again"),
    })
  } catch (thrown) {
    if (!isConnectionLost(thrown)) throw thrown
    throw unreachable(shard, thrown, `in ${policy.fleet.attempts} tries`)
  }
}

/** A session with the shard, or an error that names where it was looked for. What may pass is thrown as it is, to be tried again. */
export async function reach(shard: ShardSpec, options: SessionOptions, patience: "once" | "again"): Promise<Session> {
  try {
    return await openSession(shard, options)
  } catch (thrown) {
    options.signal.throwIfAborted()
    if (patience === "again" && isConnectionLost(thrown)) throw thrown
    throw unreachable(shard, thrown, "")
  }
}

function unreachable(shard: ShardSpec, thrown: unknown, tries: string): ConveyorError {
  return new ConveyorError(
    "shard-unreachable",
    `no connection to ${serverOf(shard)}${tries === "" ? "" : ` ${tries}`}: ${describe(thrown)}`,
    {
      facts: { shard: shard.name, server: serverOf(shard) },
      hint: "Check that server, and the url of the shard under fleet in conveyor.yml; the same command carries on.",
      cause: thrown,
    },
  )
}

async function attempt<T>(shardRun: ShardRun, work: PhaseWork<T>): Promise<T> {
  const { shard, change, run, policy, clock, logger } = shardRun
  const session = await reach(shard, { connectMs: policy.fleet.connectMs, signal: run.signal }, "again")
  try {
    await lockShard(session, { fence: run.fence, policy: policy.lock, clock, signal: run.signal })
    const worker: Worker = {
      session,
      change: change.name,
      fence: run.fence,
      lock: policy.lock,
      connectMs: policy.fleet.connectMs,
      clock,
      logger,
      signal: run.signal,
      onWait: () => {},
    }
    const entry = await readEntry(session, change.name)
    if (shardRun.file !== "whatever it says") refuseEdited(change, entry)
    try {
      return await work(worker, entry)
    } catch (thrown) {
      if (!run.signal.aborted) await recordError(session, change.name, describe(thrown)).catch(() => {})
      throw thrown
    }
  } finally {
    await session.close()
  }
}

export function refuseEdited(change: Change, entry: LedgerEntry | undefined): void {
  if (entry === undefined || entry.digest === change.digest) return
  throw new ConveyorError("change-edited", `${change.file} was edited after it was begun`, {
    facts: { change: change.name, begun: entry.digest, now: change.digest },
    hint: `Put the file back as it was; or take it away with conveyor change abort ${change.name}, and release the new one.`,
  })
}
