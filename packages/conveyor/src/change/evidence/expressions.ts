// What only a shard's catalog knows of the expressions and types of a change: whether a value depends on the session,
// whether a function of one's own is volatile, whether a type is a domain that makes PostgreSQL rewrite. Called by examine.
import { describe } from "../../kernel/errors/errors.ts"
import { quote } from "../files/names.ts"
import { codeOf } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"
import { tryAndTakeBack } from "../fleet/taken-back.ts"
import { callsIn } from "../lint/functions.ts"
import { parseSql } from "../lint/sql-parser.ts"
import type { Objection, SteadyExpression } from "../operations/operation.ts"
import type { ColumnFacts } from "./catalog.ts"

/**
 * An index may only be built over what is the same in every session; PostgreSQL itself judges that, on an empty table of
 * the transaction's own, which is taken back.
 */
export async function steadiness(session: Session, expressions: readonly SteadyExpression[]): Promise<Objection[]> {
  const found: Objection[] = []
  for (const { key, sql, columns } of expressions) {
    const fault = await triedOnNothing(session, [
      `CREATE TEMPORARY TABLE conveyor_probe (${Object.entries(columns)
        .map(([name, type]) => `${quote(name)} ${type}`)
        .join(", ")}) ON COMMIT DROP`,
      `CREATE INDEX ON pg_temp.conveyor_probe ((${sql} IS NULL))`,
    ])
    if (fault === undefined) continue
    found.push(
      fault.code === notImmutable
        ? {
            message: `${key}: its value depends on the session (time zone, date style, search path ...), so that two clients would give two values for one row`,
            hint: "Name what it depends on, as in: at AT TIME ZONE 'Europe/Moscow'; or say session: utc, and both sides are worked out in UTC with ISO dates.",
          }
        : {
            message: `${key}: could not be tried: ${fault.message}`,
            hint: "Let the engine's role make temporary tables (GRANT TEMPORARY), or correct it.",
          },
    )
  }
  return found
}

const notImmutable = "42P17"

async function triedOnNothing(session: Session, statements: readonly string[]): Promise<{ code: string; message: string } | undefined> {
  try {
    await tryAndTakeBack(session, statements)
    return undefined
  } catch (thrown) {
    const code = codeOf(thrown)
    if (code === undefined) throw thrown
    return { code, message: describe(thrown) }
  }
}

/** A domain with a constraint is checked for every row that is there, in a rewrite under a lock that stops everybody. */
export async function strangeTypes(session: Session, columns: readonly ColumnFacts[]): Promise<Objection[]> {
  const found: Objection[] = []
  for (const { name, type } of columns) {
    const rows = await session.rows<{ base: string }>(
      `SELECT format_type(t.typbasetype, t.typtypmod) AS base FROM pg_type t
       WHERE t.oid = to_regtype($1) AND t.typtype = 'd'
         AND (t.typnotnull OR t.typdefault IS NOT NULL OR EXISTS (SELECT FROM pg_constraint c WHERE c.contypid = t.oid))`,
      [type],
    )
    if (rows[0] !== undefined)
      found.push({
        message: `column "${name}": ${type} is a domain with a constraint, so the table would be rewritten while everybody waits`,
        hint: `Give the column the type ${rows[0].base}, and the check by add_constraint.`,
      })
  }
  return found
}

/** A volatile default gives each row a value of its own. PostgreSQL's own functions are the lint's to know. */
export async function foreignDefaults(session: Session, columns: readonly ColumnFacts[]): Promise<Objection[]> {
  const found: Objection[] = []
  for (const { name, default: value } of columns) {
    if (value === undefined) continue
    const trees = await parseSql(`SELECT (${value}\n)`)
    for (const call of callsIn(trees.map(({ tree }) => tree))) {
      if (call.nature !== "own") continue
      const [row] = await session.rows<{ volatile: boolean | null }>(
        "SELECT bool_or(p.provolatile = 'v') AS volatile FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname || '.' || p.proname = $1",
        [call.name],
      )
      if (row?.volatile === false) continue
      found.push({
        message: `column "${name}": ${call.name}() is volatile, so each row gets a value of its own and the table is rewritten while everybody waits`,
        hint: "Add the column empty, and fill it with derive_columns.",
      })
    }
  }
  return found
}
