// Where customers come from and what they like: two lists of titles that are published alike. Owns their SQL and operations; others follow them as resources.
import { documentOut, pageMetaOut, references, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { flag, int, title } from "@florist/kit/input"
import { publish } from "@florist/kit/known"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { nextNumber, smallId, smallIdParams } from "./number.ts"
import { nothingOut } from "./nothing.ts"
import type { Numbered } from "./number.ts"
import { changedAfter, currentRevision, refuseStale, revisionFilter } from "./revision.ts"

export interface Dictionary {
  type: "customer-sources" | "customer-preferences"
  /** For people: "customer source". */
  name: string
  table: "loyalty.customer_source" | "loyalty.customer_preference"
  number: Numbered
  tag: string
  /** "CustomerSource" */
  noun: string
  /** The published switch of the list, and which rows it shows. */
  shown: { parameter: "filter[disabled]" | "filter[onlyActive]"; rows: (value: boolean) => Condition | undefined }
}

export const sources: Dictionary = {
  type: "customer-sources",
  name: "customer source",
  table: "loyalty.customer_source",
  number: "customer-source",
  tag: "Customer Sources API",
  noun: "CustomerSource",
  shown: { parameter: "filter[disabled]", rows: (disabled) => where("deleted = ?", disabled) },
}

export const preferences: Dictionary = {
  type: "customer-preferences",
  name: "customer preference",
  table: "loyalty.customer_preference",
  number: "customer-preference",
  tag: "Customer preferences API",
  noun: "CustomerPreference",
  shown: { parameter: "filter[onlyActive]", rows: (onlyActive) => (onlyActive ? where("NOT deleted") : undefined) },
}

export const entryResource = ({ type }: Dictionary, row: Row): Resource =>
  resource(type, String(row.id), { title: row.title, deleted: row.deleted, revision: Number(row.revision) })

export const dictionaryOperations = (): Operation[] => [sources, preferences].flatMap(operationsOf)

const columns = "id, title, deleted, revision"

function operationsOf(dictionary: Dictionary): Operation[] {
  const { type, name, table, tag, noun, shown } = dictionary
  const path = `/v1/${type}`
  const out = resourceOut(type, { title: z.string(), deleted: z.boolean(), revision: z.number() }, {})
  const data = z.object({ type: z.literal(type).optional(), id: smallId.optional() })
  const { parameter } = shown

  return [
    readOperation({
      id: `Get${noun}s`,
      method: "GET",
      path,
      tag,
      summary: `List ${name}s`,
      access: everyone,
      query: z.object({ ...pageQuery, [parameter]: flag.optional(), "filter[revision]": revisionFilter }),
      answers: { 200: documentOut(z.array(out), { ...pageMetaOut, revision: z.number() }) },
      refuses: [400],
      async handle({ shop, query }) {
        const { "filter[revision]": since, [parameter]: wanted } = query as {
          "filter[revision]"?: number
          [parameter: string]: unknown
        }
        const standard = since === undefined ? where("NOT deleted") : undefined
        const revision = await currentRevision(shop)
        const page = await list(shop, {
          from: table,
          columns,
          conditions: [changedAfter(since), typeof wanted === "boolean" ? shown.rows(wanted) : standard],
          order: { columns: [{ name: "id", type: "bigint" }], direction: "ASC" },
          query,
          size: 200,
        })
        const meta = { ...page.meta, revision }
        return { status: 200, body: { data: page.rows.map((row) => entryResource(dictionary, row)), meta, links: pageLinks(path, page) } }
      },
    }),
    writeOperation({
      id: `Create${noun}`,
      method: "POST",
      path,
      tag,
      summary: `Create a ${name}`,
      access: management,
      body: z.object({ data: data.extend({ attributes: z.object({ title: title() }) }) }),
      answers: { 201: documentOut(out) },
      refuses: [400],
      async handle({ tx, body, now }) {
        const revision = await tx.revision()
        const id = await nextNumber(tx, dictionary.number)
        const rows = await tx.query(`INSERT INTO ${table} (shop_id, id, title, revision) VALUES ($1, $2, $3, $4) RETURNING ${columns}`, [
          tx.shop,
          id,
          body.data.attributes.title,
          revision,
        ])
        return { status: 201, body: { data: published(tx, dictionary, rows, now)[0] } }
      },
    }),
    writeOperation({
      id: `Delete${noun}s`,
      method: "DELETE",
      path,
      tag,
      summary: `Delete ${name}s`,
      access: management,
      body: references(smallId),
      answers: { 200: nothingOut },
      refuses: [400, 404],
      async handle({ tx, body, now }) {
        const revision = await tx.revision()
        const known = await tx.query(`SELECT id FROM ${table} WHERE id = ANY ($1::bigint[])`, [body])
        const missing = body.findIndex((id) => !known.some((row) => Number(row.id) === id))
        if (missing >= 0) throw notFound(`${name} ${body[missing] ?? ""}`, { pointer: `/data/${missing}/id` })
        const rows = await tx.query(
          `UPDATE ${table} SET deleted = true, revision = $2 WHERE id = ANY ($1::bigint[]) AND NOT deleted RETURNING ${columns}`,
          [body, revision],
        )
        published(tx, dictionary, rows, now)
        return { status: 200, body: { meta: {} } }
      },
    }),
    writeOperation({
      id: `Update${noun}`,
      method: "PATCH",
      path: `${path}/{id}`,
      tag,
      summary: `Change a ${name}`,
      access: management,
      params: smallIdParams,
      body: z.object({
        data: data.extend({ attributes: z.object({ title: title(), deleted: z.boolean(), revision: int }).partial().optional() }),
      }),
      answers: { 200: documentOut(out) },
      refuses: [400, 404, 409],
      async handle({ tx, params, body, now }) {
        const revision = await tx.revision()
        const [old] = await tx.query(`SELECT ${columns} FROM ${table} WHERE id = $1`, [params.id])
        if (old === undefined) throw notFound(`${name} ${params.id}`, { parameter: "id" })
        const { title: newTitle = old.title, deleted = old.deleted, revision: seen } = body.data.attributes ?? {}
        refuseStale(seen, old)
        const rows = await tx.query(`UPDATE ${table} SET title = $2, deleted = $3, revision = $4 WHERE id = $1 RETURNING ${columns}`, [
          params.id,
          newTitle,
          deleted,
          revision,
        ])
        return { status: 200, body: { data: published(tx, dictionary, rows, now)[0] } }
      },
    }),
  ]
}

function published(tx: Transaction, dictionary: Dictionary, rows: readonly Row[], now: Date): Resource[] {
  return rows.map((row) => {
    const entry = entryResource(dictionary, row)
    publish(tx, { resource: entry, revision: Number(row.revision), state: row.deleted === true ? "deleted" : "there" }, now)
    return entry
  })
}
