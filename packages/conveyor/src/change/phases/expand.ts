// Expand and its undo on one shard: what the new version needs is added, and taken away again. Called by the engine.
import { ConveyorError, describe } from "../../kernel/errors.ts"
import { readTable } from "../evidence/catalog.ts"
import type { TableFacts } from "../evidence/catalog.ts"
import type { Change } from "../change.ts"
import { runStatements, undoSteps } from "./execute.ts"
import type { Worker } from "./execute.ts"
import { beginEntry, forget, movePhase } from "../ledger/ledger.ts"
import type { LedgerEntry } from "../ledger/ledger.ts"
import { lintChange } from "../lint/lint.ts"
import { displayName, sqlName } from "../files/names.ts"
import type { Brought, Operation, Statement, Tables } from "../operations/operation.ts"
import { syncTriggerPrefix } from "../operations/derive/sync-triggers.ts"
import type { ExpandPolicy } from "../policy.ts"
import { findStarReaders } from "../evidence/readers.ts"
import { codeOf, isConnectionLost } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"

export async function expandShard(
  worker: Worker,
  change: Change,
  entry: LedgerEntry | undefined,
  starReaders: ExpandPolicy["starReaders"],
): Promise<void> {
  if (entry !== undefined && entry.phase !== "expanding") return
  if (entry === undefined) {
    await examine(worker.session, change)
    await judgeStarReaders(worker, change, starReaders)
    await beginEntry(worker.session, change)
  }
  for (const operation of change.operations) {
    const tables = await readTables(worker.session, operation)
    await runStatements(worker, keyed(operation, operation.expand(tables)))
  }
  await movePhase(worker.session, change.name, "expanded")
}

/** A prepared SELECT * fails once, "cached plan must not change result type", when its table gets a column. */
async function judgeStarReaders({ session, logger }: Worker, change: Change, starReaders: ExpandPolicy["starReaders"]): Promise<void> {
  const grown = change.operations.flatMap(({ brings }) => brings.filter(({ isNew }) => !isNew).map(({ table }) => table))
  const found = grown.length === 0 ? [] : await findStarReaders(session, grown)
  if (found.length === 0) return
  if (starReaders === "warn")
    return logger.warn(
      { shard: session.shard.name, change: change.name, statements: found },
      "these read every column; prepared ones fail once when a column is added",
    )
  throw new ConveyorError(
    "star-readers",
    `${change.name}: statements on shard ${session.shard.name} read every column of a table that gets another:\n${found.join("\n")}`,
    {
      facts: { change: change.name, shard: session.shard.name, statements: found },
      hint: "Name the columns in those statements; or set starReaders to warn, if none of them is a prepared statement.",
    },
  )
}

export async function undoShard(worker: Worker, change: Change, entry: LedgerEntry | undefined): Promise<void> {
  if (entry === undefined) return
  if (entry.phase === "contracting" || entry.phase === "contracted") {
    throw new ConveyorError(
      "already-contracted",
      `${change.name} is ${entry.phase} on shard ${worker.session.shard.name}: what old code read is gone`,
      {
        facts: { change: change.name, shard: worker.session.shard.name },
        hint: "Go forward: write a new change.",
      },
    )
  }
  await undoSteps(worker, () => true)
  await forget(worker.session, change.name)
}

/** The step's name in the ledger, unique in its change. */
export function keyed(operation: Operation, statements: readonly Statement[]): Statement[] {
  return statements.map((statement) => ({ ...statement, key: `${operation.kind} ${operation.id}: ${statement.key}` }))
}

export async function readTables(session: Session, operation: Operation): Promise<Tables> {
  const facts = new Map<string, TableFacts | undefined>()
  for (const table of operation.tables) facts.set(sqlName(table), await readTable(session, table))
  return (table) => facts.get(sqlName(table))
}

/** Everything that can be found wrong before the first statement, in one error. Changes nothing. */
export async function examine(session: Session, change: Change, before: readonly Brought[] = []): Promise<void> {
  const brought: Brought[] = [...before]
  const faults: { message: string; hint: string | undefined }[] = []
  for (const operation of change.operations) {
    const tables = withBrought(await readTables(session, operation), brought)
    faults.push(...operation.objections(tables), ...(await chained(session, operation)))
    for (const proof of operation.proofs()) {
      const fault = await refused(session, proof.sql)
      if (fault !== undefined)
        faults.push({
          message: `${operation.kind}.${proof.key}: ${fault}`,
          hint: "Write it as PostgreSQL takes it; functions, types and tables of your own need their schema.",
        })
    }
    brought.push(...operation.brings)
  }
  for (const finding of (await lintChange(change)).filter(({ severity }) => severity === "error")) {
    faults.push({ message: `${finding.key}: ${finding.message} [${finding.rule}]`, hint: finding.safeWay })
  }
  const [first] = faults
  if (first === undefined) return
  throw new ConveyorError("change-refused", faults.map(({ message }) => `${change.file}: ${message}`).join("\n"), {
    facts: { change: change.name, shard: session.shard.name },
    hint: `${first.hint ?? "Correct the change file."} Nothing was changed.`,
  })
}

/** The tables as they will be when the earlier operations of the change have run. */
export function withBrought(tables: Tables, brought: readonly Brought[]): Tables {
  return (table) => {
    const columns = brought.filter((one) => sqlName(one.table) === sqlName(table)).flatMap((one) => one.columns)
    const facts = tables(table)
    if (columns.length === 0) return facts
    const before = facts ?? { oid: 0, table, kind: "table", columns: [], primaryKey: [], leaves: [], constraints: [], updateTriggers: [] }
    const known = new Set(before.columns.map(({ name }) => name))
    return { ...before, columns: [...before.columns, ...columns.filter(({ name }) => !known.has(name))] }
  }
}

async function refused(session: Session, sql: string): Promise<string | undefined> {
  try {
    // A parameter makes it a prepared statement: one statement, whatever the text tries to be.
    await session.rows(`${sql.replace(/ LIMIT 0$/, "")} LIMIT $1`, [0])
    return undefined
  } catch (thrown) {
    if (isConnectionLost(thrown) || codeOf(thrown) === undefined) throw thrown
    return describe(thrown)
  }
}

/** Two syncs over one column would each have to run before the other. */
async function chained(session: Session, operation: Operation): Promise<{ message: string; hint: string }[]> {
  const columns = operation.takes.filter((taken) => taken.kind === "column")
  const [there] = await session.rows<{ there: boolean }>("SELECT to_regnamespace('conveyor') IS NOT NULL AS there")
  if (columns.length === 0 || there?.there !== true) return []
  const found: { message: string; hint: string }[] = []
  for (const { table, column } of columns) {
    const rows = await session.rows<{ name: string }>(
      `SELECT t.tgname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $3
       WHERE n.nspname = $1 AND c.relname = $2 AND starts_with(t.tgname, $4)
         AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)
       LIMIT 1`,
      [table.schema, table.name, column, syncTriggerPrefix],
    )
    if (rows.length === 0) continue
    found.push({
      message: `column "${column}" of ${displayName(table)} is being derived by an earlier change that is not contracted`,
      hint: "Contract the earlier change first.",
    })
  }
  return found
}
