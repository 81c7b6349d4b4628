// Statements that read every column of a table: a prepared one of them fails from the moment a column is added until its
// connection ends. Called by expand.
import { isOwn } from "../fleet/mark.ts"
import type { Session } from "../fleet/session.ts"
import type { TableName } from "../files/names.ts"
import { nodesOf, parseSql } from "../lint/sql-parser.ts"
import { isTable } from "./column-use.ts"
import { isReadable, mentions, shorten } from "./readers.ts"
import { unreadStatistics, statisticsViews, thisDatabase } from "./statistics.ts"

/** Gives the statements; or why it is not known whether there are any. */
export async function findStarReaders(session: Session, tables: readonly TableName[]): Promise<{ found: string[] } | { unknown: string }> {
  const missing = await unreadStatistics(session)
  if (missing !== undefined) return { unknown: missing }
  const { view } = await statisticsViews(session)
  const statements = await session.rows<{ query: string }>(
    `SELECT DISTINCT query FROM ${view} WHERE dbid = ${thisDatabase} AND query LIKE '%*%'`,
  )
  const found: string[] = []
  for (const { query } of statements) {
    if (isOwn(query) || !tables.some((table) => mentions(query, table.name))) continue
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
  return { found }
}
