// SQL of purchase orders. Called by their operations and by receipts.
import type { Reader, Row } from "@florist/kit/database"
import { conflict } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { textOrNull } from "../row.ts"
import { statusAfterReceipt } from "./purchase-order.ts"
import type { PurchaseLine, PurchaseOrder, PurchaseStatus } from "./purchase-order.ts"

export const purchaseColumns = `id, number, doc_no, store_id, supplier_id, status, expected_on::text AS expected_on, note, amount, occurred_at, created_by,
  created_at, updated_at, ordered_at, revision`

export async function readOrder(reader: Reader, id: string): Promise<PurchaseOrder | undefined> {
  const [[row], lines] = await Promise.all([
    reader.query(`SELECT ${purchaseColumns} FROM stock.purchase_order WHERE id = $1`, [id]),
    reader.query("SELECT id, item_id, qty, price, received, defective FROM stock.purchase_order_line WHERE order_id = $1 ORDER BY place", [
      id,
    ]),
  ])
  return row === undefined ? undefined : orderOf(row, lines.map(lineOf))
}

export async function lockOrder(tx: Transaction, id: string): Promise<PurchaseOrder | undefined> {
  await tx.query("SELECT FROM stock.purchase_order WHERE id = $1 FOR UPDATE", [id])
  return readOrder(tx, id)
}

export async function keptHashOf(reader: Reader, id: string): Promise<unknown> {
  const [row] = await reader.query("SELECT request_hash FROM stock.purchase_order WHERE id = $1", [id])
  return row?.request_hash
}

/** @returns false where the id is taken. */
export async function insertOrder(tx: Transaction, order: PurchaseOrder, hash: string): Promise<boolean> {
  const [inserted] = await tx.query(
    `INSERT INTO stock.purchase_order (shop_id, id, number, doc_no, store_id, supplier_id, status, note, amount, request_hash, occurred_at, created_by,
       created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, $5, $6, 'draft', '', 0, $7, $8, $9, $10, $10, 0) ON CONFLICT (shop_id, id) DO NOTHING RETURNING id`,
    [
      tx.shop,
      order.id,
      order.number,
      order.docNo,
      order.storeId,
      order.supplierId,
      hash,
      order.occurredAt,
      order.createdBy,
      order.updatedAt,
    ],
  )
  return inserted !== undefined
}

export async function setOrder(tx: Transaction, order: PurchaseOrder): Promise<void> {
  const lines = order.lines.map(({ id, itemId, qty, price, received, defective }, place) => ({
    id,
    place,
    item_id: itemId,
    qty,
    price,
    received,
    defective,
  }))
  await Promise.all([
    tx.query(
      `UPDATE stock.purchase_order SET store_id = $2, supplier_id = $3, status = $4, expected_on = $5, note = $6, amount = $7, updated_at = $8,
         ordered_at = $9, revision = $10 WHERE id = $1`,
      [
        order.id,
        order.storeId,
        order.supplierId,
        order.status,
        order.expectedOn,
        order.note,
        order.amount,
        order.updatedAt,
        order.orderedAt,
        order.revision,
      ],
    ),
    tx.query("DELETE FROM stock.purchase_order_line WHERE order_id = $1", [order.id]),
    tx.query(
      `INSERT INTO stock.purchase_order_line (shop_id, order_id, id, place, item_id, qty, price, received, defective)
       SELECT $1, $2, * FROM jsonb_to_recordset($3::jsonb) AS (id uuid, place integer, item_id uuid, qty bigint, price bigint, received bigint,
         defective bigint)`,
      [tx.shop, order.id, JSON.stringify(lines)],
    ),
  ])
}

interface Receiving {
  orderId: string
  received: readonly { item_id: string | null; received: number; defective: number }[]
  at: Date
}

/** @throws Refusal 409 where the order waits for nothing. */
export async function receiveOrder(tx: Transaction, { orderId, received, at }: Receiving): Promise<void> {
  const order = await lockOrder(tx, orderId)
  if (order === undefined || (order.status !== "ordered" && order.status !== "partially-received"))
    throw conflict(
      `The purchase order ${order?.docNo ?? orderId} is ${order?.status ?? "not there"}; only an ordered one can be received.`,
      { pointer: "/data/relationships/purchaseOrder" },
      "not-ordered",
    )
  const lines = order.lines.map((line) => {
    const own = received.filter(({ item_id: itemId }) => itemId === line.itemId)
    const sum = (of: "received" | "defective") => own.reduce((total, each) => total + each[of], 0)
    return { ...line, received: line.received + sum("received"), defective: line.defective + sum("defective") }
  })
  await setOrder(tx, { ...order, lines, status: statusAfterReceipt(lines), updatedAt: at, revision: await tx.revision() })
}

export function orderOf(row: Row, lines: PurchaseLine[] = []): PurchaseOrder {
  return {
    id: String(row.id),
    number: Number(row.number),
    docNo: String(row.doc_no),
    storeId: String(row.store_id),
    supplierId: String(row.supplier_id),
    status: row.status as PurchaseStatus,
    expectedOn: textOrNull(row.expected_on),
    note: String(row.note),
    amount: Number(row.amount),
    occurredAt: row.occurred_at as Date,
    createdBy: String(row.created_by),
    createdAt: row.created_at as Date,
    updatedAt: row.updated_at as Date,
    orderedAt: row.ordered_at as Date | null,
    revision: Number(row.revision),
    lines,
  }
}

function lineOf(row: Row): PurchaseLine {
  return {
    id: String(row.id),
    itemId: String(row.item_id),
    qty: Number(row.qty),
    price: Number(row.price),
    received: Number(row.received),
    defective: Number(row.defective),
  }
}
