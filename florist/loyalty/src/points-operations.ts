// A customer's points over the API: the history as published, and (our extension) points that the shop gives or takes with a reason.
import { documentOut, moment, oneOut, reference, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { instant, int, text, uuid } from "@florist/kit/input"
import { newId } from "@florist/kit/id"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { conflict, notFound } from "@florist/kit/refusal"
import { management, selling } from "@florist/kit/role"
import { z } from "zod"
import { customerOf } from "./customer-store.ts"
import { OpenAccount } from "./open-account.ts"

const type = "customer-bonus-history-lines"
const params = z.object({ id: uuid })
const mostPoints = 10_000_000

const lineOut = resourceOut(
  type,
  { amount: z.number(), admin: z.boolean(), createdAt: z.string(), kind: z.string(), reason: z.string().nullable(), balance: z.number() },
  { order: oneOut, createdBy: oneOut },
)
const columns = "id, customer_id, order_id, kind, source_line, points, balance, reason, created_by, occurred_at, created_at"

const lineResource = (row: Row): Resource =>
  resource(
    type,
    String(row.id),
    {
      amount: Number(row.points),
      admin: row.kind === "granted",
      createdAt: moment(row.occurred_at),
      kind: row.kind,
      reason: row.reason,
      balance: Number(row.balance),
    },
    { order: reference("orders", row.order_id), createdBy: reference("workers", row.created_by) },
  )

export const pointsOperations = (): Operation[] => [
  readOperation({
    id: "getBonusHistory",
    method: "GET",
    path: "/v1/customers/{id}/bonus-history",
    tag: "Customers API",
    summary: "List what changed a customer's points, oldest first",
    access: selling,
    params,
    query: z.object(pageQuery),
    answers: { 200: documentOut(z.array(lineOut), { total: z.number(), pageNumber: z.number(), pageSize: z.number() }) },
    refuses: [400, 404],
    async handle({ shop, params: { id }, query }) {
      const [, page] = await Promise.all([
        customerOf(shop, id),
        list(shop, {
          from: "loyalty.loyalty_entry",
          columns,
          conditions: [where("customer_id = ?", id)],
          // Made by time, while no other change of the shop was under way: so each line's balance follows from the one before.
          order: { columns: [{ name: "id", type: "uuid" }], direction: "ASC" },
          query,
        }),
      ])
      const { number: pageNumber, size: pageSize } = page.meta.page
      const meta = { ...page.meta, pageNumber, pageSize }
      return ok({ data: page.rows.map(lineResource), meta, links: pageLinks(`/v1/customers/${id}/bonus-history`, page) })
    },
  }),
  writeOperation({
    id: "grantPoints",
    method: "POST",
    path: "/v1/customers/{id}/bonus-history",
    tag: "Customers API",
    summary: "Give points to a customer, or take them, with a reason",
    access: management,
    params,
    body: z.object({
      data: z.object({
        type: z.literal(type).optional(),
        id: uuid.optional(),
        attributes: z.object({
          amount: int
            .min(-mostPoints)
            .max(mostPoints)
            .refine((points) => points !== 0, "must not be 0"),
          reason: text(500).min(1, "must say why"),
          createdAt: instant.optional(),
        }),
      }),
    }),
    answers: { 201: documentOut(lineOut) },
    refuses: [404, 409, 422],
    async handle({ tx, session, params: { id: customerId }, body: { data }, now }) {
      const { amount: points, reason, createdAt: occurredAt = now } = data.attributes
      const grant = data.id ?? newId()
      await tx.revision()
      const account = await OpenAccount.open(tx, customerId)
      if (account === undefined) throw notFound(`customer ${customerId}`, { parameter: "id" })
      const find = () =>
        tx.query(`SELECT ${columns} FROM loyalty.loyalty_entry WHERE order_id IS NULL AND kind = 'granted' AND source_line = $1`, [grant])
      const [existing] = await find()
      if (existing !== undefined) {
        const isSame = existing.customer_id === customerId && Number(existing.points) === points && existing.reason === reason
        if (isSame) return created({ data: lineResource(existing) })
        throw conflict("Other points were given with this id; a new line needs a new id.", { pointer: "/data/id" }, "id-taken")
      }
      const change = { kind: "granted", orderId: null, sourceLine: grant, points } as const
      const circumstances = { occurredAt, reason, createdBy: session.worker }
      const entry = points > 0 ? account.credit(change, circumstances) : account.take(change, circumstances)
      if (entry === undefined) {
        const detail = `The customer has ${account.balance} points; take no more than there are.`
        throw conflict(detail, { pointer: "/data/attributes/amount" }, "not-enough-points")
      }
      await account.close(tx, now)
      const [row] = await find()
      return created({ data: row === undefined ? null : lineResource(row) })
    },
  }),
]
