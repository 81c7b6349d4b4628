// How much there is, read flat from the balances that the database keeps. Called by the views and by other services.
import type { Reader } from "@florist/kit/database"

/** Thousandths by item, in the order asked for. */
export async function balancesOf(
  reader: Reader,
  { storeId, itemIds }: { storeId: string | null; itemIds: readonly string[] },
): Promise<{ itemId: string; qty: number }[]> {
  const rows = await reader.query(
    `SELECT item_id, sum(qty)::bigint AS qty FROM stock.stock_balance WHERE item_id = ANY ($1::uuid[]) AND ($2::uuid IS NULL OR store_id = $2) GROUP BY item_id`,
    [itemIds, storeId],
  )
  const known = new Map(rows.map(({ item_id: itemId, qty }) => [String(itemId), Number(qty)]))
  return itemIds.map((itemId) => ({ itemId, qty: known.get(itemId) ?? 0 }))
}
