// Short lists that a shop keeps: suppliers, reasons of write-offs, recipes. The same five operations for each, made from a description. Called by each of them.
import { documentOut, resource, resourceIn, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import { everyone } from "@florist/kit/role"
import type { Role } from "@florist/kit/role"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { checkRevision } from "./access.ts"

export interface Field {
  column: string
  /** SQL type of the column. */
  sql: string
  in: z.ZodType
  out: z.ZodType
  /** Of a new one where the client says nothing; without it the field is required. */
  standard?: unknown
  /** The column's value as clients read it, and what clients sent as the column keeps it. */
  show?: (value: unknown) => unknown
  keep?: (value: unknown) => unknown
}

interface Directory {
  type: string
  path: string
  table: string
  tag: string
  /** For people: "supplier". */
  noun: string
  /** Name of the operations' ids: "Supplier", "Suppliers". */
  names: { one: string; many: string }
  writers: readonly Role[]
  fields: Readonly<Record<string, Field>>
}

export function directoryOperations(directory: Directory): Operation[] {
  const { type, path, table, tag, noun, names, writers, fields } = directory
  const entries = Object.entries(fields)
  const columns = ["id", "deleted", "revision", ...entries.map(([, { column }]) => column)].join(", ")
  const revision = z.number().int().min(0).optional()
  const attributesIn = (required: "required" | "partial") =>
    z.object({
      ...Object.fromEntries(
        entries.map(([name, field]) => [name, required === "partial" || field.standard !== undefined ? field.in.optional() : field.in]),
      ),
      revision,
    })
  const attributesOut = {
    ...Object.fromEntries(entries.map(([name, field]) => [name, field.out])),
    deleted: z.boolean(),
    revision: z.int(),
  }
  const resourceShape = resourceOut(type, attributesOut, {})
  const oneOf = documentOut(resourceShape)
  const noRelationships = z.object({}).optional()
  const params = z.object({ id: uuid })

  const shown = (row: Row): Resource =>
    resource(type, String(row.id), {
      ...Object.fromEntries(entries.map(([name, { column, show }]) => [name, show === undefined ? row[column] : show(row[column])])),
      deleted: row.deleted === true,
      revision: Number(row.revision),
    })

  const kept = (attributes: Readonly<Record<string, unknown>>, before?: Row) =>
    entries.map(([name, { column, keep, standard }]) => {
      const given = attributes[name]
      if (given === undefined) return before === undefined ? (keep?.(standard) ?? standard) : asStored(before[column])
      return keep === undefined ? given : keep(given)
    })

  async function locked(tx: Transaction, id: string): Promise<Row> {
    const [row] = await tx.query(`SELECT ${columns} FROM ${table} WHERE id = $1 FOR UPDATE`, [id])
    if (row === undefined) throw notFound(`${noun} ${id}`, { parameter: "id" })
    return row
  }

  return [
    readOperation({
      id: `list${names.many}`,
      method: "GET",
      path,
      tag,
      summary: `List: ${noun}`,
      access: everyone,
      query: z.object({ ...pageQuery, "filter[revision]": z.coerce.number().int().min(0).optional() }),
      answers: { 200: documentOut(z.array(resourceShape)) },
      refuses: [422],
      async handle({ shop, query }) {
        const since = query["filter[revision]"]
        const page = await list(shop, {
          from: table,
          columns,
          conditions: since === undefined ? [{ sql: "NOT deleted", values: [] }] : [where("revision > ?", since)],
          order: {
            columns: [
              since === undefined ? { name: "title", type: "text" } : { name: "revision", type: "bigint" },
              { name: "id", type: "uuid" },
            ],
            direction: "ASC",
          },
          query,
        })
        return ok({ data: page.rows.map(shown), meta: page.meta, links: pageLinks(path.replace("/v1", ""), page) })
      },
    }),
    readOperation({
      id: `get${names.one}`,
      method: "GET",
      path: `${path}/{id}`,
      tag,
      summary: `One ${noun}`,
      access: everyone,
      params,
      answers: { 200: oneOf },
      refuses: [400],
      async handle({ shop, params: { id } }) {
        const [row] = await shop.query(`SELECT ${columns} FROM ${table} WHERE id = $1`, [id])
        if (row === undefined) throw notFound(`${noun} ${id}`, { parameter: "id" })
        return ok({ data: shown(row) })
      },
    }),
    writeOperation({
      id: `create${names.one}`,
      method: "POST",
      path,
      tag,
      summary: `New ${noun}`,
      access: writers,
      body: resourceIn(type, attributesIn("required"), noRelationships),
      answers: { 201: oneOf },
      refuses: [400, 422],
      async handle({ tx, body }) {
        const id = body.id ?? newId()
        const values = kept(body.attributes)
        const marks = entries.map(([, { sql }], index) => `$${index + 4}::${sql}`).join(", ")
        const [row] = await tx.query(
          `INSERT INTO ${table} (shop_id, id, revision, ${entries.map(([, { column }]) => column).join(", ")}) VALUES ($1, $2, $3, ${marks})
           ON CONFLICT (shop_id, id) DO NOTHING RETURNING ${columns}`,
          [tx.shop, id, await tx.revision(), ...values],
        )
        if (row !== undefined) return created({ data: shown(row) })
        const before = await locked(tx, id)
        const same = entries.every(
          ([, { column }], index) => JSON.stringify(comparable(before[column])) === JSON.stringify(comparable(values[index])),
        )
        if (!same) throw conflict(`There is a ${noun} of this id already, with other content.`, { pointer: "/data/id" }, "id-taken")
        return created({ data: shown(before) })
      },
    }),
    writeOperation({
      id: `update${names.one}`,
      method: "PATCH",
      path: `${path}/{id}`,
      tag,
      summary: `Change a ${noun}`,
      access: writers,
      params,
      body: resourceIn(type, attributesIn("partial"), noRelationships),
      answers: { 200: oneOf },
      refuses: [400, 422],
      async handle({ tx, params: { id }, body }) {
        const before = await locked(tx, id)
        checkRevision(before.revision, body.attributes.revision, noun)
        const sets = entries.map(([, { column, sql }], index) => `${column} = $${index + 3}::${sql}`).join(", ")
        const [row] = await tx.query(`UPDATE ${table} SET revision = $2, ${sets} WHERE id = $1 RETURNING ${columns}`, [
          id,
          await tx.revision(),
          ...kept(body.attributes, before),
        ])
        return ok({ data: row === undefined ? null : shown(row) })
      },
    }),
    writeOperation({
      id: `delete${names.one}`,
      method: "DELETE",
      path: `${path}/{id}`,
      tag,
      summary: `Delete a ${noun}; what names it keeps it`,
      access: writers,
      params,
      answers: { 204: null },
      refuses: [400],
      async handle({ tx, params: { id } }) {
        const before = await locked(tx, id)
        if (before.deleted !== true)
          await tx.query(`UPDATE ${table} SET deleted = true, revision = $2 WHERE id = $1`, [id, await tx.revision()])
        return noContent
      },
    }),
  ]
}

/** What the driver read, as it is written again. */
const asStored = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !(value instanceof Date) ? JSON.stringify(value) : value

/** int8 comes as text, json parsed. */
function comparable(value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (typeof value === "object") return sortedKeys(value)
  const text = typeof value === "string" ? value : JSON.stringify(value)
  return text.startsWith("[") ? sortedKeys(JSON.parse(text) as object) : text
}

function sortedKeys(value: object): unknown {
  const sorted = (each: object) => Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Array.isArray(value) ? value.map((each: object) => sorted(each)) : sorted(value)
}
