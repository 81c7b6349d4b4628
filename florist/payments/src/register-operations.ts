// Registers: where cash lies. Each belongs to a store.
import { z } from "zod"
import type { Row } from "@florist/kit/database"
import { documentOut, oneOut, pageMetaOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { title, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, invalid, notFound } from "@florist/kit/refusal"
import { everyone, management } from "@florist/kit/role"
import { inStores } from "./money-rows.ts"
import { sees } from "./sale.ts"

const tag = "Cash shifts"
export const registerType = "registers"
export const registerColumns = ["shop_id", "id", "store_id", "title", "status", "revision"]
const columns = registerColumns.slice(1).join(", ")

const statuses = ["on", "deleted"] as const
const registerOut = resourceOut(registerType, { title: z.string(), status: z.enum(statuses), revision: z.int() }, { store: oneOut })
const one = documentOut(registerOut)

function registerResource(row: Row) {
  const attributes = { title: String(row.title), status: row.status, revision: Number(row.revision) }
  return resource(registerType, String(row.id), attributes, { store: reference("stores", row.store_id) })
}

export const registerOperations: readonly Operation[] = [
  readOperation({
    id: "listRegisters",
    method: "GET",
    path: "/v1/registers",
    tag,
    summary: "List registers",
    access: everyone,
    query: z.object({ ...pageQuery, "filter[store]": uuid.optional(), "filter[revision]": z.coerce.number().int().optional() }),
    answers: { 200: documentOut(z.array(registerOut), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query, session }) {
      const since = query["filter[revision]"]
      const page = await list(shop, {
        from: "payments.register",
        columns,
        conditions: [
          where("store_id = ?", query["filter[store]"]),
          since === undefined ? where("status = ?", "on") : where("revision > ?", since),
          inStores(session.stores),
        ],
        order: {
          columns: [
            { name: "revision", type: "bigint" },
            { name: "id", type: "uuid" },
          ],
          direction: "ASC",
        },
        query,
      })
      return ok({ data: page.rows.map(registerResource), meta: page.meta, links: pageLinks("/v1/registers", page) })
    },
  }),

  writeOperation({
    id: "createRegister",
    method: "POST",
    path: "/v1/registers",
    tag,
    summary: "Add a register to a store",
    access: management,
    body: resourceIn(registerType, z.object({ title: title(100) }), z.object({ store: toOne() })),
    answers: { 201: one },
    refuses: [400, 409, 422],
    async handle({ tx, body, session }) {
      const { store } = body.relationships
      if (typeof store !== "string" || !sees(session, store)) throw invalid("Say the store.", { pointer: "/data/relationships/store" })
      const id = body.id ?? newId()
      const [inserted] = await tx.query(
        `INSERT INTO payments.register (${registerColumns.join(", ")}) VALUES ($1, $2, $3, $4, 'on', $5) ON CONFLICT (shop_id, id) DO NOTHING RETURNING ${columns}`,
        [tx.shop, id, store, body.attributes.title, await tx.revision()],
      )
      if (inserted !== undefined) return created({ data: registerResource(inserted) })
      const [known] = await tx.query(`SELECT ${columns} FROM payments.register WHERE id = $1`, [id])
      if (known?.title === body.attributes.title && known.store_id === store) return created({ data: registerResource(known) })
      throw conflict("There is another register with this id.", { pointer: "/data/id" })
    },
  }),

  writeOperation({
    id: "updateRegister",
    method: "PATCH",
    path: "/v1/registers/{id}",
    tag,
    summary: "Rename a register, or take it away",
    access: management,
    params: z.object({ id: uuid }),
    body: resourceIn(
      registerType,
      z.object({ title: title(100).optional(), status: z.enum(statuses).optional(), revision: z.number().int().optional() }),
      z.object({}).optional(),
    ),
    answers: { 200: one },
    refuses: [400, 404, 409, 422],
    async handle({ tx, params, body, session }) {
      const [row] = await tx.query(`SELECT ${columns} FROM payments.register WHERE id = $1 FOR UPDATE`, [params.id])
      if (row === undefined || !sees(session, String(row.store_id))) throw notFound(`register ${params.id}`, { parameter: "id" })
      const { title: name = row.title, status = row.status, revision } = body.attributes
      if (revision !== undefined && revision !== Number(row.revision)) {
        throw conflict(
          `The register is at revision ${Number(row.revision)}; read it again.`,
          { pointer: "/data/attributes/revision" },
          "stale-revision",
        )
      }
      const [open] = await tx.query("SELECT id FROM payments.cash_shift WHERE register_id = $1 AND closed_at IS NULL", [params.id])
      if (status === "deleted" && open !== undefined) {
        throw conflict(`Shift ${String(open.id)} of it is open; close it first.`, { pointer: "/data/attributes/status" }, "shift-open")
      }
      const [updated] = await tx.query(
        `UPDATE payments.register SET title = $2, status = $3, revision = $4 WHERE id = $1 RETURNING ${columns}`,
        [params.id, name, status, await tx.revision()],
      )
      return ok({ data: registerResource(updated ?? row) })
    },
  }),
]
