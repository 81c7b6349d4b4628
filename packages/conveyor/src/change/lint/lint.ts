// What is dangerous in the SQL of a change, seen by PostgreSQL's own parser: statements that lock, rewrite or break the
// version that runs. Each finding has a place, a reason and a safe way. Called by `conveyor change lint` and by expand.
import { describe } from "../../kernel/errors.ts"
import type { Change, Place } from "../change.ts"
import type { Finding, Remark } from "./finding.ts"
import { lintStatement } from "./lint-rules.ts"
import type { SqlText } from "../operations/operation.ts"
import { nodesOf, parseSql } from "./sql-parser.ts"
import type { SqlTree } from "./sql-parser.ts"

export async function lintChange(change: Change): Promise<Finding[]> {
  const found: Finding[] = []
  const created = new Set(change.operations.flatMap(({ brings }) => brings.filter(({ isNew }) => isNew).map(({ table }) => table.name)))
  for (const [i, operation] of change.operations.entries()) {
    for (const text of operation.texts) {
      const key = `operations.${i}.${operation.kind}.${text.key}`
      const place = change.places.get(key) ?? change.places.get(`operations.${i}`) ?? { line: 1, column: 1 }
      const remarks = text.use === "expression" ? await lintExpression(text) : await lintStatements(text, created)
      const allowed = new Set(operation.allow)
      found.push(
        ...remarks.filter(({ rule }) => !allowed.has(rule)).map((remark) => ({ file: change.file, ...placeOf(place), key, ...remark })),
      )
    }
  }
  return found
}

const placeOf = ({ line, column }: Place) => ({ line, column })

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
  return [...several, ...statements.flatMap(({ tree }) => lintStatement(tree, use, created))]
}

/** What up and down may not do: give another value the next time, or look elsewhere. */
async function lintExpression({ sql }: SqlText): Promise<Remark[]> {
  const statements = await parsed(`SELECT (${sql}\n)`)
  if (!Array.isArray(statements)) return [statements]
  const found: Remark[] = []
  for (const [kind, node] of nodesOf(statements.map(({ tree }) => tree))) {
    if (kind === "SubLink") {
      found.push({
        rule: "looks-elsewhere",
        severity: "error",
        message: "an expression that reads other rows goes stale when they change, and makes each write slow",
        safeWay: "Use columns of the row alone.",
      })
    } else if (kind === "SQLValueFunction" || (kind === "FuncCall" && changing.has(functionName(node)))) {
      found.push({
        rule: "not-repeatable",
        severity: "error",
        message: "an expression that gives another value each time can never be verified",
        safeWay: "Derive the value from columns of the row.",
      })
    }
  }
  return found
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

function functionName(node: SqlTree): string {
  const parts = (node["funcname"] ?? []) as { String?: { sval?: string } }[]
  return parts.at(-1)?.String?.sval ?? ""
}

/** Functions of PostgreSQL whose value changes from row to row or from time to time. */
const changing: ReadonlySet<string> = new Set(
  "now random clock_timestamp statement_timestamp transaction_timestamp timeofday gen_random_uuid uuidv4 uuidv7 nextval setval txid_current pg_backend_pid random_normal".split(
    " ",
  ),
)
