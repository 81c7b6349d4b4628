// The operations on price lists: one is asked for, looked after, and fetched.
import { Readable } from "node:stream"
import { documentOut, moment, oneOut, reference, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import { newId } from "@florist/kit/id"
import { uuid } from "@florist/kit/input"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import { management } from "@florist/kit/role"
import { z } from "zod"
import { findCategory } from "./category-store.ts"
import { formats } from "./export-file.ts"
import type { ExportFormat } from "./export-file.ts"

const tag = "Catalog API"
const type = "export-items"
const byId = z.object({ id: uuid })
const keptForMs = 7 * 86_400_000

export const exportColumns = ["id", "category_id", "format", "status", "created_by", "items", "problem", "created_at", "updated_at"]
const columns = exportColumns.join(", ")

const out = documentOut(
  resourceOut(
    type,
    { status: z.string(), updatedAt: z.string(), format: z.string(), items: z.int(), problem: z.string().nullable() },
    { createdBy: oneOut, category: oneOut },
  ),
)

const exportResource = (row: Row): Resource => ({
  type,
  id: String(row.id),
  attributes: {
    status: String(row.status),
    updatedAt: moment(row.updated_at),
    format: String(row.format),
    items: Number(row.items),
    problem: row.problem ?? null,
  },
  relationships: { createdBy: reference("workers", row.created_by), category: reference("categories", row.category_id) },
})

async function findExport(shop: OpenShop, id: string): Promise<Row> {
  const [row] = await shop.query(`SELECT ${columns} FROM catalog.export WHERE shop_id = $1 AND id = $2`, [shop.id, id])
  if (row === undefined) throw notFound(`export ${id}; they are kept for a week`, { parameter: "id" })
  return row
}

interface Wanted {
  category: string
  format: ExportFormat
  by: string
  now: Date
}

/** While one is being made, asking for the same gives that one. */
async function startExport(shop: OpenShop, { category, format, by, now }: Wanted): Promise<Row> {
  return shop.write(async (tx) => {
    await tx.query("DELETE FROM catalog.export WHERE shop_id = $1 AND created_at < $2", [shop.id, new Date(now.getTime() - keptForMs)])
    const [started] = await tx.query(
      `INSERT INTO catalog.export (shop_id, id, category_id, format, status, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, 'created', $5, $6, $6)
       ON CONFLICT (shop_id, category_id, format, created_by) WHERE status IN ('created', 'processing') DO UPDATE SET updated_at = export.updated_at
       RETURNING ${columns}`,
      [shop.id, newId(), category, format, by, now],
    )
    await tx.query("INSERT INTO catalog.export_queue (shop_id, export_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", [shop.id, started?.id])
    return started ?? {}
  })
}

export const exportOperations: readonly Operation[] = [
  readOperation({
    id: "ExportCatalogCategory",
    method: "GET",
    path: "/v1/catalog-export/{category}",
    tag,
    summary: "Start a price list of a category and everything below it",
    access: management,
    params: z.object({ category: uuid }),
    query: z.object({ format: z.enum(["csv", "yml"]).default("csv") }),
    answers: { 200: out },
    refuses: [404, 422],
    async handle({ shop, params, query, session, now }) {
      await findCategory(shop, shop.id, params.category, "category")
      const wanted = { category: params.category, format: query.format, by: session.worker, now }
      return ok({ data: exportResource(await startExport(shop, wanted)) })
    },
  }),
  readOperation({
    id: "GetCatalogExport",
    method: "GET",
    path: "/v1/catalog-exports/{id}",
    tag,
    summary: "See how far a price list is",
    access: management,
    params: byId,
    answers: { 200: out },
    refuses: [404, 422],
    async handle({ shop, params }) {
      const row = await findExport(shop, params.id)
      const links = row.status === "done" ? { file: `/v1/catalog-exports/${params.id}/file` } : {}
      return ok({ data: exportResource(row), links })
    },
  }),
  readOperation({
    id: "GetCatalogExportFile",
    method: "GET",
    path: "/v1/catalog-exports/{id}/file",
    tag,
    summary: "Fetch a price list that is done: CSV or YML",
    access: management,
    params: byId,
    answers: { 200: null },
    refuses: [404, 409, 422],
    async handle({ shop, params }) {
      const row = await findExport(shop, params.id)
      const pointer = { parameter: "id" }
      if (row.status !== "done")
        throw conflict(`Export ${params.id} is ${String(row.status)}; there is no file yet.`, pointer, "export-not-done")
      const format = row.format as ExportFormat
      const headers = {
        "content-type": formats[format].contentType,
        "content-disposition": `attachment; filename="price-list-${params.id}.${format}"`,
      }
      return { status: 200, headers, body: Readable.from(partsOf(shop, params.id)) }
    },
  }),
]

async function* partsOf(shop: OpenShop, id: string): AsyncGenerator<string> {
  for (let number = 1; ; number++) {
    const [part] = await shop.query("SELECT content FROM catalog.export_part WHERE shop_id = $1 AND export_id = $2 AND number = $3", [
      shop.id,
      id,
      number,
    ])
    if (part === undefined) return
    // An empty chunk would end the stream.
    if (part.content !== "") yield String(part.content)
  }
}
