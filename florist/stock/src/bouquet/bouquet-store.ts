// SQL of bouquets. Called by the bouquet, its operations and issues.
import { itemAttributes } from "@florist/kit/contracts/catalog"
import type { Reader, Row } from "@florist/kit/database"
import { timesPrice } from "@florist/kit/quantity"
import type { Transaction } from "@florist/kit/transaction"
import { textOrNull } from "../row.ts"
import type { Bouquet, BouquetStatus, Component, Reckoning } from "./bouquet.ts"

export const bouquetColumns = `id, doc_no, title, description, height, width, color, status, store_id, order_id, florist_id, recipe_id, group_id, image_id,
  public, amount, discount, discount_type, markup, markup_type, sale_price, cost, turn, components, assembled_at, on_window_at, occurred_at, created_by, updated_by,
  created_at, updated_at, revision, number, request_hash`

/** In the order of their ids, as everybody locks them. */
export async function lockBouquets(tx: Transaction, ids: readonly string[]): Promise<Bouquet[]> {
  if (ids.length === 0) return []
  const rows = await tx.query(`SELECT ${bouquetColumns} FROM stock.bouquet WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`, [
    [...new Set(ids)],
  ])
  return rows.map(bouquetOf)
}

/** @returns whether it is new; where it is not, `keptHash` is of the request that made it. */
export async function insertBouquet(
  tx: Transaction,
  bouquet: Bouquet,
  { number, hash }: { number: number; hash: string },
): Promise<{ keptHash: unknown } | "new"> {
  const [inserted] = await tx.query(
    `INSERT INTO stock.bouquet (shop_id, id, number, doc_no, title, description, height, width, color, status, store_id, public, amount, discount, discount_type,
       markup, markup_type, sale_price, components, request_hash, occurred_at, created_by, created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, '', '', 0, 0, '', 'draft', $5, false, 0, 0, 'absolute', 0, 'absolute', 0, '[]', $6, $7, $8, $9, $9, 0)
     ON CONFLICT (shop_id, id) DO NOTHING RETURNING id`,
    [tx.shop, bouquet.id, number, bouquet.docNo, bouquet.storeId, hash, bouquet.occurredAt, bouquet.createdBy, bouquet.createdAt],
  )
  if (inserted !== undefined) return "new"
  const [row] = await tx.query("SELECT request_hash FROM stock.bouquet WHERE id = $1", [bouquet.id])
  return { keptHash: row?.request_hash }
}

/** Everything that can change of them. */
export async function setBouquets(tx: Transaction, bouquets: readonly Bouquet[]): Promise<void> {
  const rows = bouquets.map((bouquet) => ({
    id: bouquet.id,
    title: bouquet.title,
    description: bouquet.description,
    height: bouquet.height,
    width: bouquet.width,
    color: bouquet.color,
    status: bouquet.status,
    store_id: bouquet.storeId,
    order_id: bouquet.orderId,
    florist_id: bouquet.floristId,
    recipe_id: bouquet.recipeId,
    group_id: bouquet.groupId,
    image_id: bouquet.imageId,
    public: bouquet.isPublic,
    amount: bouquet.amount,
    discount: bouquet.discount,
    discount_type: bouquet.discountType,
    markup: bouquet.markup,
    markup_type: bouquet.markupType,
    sale_price: bouquet.salePrice,
    cost: bouquet.cost,
    turn: bouquet.turn,
    components: bouquet.components,
    assembled_at: bouquet.assembledAt,
    on_window_at: bouquet.onWindowAt,
    updated_by: bouquet.updatedBy,
    updated_at: bouquet.updatedAt,
    revision: bouquet.revision,
  }))
  await tx.query(
    `UPDATE stock.bouquet SET title = c.title, description = c.description, height = c.height, width = c.width, color = c.color, status = c.status,
       store_id = c.store_id, order_id = c.order_id, florist_id = c.florist_id, recipe_id = c.recipe_id, group_id = c.group_id, image_id = c.image_id,
       public = c.public, amount = c.amount, discount = c.discount, discount_type = c.discount_type, markup = c.markup, markup_type = c.markup_type,
       sale_price = c.sale_price, cost = c.cost, turn = c.turn, components = c.components, assembled_at = c.assembled_at, on_window_at = c.on_window_at,
       updated_by = c.updated_by, updated_at = c.updated_at, revision = c.revision
     FROM jsonb_to_recordset($1::jsonb) AS c (id uuid, title text, description text, height integer, width integer, color text, status text, store_id uuid,
       order_id uuid, florist_id uuid, recipe_id uuid, group_id integer, image_id uuid, public boolean, amount bigint, discount bigint, discount_type text,
       markup bigint, markup_type text, sale_price bigint, cost bigint, turn integer, components jsonb, assembled_at timestamptz, on_window_at timestamptz,
       updated_by uuid, updated_at timestamptz, revision bigint)
     WHERE bouquet.id = c.id`,
    [JSON.stringify(rows)],
  )
}

export async function readBouquet(reader: Reader, id: string): Promise<Bouquet | undefined> {
  const [row] = await reader.query(`SELECT ${bouquetColumns} FROM stock.bouquet WHERE id = $1`, [id])
  return row === undefined ? undefined : bouquetOf(row)
}

const priced = itemAttributes.pick({ prices: true })

/** Kopecks: what the components would be sold for one by one; 0 for what has no price here. */
export async function retailOf(reader: Reader, storeId: string, components: readonly Component[]): Promise<number> {
  if (components.length === 0) return 0
  const rows = await reader.query(
    `SELECT id, attributes FROM stock.known_resource WHERE type = 'inventory-items' AND id = ANY ($1::text[])`,
    [components.map(({ itemId }) => itemId)],
  )
  const prices = new Map(
    rows.map(({ id, attributes }) => {
      const known = priced.safeParse(attributes).data?.prices ?? []
      const own = known.find((price) => price.storeId === storeId) ?? known.find((price) => price.storeId === null)
      return [String(id), own?.price ?? 0]
    }),
  )
  return components.reduce((sum, { itemId, qty }) => sum + timesPrice(qty, prices.get(itemId) ?? 0), 0)
}

export function bouquetOf(row: Row): Bouquet {
  return {
    id: String(row.id),
    docNo: String(row.doc_no),
    title: String(row.title),
    description: String(row.description),
    height: Number(row.height),
    width: Number(row.width),
    color: String(row.color),
    status: row.status as BouquetStatus,
    storeId: String(row.store_id),
    orderId: textOrNull(row.order_id),
    floristId: textOrNull(row.florist_id),
    recipeId: textOrNull(row.recipe_id),
    groupId: row.group_id === null ? null : Number(row.group_id),
    imageId: textOrNull(row.image_id),
    isPublic: row.public === true,
    amount: Number(row.amount),
    discount: Number(row.discount),
    discountType: row.discount_type as Reckoning,
    markup: Number(row.markup),
    markupType: row.markup_type as Reckoning,
    salePrice: Number(row.sale_price),
    cost: Number(row.cost),
    turn: Number(row.turn),
    components: row.components as Component[],
    assembledAt: row.assembled_at as Date | null,
    onWindowAt: row.on_window_at as Date | null,
    occurredAt: row.occurred_at as Date,
    createdBy: textOrNull(row.created_by),
    updatedBy: textOrNull(row.updated_by),
    createdAt: row.created_at as Date,
    updatedAt: row.updated_at as Date,
    revision: Number(row.revision),
  }
}
