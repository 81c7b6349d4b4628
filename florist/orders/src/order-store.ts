// Orders in the database: read as a whole, written as a whole. Every write of an order asks for the shop's revision first, so that rivals wait for each
// other there and never crosswise. Called by operations, the sale and the followers.
import { orderChanged } from "@florist/kit/contracts/orders"
import type { Reader, Row } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { snapshotOf } from "./order-snapshot.ts"
import { head, order } from "./order.ts"
import type { Order, OrderState, Selling } from "./order.ts"

const columnOf = (property: string): string => property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const properties = Object.keys(head.shape)
const headColumns = properties.map(columnOf)

/** Columns that the code writes and reads, for the status question. */
export const orderColumns: readonly string[] = [
  "shop_id",
  ...headColumns,
  "selling",
  "revision",
  "modified_at",
  "payments_amount",
  "bonus_amount",
  "stock",
]
export const lineColumns = ["id", "item_id", "bouquet_id", "title", "category_id", "qty", "price", "amount", "total", "manual"] as const
export const discountColumns = ["id", "line_id", "kind", "rate", "amount", "reason_id", "by_terms"] as const

const asJson = (columns: readonly string[], alias: string) =>
  columns.map((column) => `'${propertyOf(column)}', ${alias}.${column}`).join(", ")
const propertyOf = (column: string): string => column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const selectHead = properties
  .map((property) => (property === "date" ? `o.date::text AS "date"` : `o.${columnOf(property)} AS "${property}"`))
  .join(", ")

/** For `SELECT ... FROM orders.sale_order o`. */
export const selectOrder = `${selectHead}, o.selling, o.revision, o.modified_at AS "modifiedAt", o.payments_amount AS "paymentsAmount",
  o.bonus_amount AS "bonusAmount", o.stock,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(${asJson(lineColumns, "l")}) ORDER BY l.position), '[]')
   FROM orders.order_line l WHERE l.shop_id = o.shop_id AND l.order_id = o.id) AS lines,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(${asJson(discountColumns, "d")}) ORDER BY d.position), '[]')
   FROM orders.order_discount d WHERE d.shop_id = o.shop_id AND d.order_id = o.id) AS discounts,
  ARRAY(SELECT p.id::text FROM orders.order_payment p WHERE p.shop_id = o.shop_id AND p.order_id = o.id ORDER BY p.occurred_at, p.id) AS "paymentIds",
  ARRAY(SELECT h.revision::text FROM orders.order_history h WHERE h.shop_id = o.shop_id AND h.order_id = o.id ORDER BY h.revision) AS "historyIds"`

export const orderOf = (row: Row): Order => order.parse(row)

/** Also one that is arriving. */
export async function readOrder(reader: Reader, id: string): Promise<Order | undefined> {
  const [row] = await reader.query(`SELECT ${selectOrder} FROM orders.sale_order o WHERE o.id = $1`, [id])
  return row === undefined ? undefined : orderOf(row)
}

/** Also one that is arriving. Others that would change an order of the shop wait until this transaction ends: all of them ask for its revision first. */
export async function lockOrder(tx: Transaction, id: string): Promise<Order | undefined> {
  const [, order] = await Promise.all([tx.revision(), readOrder(tx, id)])
  return order
}

export interface Change {
  now: Date
  /** Who did it, or null for the platform itself. */
  worker: string | null
  /** For the order's history: "created", "edited", "sold". */
  what: string
  selling?: Selling
}

/** For an id that is not there, which the caller has seen after it asked for the revision. */
export async function insertOrder(tx: Transaction, state: OrderState, { now, worker, what, selling }: Change): Promise<void> {
  const revision = await tx.revision()
  const columns = headColumns.join(", ")
  await Promise.all([
    tx.query(
      `INSERT INTO orders.sale_order (shop_id, revision, modified_at, ${columns}, selling, payments_amount, bonus_amount)
     SELECT $1, $2, $3, ${headColumns.map((column) => `r.${column}`).join(", ")}, $5::jsonb, coalesce(p.paid, 0), coalesce(p.bonuses, 0)
     FROM jsonb_populate_record(NULL::orders.sale_order, $4::jsonb) r CROSS JOIN LATERAL (${paidFor("r.id")}) p`,
      [tx.shop, revision, now, JSON.stringify(rowOf({ ...state, editedRevision: revision })), sellingText(selling)],
    ),
    writeLines(tx, state),
    writeDiscounts(tx, state),
    writeHistory(tx, state, { revision, now, worker, what }),
    noteSale(tx, state.id, now, selling),
  ])
}

export async function updateOrder(tx: Transaction, before: Order, state: OrderState, change: Change): Promise<void> {
  const { now, worker, what, selling } = change
  const revision = await tx.revision()
  await Promise.all([
    tx.query(
      `UPDATE orders.sale_order SET (${headColumns.join(", ")}) = (SELECT ${headColumns.map((column) => `r.${column}`).join(", ")}
         FROM jsonb_populate_record(NULL::orders.sale_order, $2::jsonb) r), revision = $3, modified_at = $4, selling = $5::jsonb
       WHERE id = $1`,
      [before.id, JSON.stringify(rowOf({ ...state, editedRevision: revision })), revision, now, sellingText(selling)],
    ),
    ...(isSame(before.lines, state.lines) ? [] : [writeLines(tx, state)]),
    ...(isSame(before.discounts, state.discounts) ? [] : [writeDiscounts(tx, state)]),
    writeHistory(tx, state, { revision, now, worker, what }),
    noteSale(tx, state.id, now, selling),
  ])
}

/** As if it had never come. */
export async function removeArriving(tx: Transaction, id: string): Promise<void> {
  await Promise.all([
    ...["order_line", "order_discount", "order_history"].map((table) => tx.query(`DELETE FROM orders.${table} WHERE order_id = $1`, [id])),
    tx.query("DELETE FROM orders.sale_under_way WHERE shop_id = $1 AND order_id = $2", [tx.shop, id]),
    tx.query("DELETE FROM orders.sale_order WHERE id = $1 AND arriving", [id]),
  ])
}

/** Reads what was written and tells the others. @returns the order as it is now. */
export async function announce(tx: Transaction, id: string, occurredAt: Date): Promise<Order> {
  const written = await readOrder(tx, id)
  if (written === undefined) throw new Error(`The order ${id} was written and cannot be read.`)
  tx.emit({ type: orderChanged, subject: id, occurredAt, data: snapshotOf(written) })
  return written
}

/** What was paid for an order, as `paid` and `bonuses`. */
export const paidFor = (orderId: string): string => `
  SELECT sum(CASE s.kind WHEN 'payment' THEN s.amount ELSE -s.amount END) AS paid,
    sum(CASE WHEN s.method <> 'bonus' THEN 0 WHEN s.kind = 'payment' THEN s.amount ELSE -s.amount END) AS bonuses
  FROM orders.order_payment s WHERE s.order_id = ${orderId}`

async function writeLines(tx: Transaction, { id, lines }: OrderState): Promise<void> {
  await replaceChildren(tx, "order_line", lineColumns, id, lines)
}

async function writeDiscounts(tx: Transaction, { id, discounts }: OrderState): Promise<void> {
  await replaceChildren(tx, "order_discount", discountColumns, id, discounts)
}

async function replaceChildren(
  tx: Transaction,
  table: string,
  columns: readonly string[],
  orderId: string,
  children: readonly { id: string }[],
): Promise<void> {
  const rows = children.map((child, position) => ({ ...snakeCased(child), position, shop_id: tx.shop, order_id: orderId }))
  const all = ["shop_id", "order_id", "position", ...columns]
  const changeable = all.filter((column) => !["shop_id", "order_id", "id"].includes(column))
  await Promise.all([
    tx.query(`DELETE FROM orders.${table} WHERE order_id = $1 AND NOT id = ANY ($2::uuid[])`, [orderId, children.map(({ id }) => id)]),
    tx.query(
      `INSERT INTO orders.${table} (${all.join(", ")}) SELECT ${all.join(", ")} FROM jsonb_populate_recordset(NULL::orders.${table}, $1::jsonb)
       ON CONFLICT (shop_id, order_id, id) DO UPDATE SET ${changeable.map((column) => `${column} = excluded.${column}`).join(", ")}`,
      [JSON.stringify(rows)],
    ),
  ])
}

async function writeHistory(
  tx: Transaction,
  { id, status }: OrderState,
  { revision, now, worker, what }: Omit<Change, "selling"> & { revision: number },
): Promise<void> {
  await tx.query(
    `INSERT INTO orders.order_history (shop_id, order_id, revision, at, worker_id, status, what) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (shop_id, order_id, revision) DO UPDATE SET status = excluded.status, what = excluded.what`,
    [tx.shop, id, revision, now, worker, status, what],
  )
}

/** The sweeper's list of what may be left in the middle, which it reads over all shops of a shard. */
async function noteSale(tx: Transaction, id: string, now: Date, selling: Selling | undefined): Promise<void> {
  if (selling === undefined) {
    await tx.query("DELETE FROM orders.sale_under_way WHERE shop_id = $1 AND order_id = $2 AND kind = 'sale'", [tx.shop, id])
    return
  }
  await tx.query(
    `INSERT INTO orders.sale_under_way (shop_id, order_id, kind, tried_at) VALUES ($1, $2, 'sale', $3)
     ON CONFLICT (shop_id, order_id) DO UPDATE SET kind = excluded.kind, tried_at = excluded.tried_at`,
    [tx.shop, id, now],
  )
}

const rowOf = (state: OrderState): Record<string, unknown> =>
  snakeCased(Object.fromEntries(Object.entries(state).filter(([property]) => properties.includes(property))))

const snakeCased = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([property, each]) => [columnOf(property), each]))

const sellingText = (selling: Selling | undefined): string | null => (selling === undefined ? null : JSON.stringify(selling))

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
