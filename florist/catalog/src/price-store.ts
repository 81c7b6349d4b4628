// Prices in the database: a history that only grows, and beside it the newest of each price. What was set earlier and arrives later takes its place in the
// history and changes nothing after it. Called by the price operations.
import type { Reader, Row } from "@florist/kit/database"
import { invalid, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { findLiveItem, tellOfItems } from "./item-store.ts"
import { priceColumns } from "./price.ts"

export interface PriceToSet {
  store: string
  /** Kopecks; undefined: as it was. */
  price: number | undefined
  status: "on" | "off"
  occurredAt?: Date | undefined
}

/** Clocks of registers go wrong a little. */
const aheadMs = 5 * 60_000

export async function pricesOf(reader: Reader, shop: number, item: string, stores?: readonly string[]): Promise<Row[]> {
  return reader.query(
    `SELECT ${priceColumns.map((name) => `p.${name}`).join(", ")}, b.qty, b.cost FROM catalog.price p
     LEFT JOIN catalog.balance b ON b.shop_id = p.shop_id AND b.item_id = p.item_id AND b.store_id = p.store_id
     WHERE p.shop_id = $1 AND p.item_id = $2 AND ($3::uuid[] IS NULL OR p.store_id = ANY ($3)) ORDER BY p.store_id`,
    [shop, item, stores === undefined ? null : [...stores]],
  )
}

/** @returns the prices of the named stores as they are now, in the order of the request. @throws Refusal 404, 422 */
export async function setPrices(
  tx: Transaction,
  item: string,
  changes: readonly PriceToSet[],
  { by, now }: { by: string; now: Date },
): Promise<Row[]> {
  const revision = await tx.revision()
  await findLiveItem(tx, tx.shop, item)
  if (changes.some(({ occurredAt }) => occurredAt !== undefined && occurredAt.getTime() > now.getTime() + aheadMs)) {
    throw invalid("A price cannot be set in the future.", { pointer: "/data/attributes/occurredAt" })
  }
  const rows = changes.map(({ store, price, status, occurredAt }, number) => ({ store, price, status, number, set_at: occurredAt ?? now }))
  const written = await tx.query(
    `INSERT INTO catalog.price_change (shop_id, item_id, store_id, set_at, revision, number, price, status, changed_by, created_at)
     SELECT $1, $2, given.store, given.set_at, $3, given.number, coalesce(given.price, before.price), given.status, $4, $5
     FROM jsonb_to_recordset($6::jsonb) AS given (store uuid, price bigint, status text, number integer, set_at timestamptz)
     LEFT JOIN LATERAL (
       SELECT c.price FROM catalog.price_change c
       WHERE c.shop_id = $1 AND c.item_id = $2 AND c.store_id = given.store AND c.set_at <= given.set_at
       ORDER BY c.set_at DESC, c.revision DESC, c.number DESC LIMIT 1) before ON true
     WHERE coalesce(given.price, before.price) IS NOT NULL RETURNING store_id`,
    [tx.shop, item, revision, by, now, JSON.stringify(rows)],
  )
  if (written.length < changes.length) throw notFound("such price yet: POST sets it", { pointer: "/data/id" })
  const stores = [...new Set(changes.map(({ store }) => store))]
  await tx.query(
    `INSERT INTO catalog.price AS kept (shop_id, item_id, store_id, price, status, set_at, revision)
     SELECT $1, $2, store, newest.price, newest.status, newest.set_at, newest.revision FROM unnest($3::uuid[]) store
     CROSS JOIN LATERAL (
       SELECT c.price, c.status, c.set_at, c.revision FROM catalog.price_change c WHERE c.shop_id = $1 AND c.item_id = $2 AND c.store_id = store
       ORDER BY c.set_at DESC, c.revision DESC, c.number DESC LIMIT 1) newest
     ON CONFLICT (shop_id, item_id, store_id) DO UPDATE
       SET price = excluded.price, status = excluded.status, set_at = excluded.set_at, revision = excluded.revision`,
    [tx.shop, item, stores],
  )
  await tx.query(
    `UPDATE catalog.item i SET price_min = active.low, price_max = active.high, active_points = active.points, updated_at = $3, revision = $4
     FROM (SELECT min(price) AS low, max(price) AS high, count(*) AS points FROM catalog.price
           WHERE shop_id = $1 AND item_id = $2 AND status = 'on') active
     WHERE i.shop_id = $1 AND i.id = $2`,
    [tx.shop, item, now, revision],
  )
  await tellOfItems(tx, [item], now)
  const found = await pricesOf(tx, tx.shop, item, stores)
  return changes.flatMap(({ store }) => found.filter((row) => row.store_id === store))
}

export interface DynamicsQuestion {
  item: string
  store: string
  from: Date
  to: Date
  step: "year" | "month" | "week" | "day"
}

/** For each step of the period: the price at its end, and what its sales brought and cost per unit, in kopecks. */
export async function priceDynamics(reader: Reader, shop: number, { item, store, from, to, step }: DynamicsQuestion): Promise<Row[]> {
  return reader.query(
    `SELECT steps.at,
       (SELECT c.price FROM catalog.price_change c
        WHERE c.shop_id = $1 AND c.item_id = $2 AND c.store_id = $3 AND c.set_at < least(steps.at + $6::interval, $5::timestamptz)
        ORDER BY c.set_at DESC, c.revision DESC, c.number DESC LIMIT 1) AS price,
       round(sales.moved_cost * 1000 / nullif(sales.moved_qty, 0)) AS cost, round(sales.sold_total * 1000 / nullif(sales.sold_qty, 0)) AS selling_price
     FROM generate_series($4::timestamptz, $5::timestamptz - interval '1 microsecond', $6::interval) AS steps (at)
     LEFT JOIN LATERAL (
       SELECT sum(s.moved_qty) AS moved_qty, sum(s.moved_cost) AS moved_cost, sum(s.sold_qty) AS sold_qty, sum(s.sold_total) AS sold_total
       FROM catalog.sale_day s WHERE s.shop_id = $1 AND s.item_id = $2 AND (s.store_id = $3 OR $3 = '00000000-0000-0000-0000-000000000000')
         AND s.day >= (steps.at AT TIME ZONE 'UTC')::date AND s.day < (least(steps.at + $6::interval, $5::timestamptz) AT TIME ZONE 'UTC')::date) sales ON true
     ORDER BY steps.at`,
    [shop, item, store, from, to, `1 ${step}`],
  )
}
