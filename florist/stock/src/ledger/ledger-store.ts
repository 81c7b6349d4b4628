// SQL of the ledger: locks shelves, reads batches, adds movements. Balances follow by the database's own trigger. Called by the posting.
import type { movementKinds } from "@florist/kit/contracts/stock"
import type { Reader, Row } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { textOrNull } from "../row.ts"
import type { Batch, ShortOf } from "./batch.ts"
import type { Entry } from "./entry.ts"

/** A shelf: one item in one store. */
export interface Shelf {
  storeId: string
  itemId: string
}

/** The first count of a shelf at or after a moment. */
export interface LaterCount extends Shelf {
  countedAt: Date
  documentId: string
  documentNo: string
  lineId: string
  turn: number
}

export const keyOf = ({ storeId, itemId, bouquetId }: { storeId: string; itemId: string | null; bouquetId?: string | null }): string =>
  `${storeId}/${itemId ?? bouquetId}`

interface Opened {
  batches: Batch[]
  counts: LaterCount[]
  items: Row[]
}

/** Locks shelves in one order for all, so that nobody waits in a circle, and reads what lies there: one round trip. */
export async function openShelves(
  tx: Transaction,
  {
    shelves,
    bouquetIds,
    batchIds,
    at,
  }: { shelves: readonly Shelf[]; bouquetIds: readonly string[]; batchIds: readonly string[]; at: Date },
): Promise<Opened> {
  const sorted = [...new Map(shelves.map((shelf) => [keyOf(shelf), shelf])).entries()].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const stores = sorted.map(([, { storeId }]) => storeId)
  const items = sorted.map(([, { itemId }]) => itemId)
  const [, , batches, special, counts, known] = await Promise.all([
    tx.query(
      `INSERT INTO stock.stock_balance (shop_id, store_id, item_id)
       SELECT $1, store_id, item_id FROM unnest($2::uuid[], $3::uuid[]) AS wanted(store_id, item_id) ORDER BY store_id, item_id ON CONFLICT DO NOTHING`,
      [tx.shop, stores, items],
    ),
    tx.query(
      `SELECT FROM unnest($1::uuid[], $2::uuid[]) AS wanted(store_id, item_id) JOIN stock.stock_balance balance USING (store_id, item_id)
       ORDER BY balance.store_id, balance.item_id FOR UPDATE OF balance`,
      [stores, items],
    ),
    tx.query(
      `SELECT ${batchColumns} FROM unnest($1::uuid[], $2::uuid[]) AS wanted(store_id, item_id) JOIN stock.stock_batch batch USING (store_id, item_id)
       WHERE batch.qty <> 0`,
      [stores, items],
    ),
    bouquetIds.length + batchIds.length === 0 ? [] : readBatches(tx, { bouquetIds, batchIds }),
    tx.query(
      `SELECT wanted.store_id, wanted.item_id, later.* FROM unnest($1::uuid[], $2::uuid[]) AS wanted(store_id, item_id)
       CROSS JOIN LATERAL (SELECT counted_at, document_id, document_no, line_id, turn FROM stock.stock_count count
         WHERE count.store_id = wanted.store_id AND count.item_id = wanted.item_id AND counted_at >= $3 ORDER BY counted_at LIMIT 1) later`,
      [stores, items, at],
    ),
    tx.query(`SELECT id, attributes FROM stock.known_resource WHERE type = 'inventory-items' AND id = ANY ($1::text[])`, [
      [...new Set(items)],
    ]),
  ])
  return { batches: [...batches.map(batchOf), ...special], counts: counts.map(countOf), items: known }
}

/** Those of bouquets that are there or short, and those named, also where nothing is left of them. */
export async function readBatches(
  reader: Reader,
  { bouquetIds = [], batchIds = [] }: { bouquetIds?: readonly string[]; batchIds?: readonly string[] },
): Promise<Batch[]> {
  const [ofBouquets, named] = await Promise.all([
    bouquetIds.length === 0
      ? []
      : reader.query(`SELECT ${batchColumns} FROM stock.stock_batch batch WHERE bouquet_id = ANY ($1::uuid[]) AND qty <> 0`, [bouquetIds]),
    batchIds.length === 0
      ? []
      : reader.query(`SELECT ${batchColumns} FROM stock.stock_batch batch WHERE id = ANY ($1::uuid[])`, [batchIds]),
  ])
  return [...ofBouquets, ...named].map(batchOf)
}

const batchColumns = `batch.id, batch.store_id, batch.item_id, batch.bouquet_id, batch.document_id, batch.document_no, batch.line_id, batch.turn,
  batch.received_at, batch.fresh_until, batch.unit_cost, batch.short_of, batch.qty, batch.cost`

function batchOf(row: Row): Batch {
  return {
    id: String(row.id),
    storeId: String(row.store_id),
    itemId: textOrNull(row.item_id),
    bouquetId: textOrNull(row.bouquet_id),
    documentId: String(row.document_id),
    documentNo: String(row.document_no),
    lineId: String(row.line_id),
    turn: Number(row.turn),
    receivedAt: row.received_at as Date,
    freshUntil: row.fresh_until as Date | null,
    unitCost: Number(row.unit_cost),
    shortOf: row.short_of as ShortOf | null,
    qty: Number(row.qty),
    cost: Number(row.cost),
  }
}

function countOf(row: Row): LaterCount {
  return {
    storeId: String(row.store_id),
    itemId: String(row.item_id),
    countedAt: row.counted_at as Date,
    documentId: String(row.document_id),
    documentNo: String(row.document_no),
    lineId: String(row.line_id),
    turn: Number(row.turn),
  }
}

export interface Net {
  batchId: string
  storeId: string
  itemId: string | null
  bouquetId: string | null
  lineId: string
  qty: number
  cost: number
}

/** What a document moved, by line and batch, corrections counted in; batches that it left as they were are left out. */
export async function netOf(
  reader: Reader,
  { documentId, lineId, turn, without }: { documentId: string; lineId?: string; turn?: number; without?: (typeof movementKinds)[number] },
): Promise<Net[]> {
  const rows = await reader.query(
    `SELECT line_id, batch_id, store_id, item_id, bouquet_id, sum(qty)::bigint AS qty, sum(cost)::bigint AS cost FROM stock.stock_movement
     WHERE document_id = $1 AND line_id = coalesce($2, line_id) AND turn = coalesce($3, turn) AND kind <> coalesce($4, '')
     GROUP BY line_id, batch_id, store_id, item_id, bouquet_id HAVING sum(qty) <> 0 ORDER BY batch_id, line_id`,
    [documentId, lineId ?? null, turn ?? null, without ?? null],
  )
  return rows.map((row) => ({
    batchId: String(row.batch_id),
    storeId: String(row.store_id),
    itemId: textOrNull(row.item_id),
    bouquetId: textOrNull(row.bouquet_id),
    lineId: String(row.line_id),
    qty: Number(row.qty),
    cost: Number(row.cost),
  }))
}

/** Kopecks for a unit the last time the item came in, best in this store; 0 where it never did. */
export async function lastUnitCost(reader: Reader, { storeId, itemId }: Shelf): Promise<number> {
  const [row] = await reader.query(
    `SELECT round(cost * 1000.0 / qty)::bigint AS unit_cost FROM (
       (SELECT cost, qty, true AS here, occurred_at FROM stock.stock_movement
        WHERE store_id = $1 AND item_id = $2 AND kind IN ('receipt', 'transfer-in') ORDER BY occurred_at DESC LIMIT 1)
       UNION ALL
       (SELECT cost, qty, false, occurred_at FROM stock.stock_movement
        WHERE item_id = $2 AND kind IN ('receipt', 'transfer-in', 'count-surplus') ORDER BY occurred_at DESC LIMIT 1)) seen
     ORDER BY here DESC LIMIT 1`,
    [storeId, itemId],
  )
  return Number(row?.unit_cost ?? 0)
}

export async function bouquetCost(reader: Reader, bouquetId: string): Promise<number> {
  const [row] = await reader.query("SELECT cost FROM stock.bouquet WHERE id = $1", [bouquetId])
  return Number(row?.cost ?? 0)
}

/** In one round trip. */
export async function writeEntries(tx: Transaction, batches: readonly Batch[], entries: readonly Entry[]): Promise<void> {
  const newBatches = batches.map((batch) => ({
    id: batch.id,
    store_id: batch.storeId,
    item_id: batch.itemId,
    bouquet_id: batch.bouquetId,
    document_id: batch.documentId,
    document_no: batch.documentNo,
    line_id: batch.lineId,
    turn: batch.turn,
    received_at: batch.receivedAt,
    fresh_until: batch.freshUntil,
    unit_cost: batch.unitCost,
    short_of: batch.shortOf,
  }))
  const movements = entries.map((entry) => ({
    id: entry.id,
    store_id: entry.storeId,
    item_id: entry.itemId,
    bouquet_id: entry.bouquetId,
    batch_id: entry.batchId,
    kind: entry.kind,
    qty: entry.qty,
    cost: entry.cost,
    document_id: entry.documentId,
    document_no: entry.documentNo,
    line_id: entry.lineId,
    turn: entry.turn,
    reason_id: entry.reasonId,
    occurred_at: entry.occurredAt,
  }))
  await Promise.all([
    newBatches.length === 0
      ? []
      : tx.query(
          `INSERT INTO stock.stock_batch (shop_id, id, store_id, item_id, bouquet_id, document_id, document_no, line_id, turn, received_at, fresh_until,
             unit_cost, short_of)
           SELECT $1, * FROM jsonb_to_recordset($2::jsonb) AS (id uuid, store_id uuid, item_id uuid, bouquet_id uuid, document_id text, document_no text,
             line_id text, turn integer, received_at timestamptz, fresh_until timestamptz, unit_cost bigint, short_of text)`,
          [tx.shop, JSON.stringify(newBatches)],
        ),
    tx.query(
      `INSERT INTO stock.stock_movement (shop_id, id, store_id, item_id, bouquet_id, batch_id, kind, qty, cost, document_id, document_no, line_id, turn,
         reason_id, occurred_at)
       SELECT $1, * FROM jsonb_to_recordset($2::jsonb) AS (id uuid, store_id uuid, item_id uuid, bouquet_id uuid, batch_id uuid, kind text, qty bigint,
         cost bigint, document_id text, document_no text, line_id text, turn integer, reason_id uuid, occurred_at timestamptz)`,
      [tx.shop, JSON.stringify(movements)],
    ),
  ])
}

/** What a late document changed in the count after it. */
export async function recount(tx: Transaction, { count, delta }: { count: LaterCount; delta: number }): Promise<void> {
  await Promise.all([
    tx.query("UPDATE stock.stock_count SET turn = $4 WHERE store_id = $1 AND item_id = $2 AND counted_at = $3", [
      count.storeId,
      count.itemId,
      count.countedAt,
      count.turn,
    ]),
    tx.query("UPDATE stock.act_line SET expected = expected - $2 WHERE id = $1", [count.lineId, delta]),
  ])
}
