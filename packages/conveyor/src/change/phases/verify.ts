// Proves on one shard that the old side and the new side of every row say the same. Called by the engine before a
// release may use the change, and again whenever somebody wants to know.
import type { Checksum } from "../engine.ts"
import type { LeafFacts, TableFacts } from "../evidence/catalog.ts"
import type { Worker } from "./execute.ts"
import { quoteAll, sqlName } from "../files/names.ts"
import type { RowWork } from "../operations/operation.ts"

export interface TableChecksum extends Checksum {
  /** The first rows that differ, by their key. */
  firstKeys: readonly string[]
}

const rowsAtOnce = 50_000
const keysShown = 5

/** "before release" holds the rows to what old code alone has written; "in use" takes what either version wrote. */
export async function verifyTable(
  worker: Worker,
  work: RowWork,
  facts: TableFacts,
  when: "before release" | "in use",
): Promise<TableChecksum> {
  const sum: { rows: number; mismatches: number; firstKeys: string[] } = { rows: 0, mismatches: 0, firstKeys: [] }
  const condition = when === "before release" ? work.wrong : work.torn
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
