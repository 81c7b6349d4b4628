// Why cash is put into a drawer or taken out of it, as the published API has it.
import { z } from "zod"
import type { Row } from "@florist/kit/database"
import { documentOut, pageMetaOut, resource, resourceIn, resourceOut } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { title, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"

const tag = "Cash reasons API"
const reasonType = "cash-reasons"
export const reasonColumns = ["shop_id", "id", "title", "type_reason", "status", "revision"]
const columns = reasonColumns.slice(1).join(", ")
const kinds = ["withdraw", "deposit"] as const
const statuses = ["on", "deleted"] as const

const reasonOut = resourceOut(reasonType, { title: z.string(), status: z.enum(statuses), typeReason: z.enum(kinds), revision: z.int() }, {})
const one = documentOut(reasonOut)

function reasonResource(row: Row) {
  return resource(reasonType, String(row.id), {
    title: String(row.title),
    status: row.status,
    typeReason: row.type_reason,
    revision: Number(row.revision),
  })
}

export const cashReasonOperations: readonly Operation[] = [
  readOperation({
    id: "ListCashReasons",
    method: "GET",
    path: "/v1/cash-reasons",
    tag,
    summary: "List cash reasons",
    access: everyone,
    query: z.object({ ...pageQuery, "filter[revision]": z.coerce.number().int().optional() }),
    answers: { 200: documentOut(z.array(reasonOut), { ...pageMetaOut, revision: z.int() }) },
    refuses: [],
    async handle({ shop, query }) {
      const since = query["filter[revision]"]
      const [page, [newest]] = await Promise.all([
        list(shop, {
          from: "payments.cash_reason",
          columns,
          conditions: [since === undefined ? where("status = ?", "on") : where("revision > ?", since)],
          order: {
            columns: [
              { name: "revision", type: "bigint" },
              { name: "id", type: "uuid" },
            ],
            direction: "DESC",
          },
          query,
        }),
        shop.query("SELECT max(revision) AS revision FROM payments.cash_reason"),
      ])
      const meta = { ...page.meta, revision: Number(newest?.revision ?? 0) }
      return ok({ data: page.rows.map(reasonResource), meta, links: pageLinks("/v1/cash-reasons", page) })
    },
  }),

  writeOperation({
    id: "CreateCashReason",
    method: "POST",
    path: "/v1/cash-reasons",
    tag,
    summary: "Create a cash reason",
    access: management,
    body: resourceIn(reasonType, z.object({ title: title(200), typeReason: z.enum(kinds) }), z.object({}).optional()),
    answers: { 201: one },
    refuses: [400, 409, 422],
    async handle({ tx, body }) {
      const id = body.id ?? newId()
      const { title: name, typeReason } = body.attributes
      const [inserted] = await tx.query(
        `INSERT INTO payments.cash_reason (${reasonColumns.join(", ")}) VALUES ($1, $2, $3, $4, 'on', $5) ON CONFLICT (shop_id, id) DO NOTHING RETURNING ${columns}`,
        [tx.shop, id, name, typeReason, await tx.revision()],
      )
      if (inserted !== undefined) return created({ data: reasonResource(inserted) })
      const [known] = await tx.query(`SELECT ${columns} FROM payments.cash_reason WHERE id = $1`, [id])
      if (known?.title === name && known.type_reason === typeReason) return created({ data: reasonResource(known) })
      throw conflict("There is another reason with this id.", { pointer: "/data/id" })
    },
  }),

  readOperation({
    id: "GetCashReason",
    method: "GET",
    path: "/v1/cash-reasons/{id}",
    tag,
    summary: "A cash reason",
    access: everyone,
    params: z.object({ id: uuid }),
    answers: { 200: one },
    refuses: [404],
    async handle({ shop, params }) {
      const [row] = await shop.query(`SELECT ${columns} FROM payments.cash_reason WHERE id = $1`, [params.id])
      if (row === undefined) throw noReason(params.id)
      return ok({ data: reasonResource(row) })
    },
  }),

  writeOperation({
    id: "UpdateCashReason",
    method: "PATCH",
    path: "/v1/cash-reasons/{id}",
    tag,
    summary: "Rename a cash reason, or delete it",
    access: management,
    params: z.object({ id: uuid }),
    body: resourceIn(
      reasonType,
      z.object({ title: title(200).optional(), status: z.enum(statuses).optional(), revision: z.number().int().optional() }),
      z.object({}).optional(),
    ),
    answers: { 201: one },
    refuses: [400, 404, 409, 422],
    async handle({ tx, params, body }) {
      const [row] = await tx.query(`SELECT ${columns} FROM payments.cash_reason WHERE id = $1 FOR UPDATE`, [params.id])
      if (row === undefined) throw noReason(params.id)
      const { title: name = row.title, status = row.status, revision } = body.attributes
      if (revision !== undefined && revision !== Number(row.revision)) {
        throw conflict(
          `The reason is at revision ${Number(row.revision)}; read it again.`,
          { pointer: "/data/attributes/revision" },
          "stale-revision",
        )
      }
      const [updated] = await tx.query(
        `UPDATE payments.cash_reason SET title = $2, status = $3, revision = $4 WHERE id = $1 RETURNING ${columns}`,
        [params.id, name, status, await tx.revision()],
      )
      return created({ data: reasonResource(updated ?? row) })
    },
  }),
]

const noReason = (id: string) => notFound(`cash reason ${id}`, { parameter: "id" })
