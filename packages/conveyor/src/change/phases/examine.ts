// Everything that can be found wrong with a change on a shard before its first statement, told in one error. Changes
// nothing. Called by expand and by the plan.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import type { Change } from "../change.ts"
import { foreignDefaults, steadiness, strangeTypes } from "../evidence/expressions.ts"
import { whatHangsOn } from "../evidence/hanging.ts"
import { displayName, sqlName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import { codeOf, isConnectionLost } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"
import { lintChange } from "../lint/lint.ts"
import { syncTriggerPrefix } from "../operations/derive/sync-triggers.ts"
import type { Brought, Objection, Operation, Tables } from "../operations/operation.ts"
import { readTables } from "../evidence/tables.ts"

export async function examine(session: Session, change: Change, before: readonly Brought[] = []): Promise<void> {
  const brought: Brought[] = [...before]
  const derived: ColumnName[] = []
  const faults: { message: string; hint: string | undefined }[] = []
  for (const operation of change.operations) {
    const tables = withBrought(await readTables(session, operation), brought)
    const objections = operation.objections(tables)
    faults.push(...objections, ...(await synced(session, operation)), ...filledTooEarly(operation, derived))
    // What an expression is said of has to be there before the expression can be judged.
    const unproven = await disproven(session, operation, tables)
    faults.push(...unproven)
    if (objections.length + unproven.length === 0) faults.push(...(await unfit(session, operation)), ...(await hanging(session, operation)))
    brought.push(...operation.brings)
    if (operation.takes.length > 0)
      derived.push(...operation.brings.flatMap(({ table, columns }) => columns.map(({ name }) => ({ table, column: name }))))
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

interface ColumnName {
  table: TableName
  column: string
}

/** An insert of the running version would leave the default there, and the sync would take it for what new code has written. */
function filledTooEarly({ fills }: Operation, derived: readonly ColumnName[]): Objection[] {
  return fills
    .filter(({ table, column }) => derived.some((one) => sqlName(one.table) === sqlName(table) && one.column === column))
    .map(({ table, column }) => ({
      message: `"${column}" of ${displayName(table)} is derived: a default before contract would look like a value that new code has written`,
      hint: "Write the default under to, where it takes effect at contract: { type: ..., default: ... }; or say when: contract.",
    }))
}

/** The tables as they will be when the earlier operations of the change have run. */
export function withBrought(tables: Tables, brought: readonly Brought[]): Tables {
  return (table) => {
    const columns = brought.filter((one) => sqlName(one.table) === sqlName(table)).flatMap((one) => one.columns)
    const facts = tables(table)
    if (columns.length === 0) return facts
    const before = facts ?? {
      oid: 0,
      table,
      kind: "table",
      columns: [],
      primaryKey: [],
      leaves: [],
      constraints: [],
      updateTriggers: [],
      beforeTriggers: [],
      grants: [],
      relatives: [],
    }
    const known = new Set(before.columns.map(({ name }) => name))
    return { ...before, columns: [...before.columns, ...columns.filter(({ name }) => !known.has(name))] }
  }
}

async function disproven(session: Session, operation: Operation, tables: Tables): Promise<Objection[]> {
  const found: Objection[] = []
  for (const proof of operation.proofs(tables)) {
    const fault = await refused(session, proof.sql)
    if (fault !== undefined)
      found.push({
        message: `${operation.kind}.${proof.key}: ${fault}`,
        hint: "Write it as PostgreSQL takes it; functions, types and tables of your own need their schema.",
      })
  }
  return found
}

async function unfit(session: Session, operation: Operation): Promise<Objection[]> {
  const columns = operation.brings.filter(({ isNew }) => !isNew).flatMap((one) => one.columns)
  return [
    ...(await strangeTypes(session, columns)),
    ...(await foreignDefaults(session, columns)),
    ...(await steadiness(session, operation.steady)),
  ]
}

/** What goes with a column has to be named by whoever lets the column go. */
async function hanging(session: Session, { takes, letsGo }: Operation): Promise<Objection[]> {
  const found = new Map<string, Objection>()
  for (const taken of takes) {
    if (taken.kind !== "column") continue
    for (const { name, what, isOwn } of await whatHangsOn(session, taken.table, taken.column)) {
      if (letsGo.names.includes(name) || (isOwn && letsGo.own === "along")) continue
      found.set(name, {
        message: `${what} goes with column "${taken.column}" of ${displayName(taken.table)} at contract`,
        hint: `Make what has to stay anew over the new columns; then say lets_go: [${JSON.stringify(name)}].`,
      })
    }
  }
  return [...found.values()]
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

/** Columns that an earlier change keeps in sync: a second sync, or a default that looks like a value, would break the first. */
async function synced(session: Session, operation: Operation): Promise<Objection[]> {
  const [there] = await session.rows<{ there: boolean }>("SELECT to_regnamespace('conveyor') IS NOT NULL AS there")
  if (there?.there !== true) return []
  const taken = operation.takes.flatMap((one) => (one.kind === "column" ? [one] : []))
  const found: Objection[] = []
  for (const { table, column } of [...taken, ...operation.fills]) {
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
