// The proof of old = new at the moment of the drop. Everything was compared a moment ago beside the traffic; what has been
// written since is compared again under the lock in whose transaction the old side goes. Called by contract.
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { sqlName } from "../files/names.ts"
import type { Session } from "../fleet/session.ts"
import type { ContractStep, Operation, Tables } from "../operations/operation.ts"
import type { Guard, Worker } from "./execute.ts"
import { verifyOperation } from "./verify.ts"

/** Undefined where the operation has no rows to compare, or its old side is gone already. */
export async function lastProof(worker: Worker, operation: Operation, step: ContractStep, tables: Tables): Promise<Guard | undefined> {
  const { session } = worker
  const work = operation.rows(tables)
  const facts = work === undefined ? undefined : tables(work.table)
  if (work === undefined || facts === undefined || step.hide === undefined) return undefined
  const isHidden = facts.columns.some(({ name }) => name.startsWith("conveyor_dropped_"))
  const isThere = operation.takes.every((taken) => taken.kind !== "column" || facts.columns.some(({ name }) => name === taken.column))
  if (!isHidden && !isThere) return undefined
  // Of the canary, whose old side is hidden, all is compared under the lock: by the gate it was compared in full before.
  const since = await lowWater(session)
  if (isThere) {
    const { mismatches, firstKeys } = await verifyOperation(worker, operation, tables, "in use")
    if (mismatches > 0) throw differs(worker, operation, mismatches, firstKeys)
  }
  const locked = operation.tables.map(sqlName).join(", ")
  const recent = work.touchedWithin(`age('${since}'::xid)`)
  return async () => {
    await session.execute(`LOCK TABLE ${locked} IN ACCESS EXCLUSIVE MODE`)
    if (isHidden && step.hide !== undefined) for (const sql of step.hide.show) await session.execute(sql)
    const condition = isHidden ? work.torn : `${work.torn} AND ${recent}`
    for (const leaf of facts.leaves) {
      const [row] = await session.rows<{ mismatches: number }>(
        `SELECT count(*)::float8 AS mismatches FROM ONLY ${sqlName(leaf.table)} WHERE ${condition}`,
      )
      if ((row?.mismatches ?? 0) > 0) throw differs(worker, operation, row?.mismatches ?? 0, [])
    }
  }
}

/** Every transaction before it has ended: what it wrote is seen by the comparison that comes now. */
async function lowWater(session: Session): Promise<string> {
  const [row] = await session.rows<{ xmin: string }>(
    "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text AS xmin",
  )
  return row?.xmin ?? "3"
}

function differs({ session }: Worker, operation: Operation, mismatches: number, keys: readonly string[]): ConveyorError {
  const shown = keys.length === 0 ? "" : `; the first: ${keys.join(", ")}`
  return new ConveyorError(
    "rows-differ",
    `old and new differ in ${mismatches} rows of shard ${session.shard.name} (${operation.describe()})${shown}; nothing was dropped there`,
    {
      facts: { shard: session.shard.name, mismatches, keys },
      hint: "Something writes past the triggers (session_replication_role, DISABLE TRIGGER, an apply worker). Stop it, make the rows equal, and contract again.",
    },
  )
}
