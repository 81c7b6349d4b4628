// Runs statements on one shard so that each is done exactly once: with its ledger entry in one transaction where
// PostgreSQL allows that, announced before and checked after where it does not. Called by expand, finish, contract and undo.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { retry } from "../../kernel/time/retry.ts"
import { forgetStep, readSteps, recordStep } from "../ledger/ledger.ts"
import { waitOpenly } from "../pace/long-wait.ts"
import type { Waiter } from "../pace/long-wait.ts"
import { displayName, sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { How, Statement } from "../operations/operation.ts"
import { codeOf, isConnectionLost, isContended, queryCancelled } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"
import { checkFence } from "../fleet/shard-lock.ts"

/** What a phase on one shard works with. */
export interface Worker extends Waiter {
  fence: number
}

/** Run in the transaction of a statement, before it: takes locks and throws what must not go on. */
export type Guard = () => Promise<void>

/** Runs what has not been run. Keys are unique in the change. The guard stands in the transaction of the first, if that is still to be run. */
export async function runStatements(worker: Worker, statements: readonly Statement[], guard?: Guard): Promise<void> {
  const steps = new Map((await readSteps(worker.session, worker.change)).map((step) => [step.key, step.state]))
  for (const [i, statement] of statements.entries()) {
    if (steps.get(statement.key) === "done") continue
    await runStatement(worker, statement, steps.get(statement.key) === "begun", i === 0 ? guard : undefined)
  }
}

/** Takes steps back, the last one first. */
export async function undoSteps(worker: Worker, isMeant: (key: string) => boolean): Promise<void> {
  const { session, change } = worker
  const steps = (await readSteps(session, change)).filter(({ key }) => isMeant(key)).toReversed()
  for (const { key, undo, undoHow } of steps) {
    if (undo === undefined) {
      await forgetStep(session, change, key)
    } else if (undoHow === "alone") {
      await withRetries(worker, key, "alone", () => session.execute(undo))
      await forgetStep(session, change, key)
    } else {
      await withRetries(worker, key, undoHow, () => inTransaction(worker, undoHow, undo, () => forgetStep(session, change, key)))
    }
  }
}

async function runStatement(worker: Worker, statement: Statement, wasBegun: boolean, guard: Guard | undefined): Promise<void> {
  const { session, change, logger } = worker
  const { key, sql, how, undo } = statement
  const beganAt = worker.clock.now()
  if (how === "marker") {
    await recordStep(session, change, key, "done", undo)
  } else if (how === "check") {
    await refuseRows(worker, statement)
  } else if (how === "index") {
    await buildIndex(worker, statement, wasBegun)
  } else if (how === "alone") {
    await recordStep(session, change, key, "begun", undo)
    await withRetries(worker, key, how, () => session.execute(sql))
    await recordStep(session, change, key, "done", undo)
  } else {
    await withRetries(worker, key, how, () => inTransaction(worker, how, sql, () => recordStep(session, change, key, "done", undo), guard))
  }
  logger.info({ shard: session.shard.name, change, step: key, ms: worker.clock.now() - beganAt }, "step done")
}

async function inTransaction(
  { session, fence, lock }: Worker,
  how: How,
  sql: string,
  record: () => Promise<void>,
  guard?: Guard,
): Promise<void> {
  await session.transaction(async () => {
    await checkFence(session, fence)
    await session.execute(
      `SELECT set_config('lock_timeout', '${lock.waitMs}ms', true), set_config('statement_timeout', '${how === "quick" ? lock.statementMs : 0}ms', true)`,
    )
    await guard?.()
    await session.execute(sql)
    await record()
  })
}

/** Not written down: rows that were right a moment ago are looked at again. */
async function refuseRows({ session, change }: Worker, { key, sql }: Statement): Promise<void> {
  const found = await session.rows<{ key: string }>(`${sql}\nLIMIT 5`)
  if (found.length === 0) return
  const keys = found.map((row) => row.key)
  throw new ConveyorError(
    "rows-refuse",
    `${change}: "${key}" finds rows on shard ${session.shard.name} that do not fit; the first: ${keys.join(", ")}`,
    {
      facts: { shard: session.shard.name, change, step: key, firstKeys: keys },
      hint: "Correct those rows, and what writes them, and run the same command again; nothing was locked.",
    },
  )
}

/** The wait of a concurrent build for other transactions counts as a lock wait, so its limit is long; what it leaves when it fails is taken away. */
async function buildIndex(worker: Worker, { key, sql, undo, index }: Statement, wasBegun: boolean): Promise<void> {
  const { session, change } = worker
  if (index === undefined) throw new Error(`statement ${key} builds an index and does not say which`)
  if (!wasBegun && (await indexState(session, index)) !== "absent") {
    throw new ConveyorError("already-exists", `index ${displayName(index)} exists already on shard ${session.shard.name}`, {
      facts: { index: displayName(index), shard: session.shard.name },
      hint: "Choose another name in the change file, or drop the index if nothing uses it.",
    })
  }
  await recordStep(session, change, key, "begun", undo)
  await withRetries(worker, key, "index", async () => {
    const state = await indexState(session, index)
    if (state === "valid") return
    if (state === "invalid") await session.execute(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`)
    await session.execute(sql).catch(async (thrown: unknown) => {
      if (!isConnectionLost(thrown) && !worker.signal.aborted)
        await session.execute(`DROP INDEX CONCURRENTLY IF EXISTS ${sqlName(index)}`).catch(() => {})
      throw thrown
    })
    if ((await indexState(session, index)) !== "valid") throw new Error(`index ${displayName(index)} is not valid after its build`)
  })
  await recordStep(session, change, key, "done", undo)
}

async function indexState(session: Session, index: TableName): Promise<"absent" | "invalid" | "valid"> {
  const [row] = await session.rows<{ valid: boolean }>(
    `SELECT i.indisvalid AND i.indisready AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [index.schema, index.name],
  )
  return row === undefined ? "absent" : row.valid ? "valid" : "invalid"
}

async function withRetries<T>(worker: Worker, key: string, how: How, work: () => Promise<T>): Promise<T> {
  const { lock, clock, signal, session, change, logger } = worker
  const patience: Patience = isOutside(how)
    ? { attempts: lock.longAttempts, waitMs: lock.longWaitMs }
    : { attempts: lock.attempts, waitMs: lock.waitMs }
  let seen: string | undefined
  const openly = () => waitOpenly(worker, key, work, (reason) => (seen = reason))
  try {
    return await retry(isOutside(how) ? openly : work, {
      attempts: patience.attempts,
      firstPauseMs: lock.firstPauseMs,
      longestPauseMs: lock.longestPauseMs,
      clock,
      signal,
      isTransient: isContended,
      onRetry: (thrown, attempt, pauseMs) =>
        logger.info(
          { shard: session.shard.name, change, step: key, attempt, pauseMs, reason: seen ?? describe(thrown) },
          "the lock is held; trying again",
        ),
    })
  } catch (thrown) {
    throw isContended(thrown) ? lockTimeout(worker, key, patience, seen, thrown) : explain(worker, key, how, thrown)
  }
}

interface Patience {
  attempts: number
  waitMs: number
}

/** Outside a transaction it holds no lock that a query waits for, so it may be patient. */
const isOutside = (how: How) => how === "alone" || how === "index"

function lockTimeout(
  { session, change }: Worker,
  key: string,
  patience: Patience,
  seen: string | undefined,
  cause: unknown,
): ConveyorError {
  const tries = `${patience.attempts} tries of ${patience.waitMs} ms`
  return new ConveyorError(
    "lock-timeout",
    `${change}: "${key}" did not get its lock on shard ${session.shard.name} in ${tries}${seen === undefined ? "" : `; last seen: ${seen}`}`,
    {
      facts: { shard: session.shard.name, change, step: key, code: codeOf(cause) },
      cause,
      hint: "Look for a long transaction in pg_stat_activity; what is done stays, so the same command carries on.",
    },
  )
}

function explain({ session, change, lock }: Worker, key: string, how: How, thrown: unknown): unknown {
  const facts = { shard: session.shard.name, change, step: key, code: codeOf(thrown) }
  if (codeOf(thrown) === queryCancelled && how === "quick") {
    return new ConveyorError(
      "too-slow",
      `${change}: "${key}" ran longer than ${lock.statementMs} ms under its lock on shard ${session.shard.name} and was taken back`,
      {
        facts,
        cause: thrown,
        hint: "It rewrites or scans the table. Use derive_columns or add_constraint, which do that beside the traffic.",
      },
    )
  }
  const code = codeOf(thrown)
  if (thrown instanceof ConveyorError || code === undefined || !/^(0A|2[2-8]|3[DF]|42|54|55|P0)/.test(code)) return thrown
  return new ConveyorError("statement-failed", `${change}: "${key}" failed on shard ${session.shard.name}: ${describe(thrown)}`, {
    facts,
    cause: thrown,
    hint: "Correct the change file; conveyor change abort takes back what is there already.",
  })
}
