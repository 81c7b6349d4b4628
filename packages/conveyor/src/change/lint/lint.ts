// What is dangerous in the SQL of a change, seen by PostgreSQL's own parser: statements that lock, rewrite or break the
// version that runs. Each finding has a place, a reason and a safe way. Called by `conveyor change lint` and by expand.
import { describe } from "../../kernel/errors/errors.ts"
import type { Change, Place } from "../change.ts"
import type { Finding, Remark } from "./finding.ts"
import { isValidation, validatedBesideOthers } from "./alter-table.ts"
import { lintDefault, lintType } from "./columns.ts"
import { callsIn } from "./functions.ts"
import { error } from "./remarks.ts"
import { lintStatement } from "./statements.ts"
import type { SqlText } from "../operations/operation.ts"
import { nodesOf, parseSql } from "./sql-parser.ts"
import type { SqlTree } from "./sql-parser.ts"

export async function lintChange(change: Change): Promise<Finding[]> {
  const found: Finding[] = []
  const created = new Set(
    change.operations.flatMap(({ brings }) => brings.filter(({ isNew }) => isNew).map(({ table }) => `${table.schema}.${table.name}`)),
  )
  for (const [i, operation] of change.operations.entries()) {
    for (const text of operation.texts) {
      const key = `operations.${i}.${operation.kind}.${text.key}`
      const place = change.places.get(key) ?? change.places.get(`operations.${i}`) ?? { line: 1, column: 1 }
      const remarks = await lintText(text, created)
      const allowed = new Set(operation.allow)
      found.push(
        ...remarks.filter(({ rule }) => !allowed.has(rule)).map((remark) => ({ file: change.file, ...placeOf(place), key, ...remark })),
      )
    }
  }
  return found
}

const placeOf = ({ line, column }: Place) => ({ line, column })

function lintText(text: SqlText, created: Set<string>): Promise<Remark[]> {
  if (text.use === "expression") return lintExpression(text.sql)
  if (text.use === "default") return lintValue(text.sql)
  return text.use === "type" ? lintTypeName(text.sql) : lintStatements(text, created)
}

async function lintStatements({ sql, use }: SqlText, created: Set<string>): Promise<Remark[]> {
  const statements = await parsed(sql)
  if (!Array.isArray(statements)) return [statements]
  const several: Remark[] =
    statements.length > 1 && use !== "undo"
      ? [
          {
            rule: "several-statements",
            severity: "warning",
            message: "several statements hold their locks until the last one is done",
            safeWay: "Write them as a list, one statement each.",
          },
        ]
      : []
  const proven = statements.length > 1 && statements.some(({ tree }) => isValidation(tree)) ? validatedBesideOthers() : []
  return [
    ...several,
    ...proven,
    ...lintTogether(statements.map(({ tree }) => tree)),
    ...statements.flatMap(({ tree }) => lintStatement(tree, use, created)),
  ]
}

/** What PostgreSQL refuses of statements that are sent as one, and so run in one transaction. */
function lintTogether(trees: readonly SqlTree[]): Remark[] {
  if (trees.length < 2) return []
  const added = trees.flatMap(({ AlterEnumStmt: node }) => {
    const { oldVal, newVal } = (node ?? {}) as { oldVal?: string; newVal?: string }
    return oldVal === undefined && newVal !== undefined ? [newVal] : []
  })
  const values = [...nodesOf(trees.filter((tree) => tree["AlterEnumStmt"] === undefined))].flatMap(([kind, node]) =>
    kind === "sval" ? [node["sval"]] : [],
  )
  return [
    ...(trees.some(needsNoTransaction)
      ? error(
          "alone",
          "one of the statements runs outside of a transaction alone, and several are one transaction",
          "Write it as an entry of its own in the list.",
        )
      : []),
    ...(added.some((value) => values.includes(value))
      ? error(
          "too-new",
          "a value of an enum cannot be used in the transaction that adds it",
          "Add it with add_enum_value, and use it in an entry after it.",
        )
      : []),
  ]
}

const needsNoTransaction = (tree: SqlTree): boolean =>
  Object.entries(tree).some(
    ([kind, node]) => kind === "VacuumStmt" || ((kind === "IndexStmt" || kind === "DropStmt") && (node as SqlTree)["concurrent"] === true),
  )

/** What up, down and a check may not do: give another value the next time, or look elsewhere. */
async function lintExpression(sql: string): Promise<Remark[]> {
  const statements = await parsed(`SELECT (${sql}\n)`)
  if (!Array.isArray(statements)) return [statements]
  const trees = statements.map(({ tree }) => tree)
  const kinds = new Set([...nodesOf(trees)].map(([kind]) => kind))
  const isSteady =
    !kinds.has("SQLValueFunction") &&
    callsIn(trees).every(({ name, nature }) => nature !== "changing" && nature !== "acts" && !ofTheMoment.has(name))
  return [
    ...(kinds.has("SubLink")
      ? error(
          "looks-elsewhere",
          "an expression that reads other rows goes stale when they change, and makes each write slow",
          "Use columns of the row alone.",
        )
      : []),
    ...(isSteady
      ? []
      : error(
          "not-repeatable",
          "an expression that gives another value each time can never be verified",
          "Derive the value from columns of the row.",
        )),
  ]
}

/** Stable within one transaction or session, another value in the next. */
const ofTheMoment: ReadonlySet<string> = new Set(
  "now statement_timestamp transaction_timestamp current_setting pg_backend_pid txid_current pg_current_xact_id current_database current_schema current_schemas inet_client_addr inet_client_port version".split(
    " ",
  ),
)

/** A column's default in an operation; functions of one's own are looked up in the shard's catalog, by expand. */
async function lintValue(sql: string): Promise<Remark[]> {
  const statements = await parsed(`SELECT (${sql}\n)`)
  if (!Array.isArray(statements)) return [statements]
  const trees = statements.map(({ tree }) => tree)
  return callsIn(trees).some(({ nature }) => nature === "own") ? [] : lintDefault(trees)
}

async function lintTypeName(sql: string): Promise<Remark[]> {
  const statements = await parsed(`SELECT NULL::${sql}`)
  if (!Array.isArray(statements)) return [statements]
  for (const [kind, node] of nodesOf(statements.map(({ tree }) => tree))) {
    if (kind !== "typeName") continue
    return lintType(((node["names"] ?? []) as { String?: { sval?: string } }[]).map((name) => name.String?.sval ?? ""))
  }
  return []
}

async function parsed(sql: string): Promise<{ tree: SqlTree }[] | Remark> {
  try {
    return await parseSql(sql)
  } catch (thrown) {
    return {
      rule: "syntax",
      severity: "error",
      message: `PostgreSQL's parser refuses it: ${describe(thrown)}`,
      safeWay: "Correct the SQL.",
    }
  }
}
