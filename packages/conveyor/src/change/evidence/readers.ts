// Which statements of the application still name what contract would take away: pg_stat_statements, parsed, and
// watched over a time, because it keeps no record of when a statement last ran. Called by the contract gate.
import { displayName } from "../files/names.ts"
import type { TableName } from "../files/names.ts"
import type { Readable } from "../operations/operation.ts"
import { isOwn } from "../fleet/mark.ts"
import type { Session } from "../fleet/session.ts"
import { statisticsViews, thisDatabase } from "./statistics.ts"
import { isTable, usesColumn } from "./column-use.ts"
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

/** What of the taken a statement uses; undefined where it can be ruled out that it uses any. */
export async function namedBy(query: string, taken: readonly Readable[]): Promise<string | undefined> {
  const near = taken.filter((one) => mentions(query, one.table.name))
  if (near.length === 0 || isOwn(query)) return undefined
  const trees = await parseSql(query).catch(() => undefined)
  // A statement that was cut off cannot be parsed; that it mentions the table is reason enough.
  if (trees === undefined) return describeTaken(near[0])
  return describeTaken(near.find((one) => trees.some(({ tree }) => reads(tree, one))))
}

function reads(tree: SqlTree, taken: Readable): boolean {
  if (!isReadable(tree)) return false
  if (taken.kind === "column") return usesColumn(tree, taken)
  return [...nodesOf(tree)].some(([, node]) => isTable(node, taken.table)) || hasText(tree, taken.table)
}

/** Data definition and maintenance do not read for the application; anything else may. */
export const isReadable = (tree: SqlTree) => !Object.keys(tree).every((kind) => !reading.has(kind) && definition.test(kind))

const reading: ReadonlySet<string> = new Set(["CreateTableAsStmt"])
const definition =
  /^(Alter|Create|Drop|Index|Rename|Comment|Grant|Truncate|Vacuum|Lock|Cluster|Reindex|Transaction|Variable|Discard|Deallocate|ClosePortal|Fetch|Execute|Listen|Unlisten|Notify|CheckPoint|Load|SecLabel|Define|View|Rule|RefreshMatView|ConstraintsSet|CompositeType|ReassignOwned)/

/** DO and CALL carry their SQL as text. */
const hasText = (tree: SqlTree, table: TableName) =>
  /^(Do|Call)Stmt$/.test(Object.keys(tree)[0] ?? "") && mentions(JSON.stringify(tree), table.name)

export const mentions = (query: string, name: string) =>
  query.includes(name) || query.includes(name.replaceAll('"', '""')) || query.toLowerCase().includes(name)

const describeTaken = (taken: Readable | undefined) =>
  taken === undefined ? undefined : taken.kind === "table" ? displayName(taken.table) : `"${taken.column}" of ${displayName(taken.table)}`

export const shorten = (query: string) => (query.length > 160 ? `${query.slice(0, 157)}...` : query).replace(/\s+/g, " ")
