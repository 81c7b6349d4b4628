// Numbers of documents: counted for each shop and kind, from 1, without gaps. Called by whoever makes a document, before it locks any shelf.
import type { Transaction } from "@florist/kit/transaction"

const prefixes = {
  receipt: "rc",
  "write-off": "wo",
  transfer: "tr",
  stocktake: "st",
  "purchase-order": "po",
} as const

type Numbered = keyof typeof prefixes | "bouquet" | "act-line"

/** The last of `count` new numbers of each kind; who counts the same kind waits until this transaction ends. */
export async function nextNumbers(tx: Transaction, counts: Partial<Record<Numbered, number>>): Promise<Record<string, number>> {
  const wanted = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const rows = await tx.query(
    `INSERT INTO stock.counter AS counter (shop_id, kind, value) SELECT $1, kind, count FROM unnest($2::text[], $3::bigint[]) AS wanted(kind, count)
     ON CONFLICT (shop_id, kind) DO UPDATE SET value = counter.value + excluded.value RETURNING kind, value`,
    [tx.shop, wanted.map(([kind]) => kind), wanted.map(([, count]) => count)],
  )
  return Object.fromEntries(rows.map(({ kind, value }) => [String(kind), Number(value)]))
}

/** "rc-000000012" */
export const docNoOf = (kind: keyof typeof prefixes, number: number): string => `${prefixes[kind]}-${String(number).padStart(9, "0")}`
