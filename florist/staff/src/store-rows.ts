// Stores in the database. Called by the store operations, by sessions' and workers' checks, and by whoever opens a shop.
import { publish } from "@florist/kit/known"
import type { Reader, Row } from "@florist/kit/database"
import { isDuplicate } from "@florist/kit/database"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { storeColumns, storeResource } from "./store.ts"
import type { ChangedStore, NewStore } from "./store.ts"

export const storeRow = [
  "id",
  "number",
  ...Object.values(storeColumns),
  "timezone_id",
  "image_id",
  "delivery_diapason_ids",
  "created_at",
  "updated_at",
  "revision",
]
const columns = storeRow.join(", ")

export async function findStore(reader: Reader, shop: number, id: string): Promise<Row> {
  const [row] = await reader.query(`SELECT ${columns} FROM staff.store WHERE shop_id = $1 AND id = $2`, [shop, id])
  if (row === undefined) throw notFound(`store ${id}`, { parameter: "id" })
  return row
}

export async function storesById(reader: Reader, shop: number, ids: ReadonlySet<string>): Promise<Row[]> {
  if (ids.size === 0) return []
  return reader.query(`SELECT ${columns} FROM staff.store WHERE shop_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id`, [shop, [...ids]])
}

/** @throws Refusal 422 for stores that the shop does not have. */
export async function assertStores(reader: Reader, shop: number, ids: readonly string[], pointer: string): Promise<void> {
  if (ids.length === 0) return
  const rows = await reader.query("SELECT id FROM staff.store WHERE shop_id = $1 AND id = ANY ($2::uuid[]) AND status = 'on'", [
    shop,
    [...ids],
  ])
  const there = new Set(rows.map(({ id }) => id))
  const missing = ids.find((id) => !there.has(id))
  if (missing !== undefined)
    throw invalid(`There is no store ${missing} in this shop; GET /v1/stores lists them.`, { pointer }, "unknown-store")
}

/** The same id with the same content again gives the row that is there. @throws Refusal 409 */
export async function createStore(tx: Transaction, { id, attributes, relationships }: NewStore & { id: string }, now: Date): Promise<Row> {
  const revision = await tx.revision()
  const given = valuesOf(attributes, relationships)
  const [there] = await tx.query(`SELECT ${columns} FROM staff.store WHERE shop_id = $1 AND id = $2`, [tx.shop, id])
  if (there !== undefined) {
    if (Object.entries(given).every(([column, value]) => JSON.stringify(there[column]) === JSON.stringify(value))) return there
    throw conflict(`Store ${id} is there already, with other content; PATCH /v1/stores/${id} changes it.`, { pointer: "/data/id" })
  }
  const names = Object.keys(given)
  const [row = {}] = await writing(
    tx.query(
      `INSERT INTO staff.store (shop_id, id, number, created_at, updated_at, revision${names.map((name) => `, ${name}`).join("")})
       SELECT $1, $2, coalesce(max(number), 0) + 1, $3::timestamptz, $3, $4${names.map((name, n) => `, $${n + 5}::${typeOf(name)}`).join("")}
       FROM staff.store WHERE shop_id = $1 RETURNING ${columns}`,
      [tx.shop, id, now, revision, ...Object.values(given)],
    ),
  )
  tellOf(tx, row, now)
  return row
}

/** @throws Refusal 404, 409 */
export async function changeStore(tx: Transaction, id: string, { attributes, relationships }: ChangedStore, now: Date): Promise<Row> {
  const revision = await tx.revision()
  const before = await findStore(tx, tx.shop, id)
  if (attributes.revision !== undefined && attributes.revision !== Number(before.revision)) {
    throw conflict(
      `Store ${id} is at revision ${String(before.revision)}; read it again.`,
      { pointer: "/data/attributes/revision" },
      "stale-revision",
    )
  }
  const given = valuesOf(attributes, relationships)
  const sets = Object.keys(given).map((name, n) => `, ${name} = $${n + 5}::${typeOf(name)}`)
  const [row = {}] = await writing(
    tx.query(`UPDATE staff.store SET updated_at = $3, revision = $4${sets.join("")} WHERE shop_id = $1 AND id = $2 RETURNING ${columns}`, [
      tx.shop,
      id,
      now,
      revision,
      ...Object.values(given),
    ]),
  )
  tellOf(tx, row, now)
  return row
}

function tellOf(tx: Transaction, row: Row, now: Date): void {
  const state = row.status === "deleted" ? "deleted" : "there"
  publish(tx, { resource: storeResource(row), revision: Number(row.revision), state }, now)
}

/** Only what the client gave, by column. */
function valuesOf(attributes: Partial<ChangedStore["attributes"]>, relationships: NewStore["relationships"]): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  for (const [name, column] of Object.entries(storeColumns)) {
    const value = attributes[name as keyof typeof storeColumns]
    if (value !== undefined) given[column] = value
  }
  if (typeof relationships?.timezone === "number") given.timezone_id = relationships.timezone
  if (relationships?.image !== undefined) given.image_id = relationships.image
  if (relationships?.deliveryDiapasons !== undefined) given.delivery_diapason_ids = relationships.deliveryDiapasons
  return given
}

const types: Readonly<Record<string, string>> = {
  print_logo: "boolean",
  print_address: "boolean",
  concealment_items: "integer",
  timezone_id: "integer",
  image_id: "uuid",
  delivery_diapason_ids: "integer[]",
}
const typeOf = (column: string) => types[column] ?? "text"

async function writing(rows: Promise<Row[]>): Promise<Row[]> {
  try {
    return await rows
  } catch (cause) {
    if (!isDuplicate(cause, "store_external_link")) throw cause
    throw conflict("Another store has this externalLinkId.", { pointer: "/data/attributes/externalLinkId" }, "external-link-taken")
  }
}
