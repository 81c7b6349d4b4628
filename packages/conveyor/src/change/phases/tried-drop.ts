// A drop, tried in a transaction that is taken back: PostgreSQL itself says what stands in its way, before anything is
// hidden. Called by the contract gate.
import { describe } from "../../kernel/errors/errors.ts"
import { retry } from "../../kernel/time/retry.ts"
import { codeOf, isContended } from "../fleet/session.ts"
import { tryAndTakeBack } from "../fleet/taken-back.ts"
import type { Statement } from "../operations/operation.ts"
import type { Worker } from "./execute.ts"

const tries = 5

/** Reasons in PostgreSQL's own words; a lock that could not be had is a reason too, since nobody knows then. */
export async function refusalsOfDrop({ session, lock, clock, signal }: Worker, statements: readonly Statement[]): Promise<string[]> {
  const quick = statements.filter(({ how }) => how === "quick").map(({ sql }) => sql)
  if (quick.length === 0) return []
  const limits = `SELECT set_config('lock_timeout', '${lock.waitMs}ms', true), set_config('statement_timeout', '${lock.statementMs}ms', true)`
  const { firstPauseMs, longestPauseMs } = lock
  try {
    await retry(() => tryAndTakeBack(session, [limits, ...quick]), {
      attempts: tries,
      firstPauseMs,
      longestPauseMs,
      clock,
      signal,
      isTransient: isContended,
    })
    return []
  } catch (thrown) {
    if (codeOf(thrown) === undefined) throw thrown
    return [`shard ${session.shard.name}: PostgreSQL would refuse the drop: ${inFull(thrown)}`]
  }
}

/** DETAIL names what depends on it. */
function inFull(thrown: unknown): string {
  const { detail } = thrown as { detail?: string }
  return detail === undefined ? describe(thrown) : `${describe(thrown)} (${detail.replaceAll("\n", "; ")})`
}
