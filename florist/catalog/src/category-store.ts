// Categories in the database. Whoever changes the tree holds the shop's revision first, so that two moves at once cannot close a circle; the table's own
// checks refuse one as well. Called by the category operations and by items.
import { publish } from "@florist/kit/known"
import type { Reader, Row } from "@florist/kit/database"
import { Refusal, conflict, invalid, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { categoryResource } from "./category.ts"
import type { ChangedCategory, NewCategory } from "./category.ts"
import { contentHash } from "./content-hash.ts"
import { standardGroup } from "./group.ts"

export const categoryColumns = [
  "id",
  "title",
  "color",
  "status",
  "deleted",
  "group_id",
  "image_id",
  "parent_id",
  "path_ids",
  "count_public_items",
  "content_hash",
  "updated_at",
  "revision",
]
const deepest = 20
const plainColor = "eeeeee"

/** Titles of those above are looked up, so that a changed title needs no change below. */
export const categorySelect = `${categoryColumns.map((name) => `c.${name}`).join(", ")},
  ARRAY(SELECT a.title FROM unnest(c.path_ids) WITH ORDINALITY above (id, place) JOIN catalog.category a ON a.shop_id = c.shop_id AND a.id = above.id
        ORDER BY above.place) AS path`
export const categoryFrom = "catalog.category c"

/** @throws Refusal 404 */
export async function findCategory(reader: Reader, shop: number, id: string, parameter: string): Promise<Row> {
  const [row] = await categoriesById(reader, shop, [id])
  if (row === undefined) throw notFound(`category ${id}`, { parameter })
  return row
}

export async function categoriesById(reader: Reader, shop: number, ids: readonly string[]): Promise<Row[]> {
  return reader.query(`SELECT ${categorySelect} FROM ${categoryFrom} WHERE c.shop_id = $1 AND c.id = ANY ($2::uuid[])`, [shop, [...ids]])
}

/** The same id with the same content again gives the row that is there. @throws Refusal 409, 422 */
export async function createCategory(
  tx: Transaction,
  { id, attributes, relationships }: NewCategory & { id: string },
  now: Date,
): Promise<Row> {
  const revision = await tx.revision()
  const hash = contentHash({ attributes, relationships })
  const [there] = await categoriesById(tx, tx.shop, [id])
  if (there !== undefined) {
    if (there.content_hash === hash) return there
    throw conflict(`Category ${id} is there already, with other content.`, { pointer: "/data/id" })
  }
  const parent = await parentOf(tx, relationships?.parent ?? null)
  await tx.query(
    `INSERT INTO catalog.category (shop_id, id, title, color, status, group_id, image_id, parent_id, path_ids, content_hash, updated_at, revision)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      tx.shop,
      id,
      attributes.title,
      attributes.color ?? plainColor,
      attributes.status ?? "on",
      relationships?.group ?? parent?.group ?? standardGroup,
      relationships?.image ?? null,
      parent?.id ?? null,
      parent?.pathBelow ?? [],
      hash,
      now,
      revision,
    ],
  )
  return told(tx, id, now)
}

/** @throws Refusal 404, 409, 422 */
export async function changeCategory(tx: Transaction, id: string, { attributes, relationships }: ChangedCategory, now: Date): Promise<Row> {
  const revision = await tx.revision()
  const before = await findCategory(tx, tx.shop, id, "id")
  if (before.deleted === true) throw notFound(`category ${id}`, { parameter: "id" })
  if (attributes.revision !== undefined && attributes.revision !== Number(before.revision)) {
    const detail = `Category ${id} is at revision ${String(before.revision)}; read it again.`
    throw conflict(detail, { pointer: "/data/attributes/revision" }, "stale-revision")
  }
  if (relationships?.parent !== undefined && relationships.parent !== before.parent_id)
    await move(tx, before, relationships.parent, revision)
  await tx.query(
    `UPDATE catalog.category SET title = coalesce($3, title), color = coalesce($4, color), status = coalesce($5, status), group_id = coalesce($6, group_id),
       image_id = CASE WHEN $7 THEN $8::uuid ELSE image_id END, updated_at = $9, revision = $10 WHERE shop_id = $1 AND id = $2`,
    [
      tx.shop,
      id,
      attributes.title ?? null,
      attributes.color ?? null,
      attributes.status ?? null,
      relationships?.group ?? null,
      relationships?.image !== undefined,
      relationships?.image ?? null,
      now,
      revision,
    ],
  )
  return told(tx, id, now)
}

/** With everything below it. */
async function move(tx: Transaction, category: Row, to: string | null, revision: number): Promise<void> {
  const pointer = "/data/relationships/parent"
  const id = String(category.id)
  const parent = await parentOf(tx, to)
  const path = parent?.pathBelow ?? []
  if (path.includes(id)) throw invalid("A category cannot lie below itself.", { pointer }, "category-circle")
  const old = (category.path_ids as string[]).length
  const [below] = await tx.query(
    "SELECT max(cardinality(path_ids)) AS deepest FROM catalog.category WHERE shop_id = $1 AND (id = $2 OR $2 = ANY (path_ids))",
    [tx.shop, id],
  )
  if (Number(below?.deepest) - old + path.length > deepest) throw tooDeep(pointer)
  await tx.query("UPDATE catalog.category SET parent_id = $3, path_ids = $4, revision = $5 WHERE shop_id = $1 AND id = $2", [
    tx.shop,
    id,
    to,
    path,
    revision,
  ])
  await tx.query(
    "UPDATE catalog.category SET path_ids = $3::uuid[] || path_ids[$4::integer + 1:], revision = $5 WHERE shop_id = $1 AND $2::uuid = ANY (path_ids)",
    [tx.shop, id, path, old, revision],
  )
}

/** @throws Refusal 400 where it still holds something, 404 */
export async function deleteCategory(tx: Transaction, id: string, now: Date): Promise<void> {
  const revision = await tx.revision()
  const before = await findCategory(tx, tx.shop, id, "id")
  const [held] = await tx.query(
    `SELECT EXISTS (SELECT FROM catalog.category WHERE shop_id = $1 AND parent_id = $2 AND NOT deleted) AS categories,
       EXISTS (SELECT FROM catalog.item WHERE shop_id = $1 AND category_id = $2 AND NOT deleted) AS items`,
    [tx.shop, id],
  )
  if (held?.categories === true || held?.items === true) throw stillHolds(id, held.items === true ? "items" : "categories")
  if (before.deleted === true) return
  await tx.query("UPDATE catalog.category SET deleted = true, updated_at = $3, revision = $4 WHERE shop_id = $1 AND id = $2", [
    tx.shop,
    id,
    now,
    revision,
  ])
  await told(tx, id, now)
}

/** After items came, went or changed their being public. */
export async function recountPublicItems(tx: Transaction, ids: readonly unknown[], now: Date): Promise<void> {
  const categories = [...new Set(ids.filter((id) => typeof id === "string"))]
  if (categories.length === 0) return
  const changed = await tx.query(
    `UPDATE catalog.category c SET count_public_items = counted.count, revision = $3
     FROM (SELECT given.id, (SELECT count(*) FROM catalog.item i WHERE i.shop_id = $1 AND i.category_id = given.id AND i.public AND NOT i.deleted) AS count
           FROM unnest($2::uuid[]) given (id)) counted
     WHERE c.shop_id = $1 AND c.id = counted.id AND c.count_public_items <> counted.count RETURNING c.id`,
    [tx.shop, categories, await tx.revision()],
  )
  for (const { id } of changed) await told(tx, String(id), now)
}

/** @throws Refusal 422 */
async function parentOf(tx: Transaction, id: string | null): Promise<{ id: string; group: number; pathBelow: string[] } | undefined> {
  if (id === null) return undefined
  const pointer = "/data/relationships/parent"
  const [row] = await categoriesById(tx, tx.shop, [id])
  if (row === undefined || row.deleted === true) throw invalid(`There is no category ${id}.`, { pointer }, "unknown-category")
  const pathBelow = [...(row.path_ids as string[]), id]
  if (pathBelow.length > deepest) throw tooDeep(pointer)
  return { id, group: Number(row.group_id), pathBelow }
}

async function told(tx: Transaction, id: string, now: Date): Promise<Row> {
  const row = await findCategory(tx, tx.shop, id, "id")
  publish(tx, { resource: categoryResource(row), revision: Number(row.revision), state: row.deleted === true ? "deleted" : "there" }, now)
  return row
}

const tooDeep = (pointer: string) => invalid(`Categories lie at most ${deepest} deep.`, { pointer }, "too-deep")

const stillHolds = (id: string, what: string) =>
  new Refusal([
    {
      status: 400,
      code: "category-not-empty",
      title: "Not empty",
      detail: `Category ${id} still holds ${what}; move or delete them first.`,
      source: { parameter: "id" },
    },
  ])
