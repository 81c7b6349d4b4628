// Proves on one shard that the old side and the new side of every row say the same. Called by the engine before a
// release may use the change, and again whenever somebody wants to know.
import type { Checksum } from "../engine.ts"
import type { LeafFacts, TableFacts } from "../evidence/catalog.ts"
import type { Worker } from "./execute.ts"
import { quoteAll, sqlName } from "../files/names.ts"
import type { Operation, Tables } from "../operations/operation.ts"

export interface TableChecksum extends Checksum {
  /** The first rows that differ, by their key. */
  firstKeys: readonly string[]
}

const rowsAtOnce = 50_000
const keysShown = 5

/** Both sides of an operation's rows; the other table too, where both sides are rows. */
export async function verifyOperation(worker: Worker, operation: Operation, tables: Tables, when: When): Promise<TableChecksum> {
  const sum = { rows: 0, mismatches: 0, firstKeys: [] as string[] }
  const work = operation.rows(tables)
  const facts = work === undefined ? undefined : tables(work.table)
  if (work === undefined || facts === undefined) return sum
  const parts = [await verifyTable(worker, when === "before release" ? work.wrong : work.torn, facts)]
  const others = work.strays === undefined ? undefined : tables(work.strays.table)
  if (work.strays !== undefined && others !== undefined) parts.push({ ...(await verifyTable(worker, work.strays.torn, others)), rows: 0 })
  for (const part of parts) {
    sum.rows += part.rows
    sum.mismatches += part.mismatches
    sum.firstKeys.push(...part.firstKeys)
  }
  return sum
}

/** "before release" holds the rows to what old code alone has written; "in use" takes what either version wrote. */
type When = "before release" | "in use"

async function verifyTable(worker: Worker, condition: string, facts: TableFacts): Promise<TableChecksum> {
  const sum: { rows: number; mismatches: number; firstKeys: string[] } = { rows: 0, mismatches: 0, firstKeys: [] }
  for (const leaf of facts.leaves) {
    for (const [from, to] of pageRanges(leaf)) {
      const range = `ctid >= '(${from},0)' AND ctid < '(${to},0)'`
      const [row] = await worker.session.rows<{ rows: number; mismatches: number }>(
        `SELECT count(*)::float8 AS rows, (count(*) FILTER (WHERE ${condition}))::float8 AS mismatches FROM ONLY ${sqlName(leaf.table)} WHERE ${range}`,
      )
      sum.rows += row?.rows ?? 0
      sum.mismatches += row?.mismatches ?? 0
      if ((row?.mismatches ?? 0) === 0 || sum.firstKeys.length >= keysShown) continue
      const key = facts.primaryKey.length > 0 ? `ROW(${quoteAll(facts.primaryKey)})::text` : "ctid::text"
      const found = await worker.session.rows<{ key: string }>(
        `SELECT ${key} AS key FROM ONLY ${sqlName(leaf.table)} WHERE ${range} AND ${condition} LIMIT ${keysShown - sum.firstKeys.length}`,
      )
      sum.firstKeys.push(...found.map((each) => each.key))
    }
  }
  return sum
}

/** The last range has no end in practice: rows that move while it is read are in it. */
function* pageRanges(leaf: LeafFacts): Generator<[from: number, to: number]> {
  const pagesAtOnce = Math.max(1, Math.round((rowsAtOnce * leaf.pages) / Math.max(1, leaf.rows)))
  for (let from = 0; ; from += pagesAtOnce) {
    const isLast = from + pagesAtOnce >= leaf.pages
    yield [from, isLast ? lastPage : from + pagesAtOnce]
    if (isLast) return
  }
}

const lastPage = 4_294_967_295
