// What the catalog follows: how much of each item every store has and sold (stock's ledger), what it was sold for (orders), which bouquets stand on the window.
// Each event is applied once, also where it comes again.
import { bouquetChanged, bouquetSnapshot, movementsOf, movementsRecorded } from "@florist/kit/contracts/stock"
import type { Movement } from "@florist/kit/contracts/stock"
import { orderPosted, orderSnapshot } from "@florist/kit/contracts/orders"
import type { Consumption, Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"

export const followed: readonly Consumption[] = [
  { from: "stock", on: { [movementsRecorded]: once(applyMovements), [bouquetChanged]: applyBouquet } },
  { from: "orders", on: { [orderPosted]: once(applySale) } },
]

/** How long an event could come again. */
const rememberedFor = "7 days"

function once(apply: Consumption["on"][string]): Consumption["on"][string] {
  return async (tx, event) => {
    const first = await tx.query("INSERT INTO catalog.applied_event (shop_id, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id", [
      tx.shop,
      event.id,
    ])
    if (first.length === 0) return
    await tx.query(
      `DELETE FROM catalog.applied_event WHERE shop_id = $1 AND id IN (
         SELECT id FROM catalog.applied_event WHERE shop_id = $1 AND applied_at < now() - interval '${rememberedFor}' ORDER BY applied_at LIMIT 5)`,
      [tx.shop],
    )
    await apply(tx, event)
  }
}

const isOfItem = (one: Movement): one is Movement & { itemId: string } => one.itemId !== null

async function applyMovements(tx: Transaction, { data }: Event): Promise<void> {
  const movements = movementsOf.parse(data).movements.filter(isOfItem)
  if (movements.length === 0) return
  const rows = JSON.stringify(
    movements.map(({ itemId, storeId, documentId, kind, qty, cost, occurredAt }) => ({
      item: itemId,
      store: storeId,
      document: documentId,
      qty,
      cost,
      at: occurredAt,
      // What a sale took is negative, what a return brought back positive.
      ...(kind === "sale" || kind === "sale-return" ? { sold_qty: -qty, sold_cost: -cost } : {}),
    })),
  )
  const given = `jsonb_to_recordset($2::jsonb) AS given (item uuid, store uuid, document text, qty bigint, cost bigint, at timestamptz, sold_qty bigint, sold_cost bigint)`
  await tx.query(
    `INSERT INTO catalog.balance AS kept (shop_id, item_id, store_id, qty, cost, moved_at)
     SELECT $1, item, store, sum(qty), sum(cost), max(at) FROM ${given} GROUP BY item, store ORDER BY item, store
     ON CONFLICT (shop_id, item_id, store_id) DO UPDATE
       SET qty = kept.qty + excluded.qty, cost = kept.cost + excluded.cost, moved_at = greatest(kept.moved_at, excluded.moved_at)`,
    [tx.shop, rows],
  )
  await tx.query(
    `INSERT INTO catalog.sale_day AS kept (shop_id, item_id, store_id, day, moved_qty, moved_cost)
     SELECT $1, item, store, (at AT TIME ZONE 'UTC')::date AS day, sum(sold_qty), sum(sold_cost) FROM ${given} WHERE sold_qty IS NOT NULL
     GROUP BY item, store, day ORDER BY item, store, day
     ON CONFLICT (shop_id, item_id, store_id, day) DO UPDATE
       SET moved_qty = kept.moved_qty + excluded.moved_qty, moved_cost = kept.moved_cost + excluded.moved_cost`,
    [tx.shop, rows],
  )
  await tx.query(
    `INSERT INTO catalog.document_item (shop_id, document_id, item_id) SELECT DISTINCT $1::bigint, document, item FROM ${given} ON CONFLICT DO NOTHING`,
    [tx.shop, rows],
  )
}

async function applySale(tx: Transaction, { data, occurredAt }: Event): Promise<void> {
  const { storeId, postedAt, lines } = orderSnapshot.parse(data)
  const rows = lines.flatMap(({ itemId, qty, total }) => (itemId === null ? [] : [{ item: itemId, qty, total }]))
  if (rows.length === 0) return
  await tx.query(
    `INSERT INTO catalog.sale_day AS kept (shop_id, item_id, store_id, day, sold_qty, sold_total)
     SELECT $1, item, $2::uuid, ($3::timestamptz AT TIME ZONE 'UTC')::date, sum(qty), sum(total)
     FROM jsonb_to_recordset($4::jsonb) AS given (item uuid, qty bigint, total bigint) GROUP BY item ORDER BY item
     ON CONFLICT (shop_id, item_id, store_id, day) DO UPDATE
       SET sold_qty = kept.sold_qty + excluded.sold_qty, sold_total = kept.sold_total + excluded.sold_total`,
    [tx.shop, storeId, postedAt ?? occurredAt, JSON.stringify(rows)],
  )
}

/** By revision: an older one that comes later changes nothing. */
async function applyBouquet(tx: Transaction, { data }: Event): Promise<void> {
  const { id, storeId, status, revision } = bouquetSnapshot.parse(data)
  await tx.query(
    `INSERT INTO catalog.window_bouquet AS kept (shop_id, bouquet_id, store_id, on_window, revision) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (shop_id, bouquet_id) DO UPDATE SET store_id = excluded.store_id, on_window = excluded.on_window, revision = excluded.revision
     WHERE kept.revision < excluded.revision`,
    [tx.shop, id, storeId, status === "demonstrated", revision],
  )
}
