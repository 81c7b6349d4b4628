// Items in the database, with their codes and the words they are found by, and what other services are told of them. Called by the operations on items
// and prices.
import { itemAttributes } from "@florist/kit/contracts/catalog"
import type { ItemAttributes } from "@florist/kit/contracts/catalog"
import { isDuplicate } from "@florist/kit/database"
import type { Reader, Row } from "@florist/kit/database"
import type { Resource } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { publish } from "@florist/kit/known"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { ownBarcode } from "./barcode.ts"
import { categoriesById, recountPublicItems } from "./category-store.ts"
import { contentHash } from "./content-hash.ts"
import { standardGroup, standardMeasure } from "./group.ts"
import { barcodeResourceType, itemColumns, itemResource, vendorCodeType } from "./item.ts"
import type { ChangedItem, NewItem } from "./item.ts"
import { wordsOf } from "./words.ts"

export const itemFrom = "catalog.item i"
export const itemSelect = `${itemColumns.map((name) => `i.${name}`).join(", ")},
  ARRAY(SELECT b.id FROM catalog.barcode b WHERE b.shop_id = i.shop_id AND b.item_id = i.id ORDER BY b.id) AS barcode_ids,
  ARRAY(SELECT v.id FROM catalog.vendor_code v WHERE v.shop_id = i.shop_id AND v.item_id = i.id ORDER BY v.id) AS vendor_code_ids`

/** The price of the whole shop, where a store has none of its own. */
export const wholeShop = "00000000-0000-0000-0000-000000000000"

async function itemsById(reader: Reader, shop: number, ids: readonly string[]): Promise<Row[]> {
  return reader.query(`SELECT ${itemSelect} FROM ${itemFrom} WHERE i.shop_id = $1 AND i.id = ANY ($2::uuid[]) ORDER BY i.id`, [
    shop,
    [...ids],
  ])
}

/** Also a deleted one. @throws Refusal 404 */
export async function findItem(reader: Reader, shop: number, id: string): Promise<Row> {
  const [row] = await itemsById(reader, shop, [id])
  if (row === undefined) throw notFound(`item ${id}`, { parameter: "id" })
  return row
}

/** @throws Refusal 404 also where it was deleted */
export async function findLiveItem(reader: Reader, shop: number, id: string): Promise<Row> {
  const row = await findItem(reader, shop, id)
  if (row.deleted === true) throw notFound(`item ${id} any more: it was deleted`, { parameter: "id" })
  return row
}

/** Its codes as resources, for `included`. */
export async function codesOf(reader: Reader, shop: number, id: string): Promise<Resource[]> {
  const rows = await reader.query(
    `SELECT id, barcode_type, barcode, NULL AS vendor_code FROM catalog.barcode WHERE shop_id = $1 AND item_id = $2
     UNION ALL SELECT id, NULL, NULL, vendor_code FROM catalog.vendor_code WHERE shop_id = $1 AND item_id = $2 ORDER BY id`,
    [shop, id],
  )
  return rows.map(({ id, barcode_type: barcodeType, barcode, vendor_code: vendorCode }) =>
    vendorCode === null
      ? { type: barcodeResourceType, id: String(id), attributes: { barcode, barcodeType } }
      : { type: vendorCodeType, id: String(id), attributes: { vendorCode } },
  )
}

/** The same id with the same content again gives the row that is there. @throws Refusal 409, 422 */
export async function createItem(tx: Transaction, item: NewItem & { id: string }, now: Date): Promise<Row> {
  const { id, attributes, relationships } = item
  const revision = await tx.revision()
  const hash = contentHash({ attributes, relationships })
  const [there] = await itemsById(tx, tx.shop, [id])
  if (there !== undefined) {
    if (there.content_hash === hash) return there
    throw conflict(`Item ${id} is there already, with other content; PATCH /v1/inventory-items/${id} changes it.`, { pointer: "/data/id" })
  }
  const category = await categoryFor(tx, relationships.category ?? null)
  assertServiceHasNoStock(attributes.itemType ?? "item", attributes)
  await tx.query(
    `INSERT INTO catalog.item (shop_id, id, title, description, item_type, fractional, public, global_id, category_id, group_id, measure_id, logo_id, image_ids,
       vendor_ids, fresh_for_days, minimum_balance, content_hash, created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19)`,
    [
      tx.shop,
      id,
      attributes.title,
      attributes.description ?? null,
      attributes.itemType ?? "item",
      attributes.fractional ?? false,
      attributes.public ?? false,
      attributes.globalId ?? null,
      relationships.category ?? null,
      relationships.group ?? category?.group_id ?? standardGroup,
      relationships.measure ?? standardMeasure,
      relationships.logo ?? null,
      relationships.images ?? [],
      relationships.vendors ?? [],
      attributes.freshForDays ?? null,
      attributes.minimumBalance ?? null,
      hash,
      now,
      revision,
    ],
  )
  await writeCodes(tx, id, relationships, revision)
  return written(tx, id, [relationships.category], now)
}

/** @throws Refusal 404, 409, 422 */
export async function changeItem(
  tx: Transaction,
  { id, attributes, relationships }: ChangedItem & { id: string },
  now: Date,
): Promise<Row> {
  const revision = await tx.revision()
  const before = await findLiveItem(tx, tx.shop, id)
  if (attributes.revision !== undefined && attributes.revision !== Number(before.revision)) {
    const detail = `Item ${id} is at revision ${String(before.revision)}; read it again.`
    throw conflict(detail, { pointer: "/data/attributes/revision" }, "stale-revision")
  }
  await categoryFor(tx, relationships.category ?? null)
  const given = columnsGiven(attributes, relationships)
  const kind = attributes.itemType ?? String(before.item_type)
  assertServiceHasNoStock(kind, attributes)
  if (kind === "service" && before.item_type === "item") {
    await assertNeverMoved(tx, id)
    given.push(["fresh_for_days", null], ["minimum_balance", null])
  }
  await tx.query(
    `UPDATE catalog.item SET updated_at = $3, revision = $4${given.map(([name], n) => `, ${name} = $${n + 5}`).join("")} WHERE shop_id = $1 AND id = $2`,
    [tx.shop, id, now, revision, ...given.map(([, value]) => value)],
  )
  await writeCodes(tx, id, relationships, revision)
  return written(tx, id, [before.category_id, relationships.category], now)
}

/** @throws Refusal 404 */
export async function publishItems(tx: Transaction, changes: ReadonlyMap<string, boolean>, now: Date): Promise<Row[]> {
  const revision = await tx.revision()
  const ids = [...changes.keys()]
  const before = await liveOrRefused(tx, ids)
  await tx.query(
    `UPDATE catalog.item SET public = id = ANY ($3::uuid[]), updated_at = $4, revision = $5 WHERE shop_id = $1 AND id = ANY ($2::uuid[])`,
    [tx.shop, ids, ids.filter((id) => changes.get(id) === true), now, revision],
  )
  await recountPublicItems(
    tx,
    before.map((row) => row.category_id),
    now,
  )
  return tellOfItems(tx, ids, now)
}

/** Deleted items stay in the past; their barcodes are free for others. Again: nothing more. @throws Refusal 404 */
export async function deleteItems(tx: Transaction, ids: readonly string[], now: Date): Promise<void> {
  const revision = await tx.revision()
  const rows = await itemsById(tx, tx.shop, ids)
  assertFound(ids, rows)
  const live = rows.filter((row) => row.deleted !== true).map(({ id }) => String(id))
  if (live.length === 0) return
  await tx.query("UPDATE catalog.item SET deleted = true, updated_at = $3, revision = $4 WHERE shop_id = $1 AND id = ANY ($2::uuid[])", [
    tx.shop,
    live,
    now,
    revision,
  ])
  for (const table of ["barcode", "item_word"]) {
    await tx.query(`DELETE FROM catalog.${table} WHERE shop_id = $1 AND item_id = ANY ($2::uuid[])`, [tx.shop, live])
  }
  await recountPublicItems(
    tx,
    rows.map((row) => row.category_id),
    now,
  )
  await tellOfItems(tx, live, now)
}

/** What other services rely on, and the public attributes beside. @returns the rows as they are now. */
export async function tellOfItems(tx: Transaction, ids: readonly string[], now: Date): Promise<Row[]> {
  const [rows, prices] = await Promise.all([
    itemsById(tx, tx.shop, ids),
    tx.query(
      "SELECT item_id, store_id, price FROM catalog.price WHERE shop_id = $1 AND item_id = ANY ($2::uuid[]) AND status = 'on' ORDER BY store_id",
      [tx.shop, [...ids]],
    ),
  ])
  for (const row of rows) {
    const resource = itemResource(row)
    const relied: ItemAttributes = itemAttributes.parse({
      ...resource.attributes,
      categoryId: row.category_id,
      freshForDays: row.fresh_for_days,
      minimumBalance: row.minimum_balance === null ? null : Number(row.minimum_balance),
      prices: prices
        .filter((price) => price.item_id === row.id)
        .map(({ store_id: store, price }) => ({ storeId: store === wholeShop ? null : String(store), price: Number(price) })),
    })
    const state = row.deleted === true ? "deleted" : "there"
    publish(
      tx,
      { resource: { ...resource, attributes: { ...resource.attributes, ...relied } }, revision: Number(row.revision), state },
      now,
    )
  }
  return rows
}

async function written(tx: Transaction, id: string, categories: readonly unknown[], now: Date): Promise<Row> {
  await writeWords(tx, id)
  await recountPublicItems(tx, categories, now)
  const [row = {}] = await tellOfItems(tx, [id], now)
  return row
}

async function writeWords(tx: Transaction, id: string): Promise<void> {
  const [row = {}] = await tx.query(
    `SELECT title, ARRAY(SELECT barcode FROM catalog.barcode WHERE shop_id = $1 AND item_id = $2) AS barcodes,
       ARRAY(SELECT vendor_code FROM catalog.vendor_code WHERE shop_id = $1 AND item_id = $2) AS vendor_codes
     FROM catalog.item WHERE shop_id = $1 AND id = $2`,
    [tx.shop, id],
  )
  const words = wordsOf(String(row.title), ...(row.barcodes as string[]), ...(row.vendor_codes as string[]))
  await tx.query("DELETE FROM catalog.item_word WHERE shop_id = $1 AND item_id = $2 AND NOT word = ANY ($3::text[])", [tx.shop, id, words])
  await tx.query(
    "INSERT INTO catalog.item_word (shop_id, word, item_id) SELECT $1, word, $2 FROM unnest($3::text[]) word ON CONFLICT DO NOTHING",
    [tx.shop, id, words],
  )
}

/** Those that are given replace those that are there. */
async function writeCodes(
  tx: Transaction,
  item: string,
  { barcodes, vendorCodes, vendors }: NewItem["relationships"],
  revision: number,
): Promise<void> {
  if (barcodes !== undefined) {
    await tx.query("DELETE FROM catalog.barcode WHERE shop_id = $1 AND item_id = $2", [tx.shop, item])
    const rows = barcodes.map(({ id, barcode, type }, n) => ({
      id: id ?? newId(),
      type,
      barcode: barcode ?? ownBarcode(revision * 100 + n),
    }))
    await once(
      tx.query(
        `INSERT INTO catalog.barcode (shop_id, id, item_id, barcode_type, barcode)
         SELECT $1, id, $2, type, barcode FROM jsonb_to_recordset($3::jsonb) AS given (id uuid, type text, barcode text)`,
        [tx.shop, item, JSON.stringify(rows)],
      ),
      "/data/relationships/barcodes",
    )
  }
  if (vendorCodes !== undefined) {
    await tx.query("DELETE FROM catalog.vendor_code WHERE shop_id = $1 AND item_id = $2", [tx.shop, item])
    const rows = vendorCodes.map(({ id, vendorCode }) => ({ id: id ?? newId(), code: vendorCode }))
    await once(
      tx.query(
        `INSERT INTO catalog.vendor_code (shop_id, id, item_id, vendor_code)
         SELECT $1, id, $2, code FROM jsonb_to_recordset($3::jsonb) AS given (id uuid, code text)`,
        [tx.shop, item, JSON.stringify(rows)],
      ),
      "/data/relationships/vendorCodes",
    )
  }
  if (vendors !== undefined) {
    await tx.query("DELETE FROM catalog.item_vendor WHERE shop_id = $1 AND item_id = $2", [tx.shop, item])
    await tx.query(
      "INSERT INTO catalog.item_vendor (shop_id, vendor_id, item_id) SELECT $1, vendor, $2 FROM unnest($3::integer[]) vendor",
      [tx.shop, item, [...new Set(vendors)]],
    )
  }
}

async function once(rows: Promise<Row[]>, pointer: string): Promise<void> {
  try {
    await rows
  } catch (cause) {
    if (!isDuplicate(cause)) throw cause
    throw conflict("Another item has this code, or it is given twice.", { pointer }, "code-taken")
  }
}

/** Columns by what a client gave. */
function columnsGiven(attributes: ChangedItem["attributes"], relationships: ChangedItem["relationships"]): [string, unknown][] {
  const columns: [string, unknown][] = [
    ["title", attributes.title],
    ["description", attributes.description],
    ["item_type", attributes.itemType],
    ["fractional", attributes.fractional],
    ["public", attributes.public],
    ["global_id", attributes.globalId],
    ["fresh_for_days", attributes.freshForDays],
    ["minimum_balance", attributes.minimumBalance],
    ["category_id", relationships.category],
    ["group_id", relationships.group ?? undefined],
    ["measure_id", relationships.measure ?? undefined],
    ["logo_id", relationships.logo],
    ["image_ids", relationships.images],
    ["vendor_ids", relationships.vendors],
  ]
  return columns.filter(([, value]) => value !== undefined)
}

async function categoryFor(tx: Transaction, id: string | null): Promise<Row | undefined> {
  if (id === null) return undefined
  const [row] = await categoriesById(tx, tx.shop, [id])
  const pointer = "/data/relationships/category"
  if (row === undefined || row.deleted === true)
    throw invalid(`There is no category ${id}; GET /v1/categories lists them.`, { pointer }, "unknown-category")
  return row
}

function assertServiceHasNoStock(kind: string, { freshForDays, minimumBalance }: ChangedItem["attributes"]): void {
  const isStocked = typeof freshForDays === "number" || typeof minimumBalance === "number"
  if (kind === "service" && isStocked)
    throw invalid("A service has no stock: no freshness and no minimum balance.", { pointer: "/data/attributes" })
}

async function assertNeverMoved(tx: Transaction, id: string): Promise<void> {
  const [moved] = await tx.query("SELECT 1 FROM catalog.balance WHERE shop_id = $1 AND item_id = $2 LIMIT 1", [tx.shop, id])
  const pointer = "/data/attributes/itemType"
  if (moved !== undefined) throw invalid("An item that stock has movements of cannot become a service.", { pointer }, "item-has-stock")
}

async function liveOrRefused(tx: Transaction, ids: readonly string[]): Promise<Row[]> {
  const rows = (await itemsById(tx, tx.shop, ids)).filter((row) => row.deleted !== true)
  assertFound(ids, rows)
  return rows
}

function assertFound(ids: readonly string[], rows: readonly Row[]): void {
  const found = new Set(rows.map(({ id }) => id))
  const missing = ids.find((id) => !found.has(id))
  if (missing !== undefined) throw notFound(`item ${missing}`, { pointer: "/data" })
}
