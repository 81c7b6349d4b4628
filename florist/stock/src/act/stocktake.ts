// Posting a stocktake: what was counted is held against what the books say *at the moment of counting*, and the difference moves. What occurred before that
// moment and is posted later changes the difference (see the posting), so that nothing is counted twice.
import { isDuplicate } from "@florist/kit/database"
import { conflict, invalid } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { openPosting } from "../ledger/posting.ts"
import type { Act, ActLine, Post } from "./act.ts"

export const postStocktake: Post = async (tx, act) => {
  const { id, docNo, storeId, occurredAt } = act
  const items = act.lines.flatMap(({ itemId }) => itemId ?? [])
  if (items.length < act.lines.length || new Set(items).size < items.length)
    throw invalid("A stocktake names each item once, and no bouquets.", { pointer: "/data/relationships/lines" })
  const source = { documentId: id, documentNo: docNo, turn: 1, occurredAt, reasonId: null }
  const posting = await openPosting(tx, source, { shelves: items.map((itemId) => ({ storeId, itemId })) })
  const expected = await balancesAt(tx, { storeId, items, at: occurredAt })
  const lines: ActLine[] = []
  for (const line of act.lines) {
    const { itemId } = line
    const before = expected.get(itemId ?? "") ?? 0
    const difference = line.qty - before
    const place = { storeId, itemId, bouquetId: null }
    const lineId = String(line.id)
    let cost = 0
    if (difference > 0) {
      cost = await posting.estimate(place, difference)
      const unitCost = Math.round((cost * 1_000) / difference)
      await posting.add({
        to: place,
        qty: difference,
        cost,
        kind: "count-surplus",
        lineId,
        receivedAt: occurredAt,
        freshUntil: null,
        unitCost,
      })
    }
    if (difference < 0)
      cost = -(await posting.take({ from: place, qty: -difference, kind: "count-shortage", lineId, expired: "take", shortage: "allow" }))
        .cost
    lines.push({ ...line, expected: before, cost })
  }
  await posting.finish()
  await keepCounts(tx, act)
  return { amount: lines.reduce((sum, { cost }) => sum + cost, 0), claim: 0, lines }
}

/** What the books said then: what they say now without what occurred later. */
async function balancesAt(
  tx: Transaction,
  { storeId, items, at }: { storeId: string; items: readonly string[]; at: Date },
): Promise<Map<string, number>> {
  const rows = await tx.query(
    `SELECT item_id, qty - coalesce((SELECT sum(later.qty) FROM stock.stock_movement later
       WHERE later.store_id = balance.store_id AND later.item_id = balance.item_id AND later.occurred_at > $3), 0)::bigint AS qty
     FROM stock.stock_balance balance WHERE store_id = $1 AND item_id = ANY ($2::uuid[])`,
    [storeId, items, at],
  )
  return new Map(rows.map(({ item_id: itemId, qty }) => [String(itemId), Number(qty)]))
}

async function keepCounts(tx: Transaction, { id, docNo, storeId, occurredAt, lines }: Act): Promise<void> {
  try {
    await tx.query(
      `INSERT INTO stock.stock_count (shop_id, store_id, item_id, counted_at, document_id, document_no, line_id)
       SELECT $1, $2, item_id, $3, $4, $5, line_id FROM unnest($6::uuid[], $7::bigint[]) AS counted(item_id, line_id)`,
      [tx.shop, storeId, occurredAt, id, docNo, lines.map(({ itemId }) => itemId), lines.map((line) => line.id)],
    )
  } catch (cause) {
    if (!isDuplicate(cause)) throw cause
    throw conflict("One of the items was counted at the same moment by another stocktake.", { pointer: "/data/attributes/occurredAt" })
  }
}
