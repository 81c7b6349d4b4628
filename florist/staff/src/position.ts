// Positions: what workers are by their contracts ("Florist", "Senior florist"). Called by workers, sessions and the service.
import { documentOut, resource, resourceIn, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { title, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import type { Reader, Row } from "@florist/kit/database"
import { z } from "zod"

const type = "positions"
const body = resourceIn(type, z.object({ title: title(100) }), z.object({}).optional())
const out = resourceOut(type, { title: z.string(), deleted: z.boolean(), revision: z.number() }, {})
const tag = "Positions"

export const positionColumns = ["id", "title", "status", "revision"]

const positionResource = (row: Row): Resource =>
  resource(type, String(row.id), { title: String(row.title), deleted: row.status === "deleted", revision: Number(row.revision) })

export async function positionsOf(reader: Reader, shop: number, ids: readonly string[]): Promise<Resource[]> {
  if (ids.length === 0) return []
  const rows = await reader.query("SELECT id, title, status, revision FROM staff.position WHERE shop_id = $1 AND id = ANY ($2::uuid[])", [
    shop,
    [...new Set(ids)],
  ])
  return rows.map(positionResource)
}

export const positionOperations: readonly Operation[] = [
  readOperation({
    id: "ListPositions",
    method: "GET",
    path: "/v1/positions",
    tag,
    summary: "List positions",
    access: everyone,
    query: z.object(pageQuery),
    answers: { 200: documentOut(z.array(out)) },
    refuses: [422],
    async handle({ shop, query }) {
      const page = await list(shop, {
        from: "staff.position",
        columns: "id, title, status, revision",
        conditions: [where("shop_id = ?", shop.id), where("status = ?", "on")],
        order: { columns: [{ name: "id", type: "uuid" }], direction: "ASC" },
        query,
      })
      return ok({ data: page.rows.map(positionResource), meta: page.meta, links: pageLinks("/v1/positions", page) })
    },
  }),
  writeOperation({
    id: "CreatePosition",
    method: "POST",
    path: "/v1/positions",
    tag,
    summary: "Create a position",
    access: management,
    body,
    answers: { 201: documentOut(out) },
    refuses: [409, 422],
    async handle({ tx, body }) {
      const id = body.id ?? newId()
      const [there] = await tx.query("SELECT id, title, status, revision FROM staff.position WHERE shop_id = $1 AND id = $2", [tx.shop, id])
      if (there !== undefined && there.title === body.attributes.title) return created({ data: positionResource(there) })
      if (there !== undefined) throw conflict(`Position ${id} is there already, with another title.`, { pointer: "/data/id" })
      const [row = {}] = await tx.query(
        "INSERT INTO staff.position (shop_id, id, title, revision) VALUES ($1, $2, $3, $4) RETURNING id, title, status, revision",
        [tx.shop, id, body.attributes.title, await tx.revision()],
      )
      return created({ data: positionResource(row) })
    },
  }),
  writeOperation({
    id: "UpdatePosition",
    method: "PATCH",
    path: "/v1/positions/{id}",
    tag,
    summary: "Change a position",
    access: management,
    params: z.object({ id: uuid }),
    body,
    answers: { 200: documentOut(out) },
    refuses: [404, 422],
    async handle({ tx, params, body }) {
      const [row] = await tx.query(
        "UPDATE staff.position SET title = $3, revision = $4 WHERE shop_id = $1 AND id = $2 RETURNING id, title, status, revision",
        [tx.shop, params.id, body.attributes.title, await tx.revision()],
      )
      if (row === undefined) throw notFound(`position ${params.id}`, { parameter: "id" })
      return ok({ data: positionResource(row) })
    },
  }),
]
