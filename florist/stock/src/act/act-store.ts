// SQL of acts and their lines. Called by the acts' operations.
import type { Reader, Row } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { textOrNull } from "../row.ts"
import type { Act, ActKind, ActLine } from "./act.ts"

export const actColumns = `id, kind, number, doc_no, store_id, to_store_id, supplier_id, purchase_order_id, reason_id, invoice_no, note, status, with_expired,
  amount, claim, lines_count, date::text AS date, occurred_at, created_by, created_at, updated_at, posted_by, posted_at, revision`

/** @param key its id, or for a transfer its number. */
export async function readAct(reader: Reader, kind: ActKind, key: string): Promise<Act | undefined> {
  const [rows, lines] = await Promise.all([
    reader.query(`SELECT ${actColumns} FROM stock.act WHERE kind = $1 AND ${keyColumn(kind)} = $2`, [kind, key]),
    reader.query(
      `SELECT line.* FROM stock.act act JOIN stock.act_line line ON line.shop_id = act.shop_id AND line.act_id = act.id
       WHERE act.kind = $1 AND act.${keyColumn(kind)} = $2 ORDER BY line.id`,
      [kind, key],
    ),
  ])
  const [row] = rows
  return row === undefined ? undefined : actOf(row, lines.map(lineOf))
}

export async function lockAct(tx: Transaction, kind: ActKind, key: string): Promise<Act | undefined> {
  await tx.query(`SELECT FROM stock.act WHERE kind = $1 AND ${keyColumn(kind)} = $2 FOR UPDATE`, [kind, key])
  return readAct(tx, kind, key)
}

const keyColumn = (kind: ActKind): string => (kind === "transfer" ? "number" : "id")

/** @returns the hash of the request that made the act of this id, where there is one. */
export async function keptHashOf(reader: Reader, id: string): Promise<unknown> {
  const [row] = await reader.query("SELECT request_hash FROM stock.act WHERE id = $1", [id])
  return row?.request_hash
}

/** @returns false where the id is taken. */
export async function insertAct(tx: Transaction, act: Act, hash: string): Promise<boolean> {
  const [inserted] = await tx.query(
    `INSERT INTO stock.act (shop_id, id, kind, number, doc_no, store_id, to_store_id, supplier_id, purchase_order_id, reason_id, invoice_no, note, status,
       with_expired, lines_count, amount, claim, request_hash, date, occurred_at, created_by, created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'draft', $13, 0, 0, 0, $14, $15, $16, $17, $18, $18, 0)
     ON CONFLICT (shop_id, id) DO NOTHING RETURNING id`,
    [
      tx.shop,
      act.id,
      act.kind,
      act.number,
      act.docNo,
      act.storeId,
      act.toStoreId,
      act.supplierId,
      act.purchaseOrderId,
      act.reasonId,
      act.invoiceNo,
      act.note,
      act.withExpired,
      hash,
      act.date,
      act.occurredAt,
      act.createdBy,
      act.updatedAt,
    ],
  )
  return inserted !== undefined
}

/** Writes the act and its lines as they are now. */
export async function setAct(tx: Transaction, act: Act): Promise<void> {
  const lines = act.lines.map((line) => ({
    id: line.id,
    item_id: line.itemId,
    bouquet_id: line.bouquetId,
    batch_id: line.batchId,
    qty: line.qty,
    defective: line.defective,
    price: line.price,
    price_enabled: line.priceEnabled,
    fresh_until: line.freshUntil,
    expected: line.expected,
    cost: line.cost,
  }))
  await Promise.all([
    tx.query(
      `UPDATE stock.act SET store_id = $2, to_store_id = $3, supplier_id = $4, purchase_order_id = $5, reason_id = $6, invoice_no = $7, note = $8, status = $9,
         with_expired = $10, lines_count = $11, amount = $12, claim = $13, date = $14, occurred_at = $15, updated_at = $16, posted_by = $17, posted_at = $18,
         revision = $19
       WHERE id = $1`,
      [
        act.id,
        act.storeId,
        act.toStoreId,
        act.supplierId,
        act.purchaseOrderId,
        act.reasonId,
        act.invoiceNo,
        act.note,
        act.status,
        act.withExpired,
        act.lines.length,
        act.amount,
        act.claim,
        act.date,
        act.occurredAt,
        act.updatedAt,
        act.postedBy,
        act.postedAt,
        act.revision,
      ],
    ),
    tx.query("DELETE FROM stock.act_line WHERE act_id = $1 AND id <> ALL ($2::bigint[])", [act.id, act.lines.map(({ id }) => id)]),
    tx.query(
      `INSERT INTO stock.act_line (shop_id, act_id, id, item_id, bouquet_id, batch_id, qty, defective, price, price_enabled, fresh_until, expected, cost)
       SELECT $1, $2, * FROM jsonb_to_recordset($3::jsonb) AS (id bigint, item_id uuid, bouquet_id uuid, batch_id uuid, qty bigint, defective bigint,
         price bigint, price_enabled boolean, fresh_until timestamptz, expected bigint, cost bigint)
       ON CONFLICT (shop_id, id) DO UPDATE SET item_id = excluded.item_id, bouquet_id = excluded.bouquet_id, batch_id = excluded.batch_id, qty = excluded.qty,
         defective = excluded.defective, price = excluded.price, price_enabled = excluded.price_enabled, fresh_until = excluded.fresh_until,
         expected = excluded.expected, cost = excluded.cost`,
      [tx.shop, act.id, JSON.stringify(lines)],
    ),
  ])
}

export function actOf(row: Row, lines: ActLine[] = []): Act {
  return {
    id: String(row.id),
    kind: row.kind as ActKind,
    number: Number(row.number),
    docNo: String(row.doc_no),
    storeId: String(row.store_id),
    toStoreId: textOrNull(row.to_store_id),
    supplierId: textOrNull(row.supplier_id),
    purchaseOrderId: textOrNull(row.purchase_order_id),
    reasonId: textOrNull(row.reason_id),
    invoiceNo: String(row.invoice_no),
    note: String(row.note),
    status: row.status as Act["status"],
    withExpired: row.with_expired === true,
    amount: Number(row.amount),
    claim: Number(row.claim),
    linesCount: Number(row.lines_count),
    date: String(row.date),
    occurredAt: row.occurred_at as Date,
    createdBy: textOrNull(row.created_by),
    createdAt: row.created_at as Date,
    updatedAt: row.updated_at as Date,
    postedBy: textOrNull(row.posted_by),
    postedAt: row.posted_at as Date | null,
    revision: Number(row.revision),
    lines,
  }
}

function lineOf(row: Row): ActLine {
  return {
    id: Number(row.id),
    itemId: textOrNull(row.item_id),
    bouquetId: textOrNull(row.bouquet_id),
    batchId: textOrNull(row.batch_id),
    qty: Number(row.qty),
    defective: Number(row.defective),
    price: Number(row.price),
    priceEnabled: row.price_enabled === true,
    freshUntil: row.fresh_until as Date | null,
    expected: row.expected === null ? null : Number(row.expected),
    cost: Number(row.cost),
  }
}
