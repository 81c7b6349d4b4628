// What each item cost its buyers before the price that it has now, by store. Called for each change of an item.
import { itemAttributes } from "@florist/kit/contracts/catalog"
import type { Transaction } from "@florist/kit/transaction"
import { noStore } from "./total.ts"

const priced = itemAttributes.pick({ prices: true })

export async function keepPrices(tx: Transaction, item: string, attributes: Readonly<Record<string, unknown>>): Promise<void> {
  const { prices } = priced.safeParse(attributes).data ?? { prices: [] }
  if (prices.length === 0) return
  const byStore = new Map(prices.map(({ storeId, price }) => [storeId ?? noStore, price]))
  await tx.query(
    `INSERT INTO reports.item_price AS there (shop_id, item_id, store_id, price)
     SELECT $1, $2, store_id, price FROM jsonb_to_recordset($3::jsonb) AS (store_id uuid, price bigint)
     ON CONFLICT (shop_id, item_id, store_id) DO UPDATE SET price = excluded.price, previous = there.price WHERE there.price <> excluded.price`,
    [tx.shop, item, JSON.stringify([...byStore].map(([store_id, price]) => ({ store_id, price })))],
  )
}

/** As SQL: the price before, of the item $2 in a store; its own before the shop's. */
export const previousPrice = (store: string): string =>
  `(SELECT previous FROM reports.item_price WHERE shop_id = $1 AND item_id = $2::uuid AND store_id IN (${store}, '${noStore}')
    ORDER BY store_id = '${noStore}' LIMIT 1)`
