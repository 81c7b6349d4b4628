// Small lists that a shop keeps for itself: tags, sources, reasons. One way to read, write and delete them all; a row that is deleted is marked and comes
// only to those who ask by revision. Called by the three dictionaries.
import type { Reader, Row } from "@florist/kit/database"
import type { Resource } from "@florist/kit/document"
import { publish } from "@florist/kit/known"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { ok } from "@florist/kit/operation"
import type { Answer } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"

export interface Dictionary {
  /** "orders.order_tag" */
  table: string
  /** Of its resources: "order-tags". */
  type: string
  /** Beside shop_id, id, deleted and revision. */
  columns: readonly string[]
  toResource(row: Row): Resource
}

export const dictionaryQuery = z.object({
  ...pageQuery,
  /** Ours: what changed since, the deleted too. */
  "filter[revision]": z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
})

/** JSON:API has no answer 200 without a document. */
export const deletedOut = z.object({ meta: z.object({}) })

export interface Entry {
  id: string
  /** By column. */
  values: Readonly<Record<string, string | boolean>>
}

const all = ({ columns }: Dictionary) => ["id", ...columns, "deleted", "revision"].join(", ")

export async function listEntries(reader: Reader, dictionary: Dictionary, query: z.output<typeof dictionaryQuery>): Promise<Answer> {
  const since = query["filter[revision]"]
  const [newest] = await reader.query(`SELECT max(revision) AS revision FROM ${dictionary.table}`)
  const page = await list(reader, {
    from: dictionary.table,
    columns: all(dictionary),
    conditions: [since === undefined ? where("NOT deleted") : where("revision > ?::bigint", since)],
    order:
      since === undefined
        ? {
            columns: [
              { name: "title", type: "text" },
              { name: "id", type: "uuid" },
            ],
            direction: "ASC",
          }
        : {
            columns: [
              { name: "revision", type: "bigint" },
              { name: "id", type: "uuid" },
            ],
            direction: "ASC",
          },
    query,
  })
  return ok({
    data: page.rows.map((row) => dictionary.toResource(row)),
    meta: { ...page.meta, revision: Number(newest?.revision ?? 0) },
    links: pageLinks(`/v1/${dictionary.type}`, page),
  })
}

/** @throws Refusal 404 */
export async function oneEntry(reader: Reader, dictionary: Dictionary, id: string): Promise<Resource> {
  const [row] = await reader.query(`SELECT ${all(dictionary)} FROM ${dictionary.table} WHERE id = $1 AND NOT deleted`, [id])
  if (row === undefined) throw notFound(`${dictionary.type} ${id}`, { parameter: "id" })
  return dictionary.toResource(row)
}

export async function entriesByIds(reader: Reader, dictionary: Dictionary, ids: readonly string[]): Promise<Resource[]> {
  if (ids.length === 0) return []
  const rows = await reader.query(`SELECT ${all(dictionary)} FROM ${dictionary.table} WHERE id = ANY ($1::uuid[])`, [[...new Set(ids)]])
  return rows.map((row) => dictionary.toResource(row))
}

/** Making the same entry again changes nothing. @throws Refusal 409 where an id is there with other content. */
export async function addEntry(tx: Transaction, dictionary: Dictionary, { id, values }: Entry, now: Date): Promise<Resource> {
  const revision = await tx.revision()
  const { table, columns } = dictionary
  const [added] = await tx.query(
    `INSERT INTO ${table} (shop_id, id, ${columns.join(", ")}, deleted, revision) SELECT $1, $2, ${columns.map((column) => `r.${column}`).join(", ")}, false, $3
     FROM jsonb_populate_record(NULL::${table}, $4::jsonb) r ON CONFLICT (shop_id, id) DO NOTHING RETURNING ${all(dictionary)}`,
    [tx.shop, id, revision, JSON.stringify(values)],
  )
  if (added !== undefined) return told(tx, dictionary, added, now)
  const [there] = await tx.query(`SELECT ${all(dictionary)} FROM ${table} WHERE id = $1`, [id])
  const isSame = there !== undefined && there.deleted === false && columns.every((column) => there[column] === values[column])
  if (isSame) return dictionary.toResource(there)
  throw conflict(`There is another entry of ${dictionary.type} with the id ${id}.`, { pointer: "/data/id" }, "id-taken")
}

/** @throws Refusal 404 */
export async function changeEntry(
  tx: Transaction,
  dictionary: Dictionary,
  { id, values }: Entry,
  now: Date,
  pointer = "/data/id",
): Promise<Resource> {
  const revision = await tx.revision()
  const { table } = dictionary
  const names = Object.keys(values)
  const sets = names.map((name) => `${name} = r.${name}`)
  const [changed] = await tx.query(
    `UPDATE ${table} d SET ${[...sets, "revision = $2"].join(", ")} FROM jsonb_populate_record(NULL::${table}, $3::jsonb) r
     WHERE d.id = $1 AND NOT d.deleted RETURNING ${["id", ...dictionary.columns, "deleted", "revision"].map((name) => `d.${name}`).join(", ")}`,
    [id, revision, JSON.stringify(values)],
  )
  if (changed === undefined) throw notFound(`${dictionary.type} ${id}`, { pointer })
  return told(tx, dictionary, changed, now)
}

/** Deleting what is deleted already changes nothing. @throws Refusal 404 for what never was; nothing is deleted then. */
export async function deleteEntries(tx: Transaction, dictionary: Dictionary, ids: readonly string[], now: Date): Promise<void> {
  const revision = await tx.revision()
  const { table } = dictionary
  const there = await tx.query(`SELECT id FROM ${table} WHERE id = ANY ($1::uuid[])`, [ids])
  const known = new Set(there.map(({ id }) => String(id)))
  const missing = ids.findIndex((id) => !known.has(id))
  if (missing !== -1) throw notFound(`${dictionary.type} ${ids[missing]}`, { pointer: `/data/${missing}/id` })
  const deleted = await tx.query(
    `UPDATE ${table} SET deleted = true, revision = $2 WHERE id = ANY ($1::uuid[]) AND NOT deleted RETURNING ${all(dictionary)}`,
    [ids, revision],
  )
  for (const row of deleted) told(tx, dictionary, row, now)
}

/** Other services include these resources in answers of their own. */
function told(tx: Transaction, dictionary: Dictionary, row: Row, now: Date): Resource {
  const resource = dictionary.toResource(row)
  publish(tx, { resource, revision: Number(row.revision), state: row.deleted === true ? "deleted" : "there" }, now)
  return resource
}
