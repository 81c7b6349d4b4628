// Which statements of the application still name what contract would take away: pg_stat_statements, parsed, and
// watched over a time, because it keeps no record of when a statement last ran. Called by the contract gate.
import { displayName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { Readable } from "../operations/operation.ts"
import { codeOf } from "../fleet/session.ts"
import type { Session } from "../fleet/session.ts"
import { nodesOf, parseSql } from "../lint/sql-parser.ts"
import type { SqlTree } from "../lint/sql-parser.ts"

/** Remembers how often each statement has run by now, if nothing is remembered since the last reader stopped. Gives when. */
export async function beginObservation(session: Session, change: string, lastReaderStoppedAt: number | undefined): Promise<Date> {
  const since = new Date(lastReaderStoppedAt ?? 0)
  const [known] = await session.rows<{ began: Date }>("SELECT began FROM conveyor.observation WHERE change = $1 AND began >= $2", [
    change,
    since,
  ])
  if (known !== undefined) return known.began
  return session.transaction(async () => {
    await session.execute("DELETE FROM conveyor.statement_snapshot WHERE change = $1", [change])
    await session.execute("DELETE FROM conveyor.observation WHERE change = $1", [change])
    const { view, info } = await statisticsViews(session)
    const [row] = await session.rows<{ began: Date }>(
      `INSERT INTO conveyor.observation (change, began, dealloc, stats_reset) SELECT $1, clock_timestamp(), dealloc, stats_reset FROM ${info} RETURNING began`,
      [change],
    )
    await session.execute(
      `INSERT INTO conveyor.statement_snapshot (change, userid, queryid, calls)
       SELECT $1, userid, queryid, sum(calls) FROM ${view} WHERE dbid = ${thisDatabase} AND queryid IS NOT NULL GROUP BY userid, queryid`,
      [change],
    )
    return row?.began ?? new Date()
  })
}

/** Undefined where PostgreSQL keeps statistics of statements here; otherwise the reason why it does not. */
export async function missingStatistics(session: Session): Promise<string | undefined> {
  const views = await statisticsViews(session).catch(() => undefined)
  if (views === undefined) return `shard ${session.shard.name} has no pg_stat_statements: run CREATE EXTENSION pg_stat_statements there`
  try {
    await session.rows(`SELECT 1 FROM ${views.info}`)
    return undefined
  } catch (thrown) {
    if (codeOf(thrown) === "55000")
      return `shard ${session.shard.name} does not load pg_stat_statements: add it to shared_preload_libraries and restart the server`
    return `shard ${session.shard.name} does not let this user read pg_stat_statements: GRANT pg_read_all_stats to it`
  }
}

/** Statements that ran since the observation began and name what would be taken. */
export async function findReaders(session: Session, change: string, taken: readonly Readable[]): Promise<string[]> {
  const { view, info } = await statisticsViews(session)
  const [lost] = await session.rows<{ dealloc: boolean; reset: boolean }>(
    `SELECT i.dealloc <> o.dealloc AS dealloc, i.stats_reset IS DISTINCT FROM o.stats_reset AS reset FROM ${info} i, conveyor.observation o WHERE o.change = $1`,
    [change],
  )
  // What the statistics forgot may have been a reader: the observation begins anew.
  if (lost === undefined || lost.dealloc || lost.reset) {
    await session.execute("DELETE FROM conveyor.observation WHERE change = $1", [change])
    const remedy = lost?.dealloc === true ? "raise pg_stat_statements.max" : "leave the statistics alone"
    return [`shard ${session.shard.name}: pg_stat_statements has forgotten statements since the observation began; ${remedy} and try again`]
  }
  const statements = await session.rows<{ query: string; calls: number }>(
    `SELECT s.query, (s.calls - coalesce(b.calls, 0))::float8 AS calls
     FROM (SELECT userid, queryid, min(query) AS query, sum(calls) AS calls FROM ${view}
           WHERE dbid = ${thisDatabase} AND queryid IS NOT NULL GROUP BY userid, queryid) s
     LEFT JOIN conveyor.statement_snapshot b ON b.change = $1 AND b.userid = s.userid AND b.queryid = s.queryid
     WHERE s.calls > coalesce(b.calls, 0)`,
    [change],
  )
  const found: string[] = []
  for (const { query, calls } of statements) {
    const what = await namedBy(query, taken)
    if (what !== undefined) found.push(`shard ${session.shard.name}: ${what} is still used, ${calls} times since: ${shorten(query)}`)
  }
  // The next try watches anew, so that a reader that has stopped does not count for ever.
  if (found.length > 0) await session.execute("DELETE FROM conveyor.observation WHERE change = $1", [change])
  return found
}

/** Statements that read every column of a table: a prepared one of them fails once when a column is added. */
export async function findStarReaders(session: Session, tables: readonly TableName[]): Promise<string[]> {
  if ((await missingStatistics(session)) !== undefined) return []
  const { view } = await statisticsViews(session)
  const statements = await session.rows<{ query: string }>(
    `SELECT DISTINCT query FROM ${view} WHERE dbid = ${thisDatabase} AND query LIKE '%*%'`,
  )
  const found: string[] = []
  for (const { query } of statements) {
    if (isOurs(query) || !tables.some((table) => mentions(query, table.name))) continue
    const trees = await parseSql(query).catch(() => [])
    const isStar = trees.some(({ tree }) => {
      const nodes = [...nodesOf(tree)]
      return (
        isReadable(tree) &&
        nodes.some(([kind]) => kind === "A_Star") &&
        nodes.some(([, node]) => tables.some((table) => isTable(node, table)))
      )
    })
    if (isStar) found.push(shorten(query))
  }
  return found
}

const isTable = (node: SqlTree, table: TableName) => node["relname"] === table.name && (node["schemaname"] ?? table.schema) === table.schema

/** What of the taken a statement names; undefined where it names none. */
export async function namedBy(query: string, taken: readonly Readable[]): Promise<string | undefined> {
  const near = taken.filter(
    (one) => mentions(query, one.table.name) && (one.kind === "table" || mentions(query, one.column) || query.includes("*")),
  )
  if (near.length === 0 || isOurs(query)) return undefined
  const trees = await parseSql(query).catch(() => undefined)
  // A statement that was cut off or is a command cannot be parsed; that it mentions the names is reason enough.
  if (trees === undefined) return describeTaken(near[0])
  return describeTaken(near.find((one) => trees.some(({ tree }) => reads(tree, one))))
}

function reads(tree: SqlTree, taken: Readable): boolean {
  const { table } = taken
  const nodes = [...nodesOf(tree)]
  if (!isReadable(tree) || !nodes.some(([, node]) => isTable(node, table))) return false
  return taken.kind === "table" || nodes.some(([kind, node]) => kind === "A_Star" || lastName(kind, node) === taken.column)
}

/** Data definition and maintenance do not read for the application. */
const isReadable = (tree: SqlTree) =>
  Object.keys(tree).some((kind) => /^(Select|Insert|Update|Delete|Merge|Copy|Prepare|DeclareCursor|Explain)Stmt$/.test(kind))

function lastName(kind: string, node: SqlTree): unknown {
  if (kind === "ResTarget" || kind === "IndexElem") return node["name"]
  if (kind === "String") return node["sval"]
  return undefined
}

const mentions = (query: string, name: string) =>
  query.includes(name) || query.includes(name.replaceAll('"', '""')) || query.toLowerCase().includes(name)

const isOurs = (query: string) => /\bconveyor\./.test(query) || query.includes("ctid >= ")

const describeTaken = (taken: Readable | undefined) =>
  taken === undefined ? undefined : taken.kind === "table" ? displayName(taken.table) : `"${taken.column}" of ${displayName(taken.table)}`

const shorten = (query: string) => (query.length > 160 ? `${query.slice(0, 157)}...` : query).replace(/\s+/g, " ")

const thisDatabase = "(SELECT oid FROM pg_database WHERE datname = current_database())"

/** The extension may live in any schema. */
async function statisticsViews(session: Session): Promise<{ view: string; info: string }> {
  const [row] = await session.rows<{ schema: string }>(
    "SELECT quote_ident(n.nspname) AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'",
  )
  if (row === undefined) throw new Error("pg_stat_statements is not installed")
  return { view: `${row.schema}.pg_stat_statements`, info: `${row.schema}.pg_stat_statements_info` }
}
