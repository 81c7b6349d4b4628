// Imports over the API: a file comes in, its columns are mapped, then it runs by itself and counts what became of each row.
import { pageMetaOut } from "@florist/kit/document"
import { idFrom, newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { flowOperation, noContent, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { management } from "@florist/kit/role"
import { z } from "zod"
import { importFormats } from "./import-file.ts"
import { mappingAttributes } from "./import-mapping.ts"
import { ImportReader } from "./import-reader.ts"
import {
  createImport,
  deleteImport,
  importColumns,
  importOf,
  importResource,
  importRowType,
  importType,
  queueImport,
} from "./import-store.ts"

const tag = "Customers import API"
const path = "/v1/customers/import"
const params = z.object({ id: uuid })

export const mostImportBytes = 8 * 1024 * 1024
const shownRows = 10

const importOut = z.object({
  type: z.literal(importType),
  id: z.string(),
  attributes: z.object({
    total: z.number(),
    status: z.string(),
    createdAt: z.string(),
    queue: z.boolean(),
    created: z.number(),
    updated: z.number(),
    failed: z.number(),
    problem: z.string().nullable(),
  }),
})
const rowOut = z.object({ type: z.literal(importRowType), id: z.string(), attributes: z.object({ fields: z.array(z.string()) }) })
const rowResultOut = rowOut.extend({
  attributes: z.object({
    fields: z.array(z.string()),
    outcome: z.string().nullable(),
    problem: z.string().nullable(),
    customerId: z.string().nullable(),
  }),
})

const tab = /^(\\t|tab)$/

const form = z.object({
  file: z.union([z.instanceof(Buffer), z.string().transform((text) => Buffer.from(text))]),
  format: z.enum(importFormats).default("csv"),
  delimiter: z
    .string()
    .regex(/^(.|\t|\\t|tab)$/, "must be one character")
    .transform((written) => (tab.test(written) ? "\t" : written))
    .default(","),
  ignoreFirst: z.coerce.number().int().min(0).max(1).default(1),
})

export const importOperations = (reader = new ImportReader()): Operation[] => [
  flowOperation({
    id: "Import",
    method: "POST",
    path,
    tag,
    summary: "Create an import from a csv or xlsx file",
    access: management,
    body: form,
    bodyLimit: mostImportBytes,
    answers: { 200: z.object({ data: importOut.extend({ relationships: z.array(rowOut) }) }) },
    refuses: [400],
    async handle({ shop, session, body, now, key }) {
      const firstRow = body.ignoreFirst === 1 ? "names" : "values"
      const rows = await reader.rowsOf({ content: body.file, format: body.format, delimiter: body.delimiter, firstRow })
      const id = key === undefined ? newId() : idFrom(`import ${shop.id} ${session.worker} ${key}`)
      const data = importResource(await shop.write((tx) => createImport(tx, rows, { id, worker: session.worker, now })))
      const shown = await shop.query("SELECT id, fields FROM loyalty.customer_import_row WHERE import_id = $1 ORDER BY place LIMIT $2", [
        data.id,
        shownRows,
      ])
      const relationships = shown.map(({ id, fields }) => ({ type: importRowType, id, attributes: { fields } }))
      return ok({ data: { ...data, relationships } })
    },
  }),
  readOperation({
    id: "List",
    method: "GET",
    path,
    tag,
    summary: "List imports, the newest first",
    access: management,
    query: z.object(pageQuery),
    answers: { 200: z.object({ data: z.array(importOut), meta: z.object(pageMetaOut) }) },
    refuses: [400],
    async handle({ shop, query }) {
      const page = await list(shop, {
        from: "loyalty.customer_import",
        columns: importColumns,
        conditions: [where("NOT deleted")],
        order: {
          columns: [
            { name: "created_at", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "DESC",
        },
        query,
      })
      return ok({ data: page.rows.map(importResource), meta: page.meta, links: pageLinks(path, page) })
    },
  }),
  readOperation({
    id: "getImport",
    method: "GET",
    path: `${path}/{id}`,
    tag,
    summary: "Read an import, with what became of its rows so far",
    access: management,
    params,
    answers: { 200: z.object({ data: importOut }) },
    refuses: [400, 404],
    async handle({ shop, params: { id } }) {
      return ok({ data: importResource(await importOf(shop, id)) })
    },
  }),
  writeOperation({
    id: "deleteImport",
    method: "DELETE",
    path: `${path}/{id}`,
    tag,
    summary: "Delete an import; customers that it brought stay",
    access: management,
    params,
    answers: { 204: null },
    refuses: [400, 404],
    async handle({ tx, params: { id } }) {
      await deleteImport(tx, id)
      return noContent
    },
  }),
  writeOperation({
    id: "Validate",
    method: "POST",
    path: `${path}/{id}/validate`,
    tag,
    summary: "Say which column is what, and let the import run",
    access: management,
    params,
    body: z.object({ data: z.object({ type: z.string().optional(), attributes: mappingAttributes }) }),
    answers: { 200: z.object({ data: importOut }) },
    refuses: [400, 404, 409],
    async handle({ tx, params: { id }, body }) {
      return ok({ data: importResource(await queueImport(tx, id, body.data.attributes)) })
    },
  }),
  readOperation({
    id: "listImportRows",
    method: "GET",
    path: `${path}/{id}/rows`,
    tag,
    summary: "List an import's rows with what became of each",
    access: management,
    params,
    query: z.object({ ...pageQuery, "filter[outcome]": z.enum(["created", "updated", "failed"]).optional() }),
    answers: { 200: z.object({ data: z.array(rowResultOut), meta: z.object(pageMetaOut) }) },
    refuses: [400, 404],
    async handle({ shop, params: { id }, query }) {
      const [, page] = await Promise.all([
        importOf(shop, id),
        list(shop, {
          from: "loyalty.customer_import_row",
          columns: "id, fields, outcome, problem, customer_id, place",
          conditions: [where("import_id = ?", id), where("outcome = ?", query["filter[outcome]"])],
          order: { columns: [{ name: "place", type: "int" }], direction: "ASC" },
          query,
        }),
      ])
      const data = page.rows.map((row) => ({
        type: importRowType,
        id: String(row.id),
        attributes: { fields: row.fields, outcome: row.outcome, problem: row.problem, customerId: row.customer_id },
      }))
      return ok({ data, meta: page.meta, links: pageLinks(`${path}/${id}/rows`, page) })
    },
  }),
]
