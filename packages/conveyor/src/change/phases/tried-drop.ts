// A drop, tried in a transaction that is taken back: PostgreSQL itself says what stands in its way, before anything is
// hidden. Called by the contract gate.
import { describe } from "../../kernel/errors.ts"
import { codeOf, isContended } from "../fleet/session.ts"
import type { Statement } from "../operations/operation.ts"
import type { Worker } from "./execute.ts"

const tries = 5

/** Reasons in PostgreSQL's own words; a lock that could not be had is a reason too, since nobody knows then. */
export async function refusalsOfDrop({ session, lock, clock, signal }: Worker, statements: readonly Statement[]): Promise<string[]> {
  const quick = statements.filter(({ how }) => how === "quick")
  if (quick.length === 0) return []
  for (let attempt = 1; ; attempt++) {
    try {
      await session.execute("BEGIN")
      await session.execute(
        `SELECT set_config('lock_timeout', '${lock.waitMs}ms', true), set_config('statement_timeout', '${lock.statementMs}ms', true)`,
      )
      for (const { sql } of quick) await session.execute(sql)
      return []
    } catch (thrown) {
      if (codeOf(thrown) === undefined) throw thrown
      if (isContended(thrown) && attempt < tries) continue
      return [`shard ${session.shard.name}: PostgreSQL would refuse the drop: ${inFull(thrown)}`]
    } finally {
      await session.execute("ROLLBACK").catch(() => {})
      if (attempt < tries) await clock.sleep(0, signal)
    }
  }
}

/** DETAIL names what depends on it. */
function inFull(thrown: unknown): string {
  const { detail } = thrown as { detail?: string }
  return detail === undefined ? describe(thrown) : `${describe(thrown)} (${detail.replaceAll("\n", "; ")})`
}
