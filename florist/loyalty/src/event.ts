// Days of a customer's own: a daughter's birthday, an anniversary. Owns their SQL and operations; customers show their ids.
import { documentOut, oneOut, pageMetaOut, reference, resource, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Reader, Row } from "@florist/kit/database"
import { day, title, uuid } from "@florist/kit/input"
import { newId } from "@florist/kit/id"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { noContent, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { invalid, notFound } from "@florist/kit/refusal"
import { everyone, selling } from "@florist/kit/role"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { contentHash, refuseOtherContent } from "./revision.ts"

const type = "customer-events"
const tag = "Customer Events API"
const path = "/v1/customer-events"

export const eventColumns = "id, customer_id, title, date_from::text AS first_day, date_until::text AS last_day, made_from"

export const eventResource = (row: Row): Resource =>
  resource(
    type,
    String(row.id),
    { title: row.title, dateFrom: row.first_day, dateUntil: row.last_day },
    { customer: reference("customers", row.customer_id) },
  )

const out = resourceOut(type, { title: z.string(), dateFrom: z.string(), dateUntil: z.string() }, { customer: oneOut })

const input = z.object({
  data: z.object({
    type: z.literal(type).optional(),
    id: uuid.optional(),
    attributes: z.object({ title: title(), dateFrom: day, dateUntil: day }).partial().optional(),
    relationships: z.object({ customer: toOne() }).optional(),
  }),
})

const named = z.object({ type: z.string().optional(), id: uuid })
/** Published as one resource and shown as a list: both are taken. */
const several = z
  .object({ data: z.union([z.array(named).min(1).max(1_000), named]) })
  .transform(({ data }) => [data].flat().map(({ id }) => id))

const params = z.object({ id: uuid })

export const eventOperations = (): Operation[] => [
  readOperation({
    id: "GetCustomerEventsAction",
    method: "GET",
    path,
    tag,
    summary: "List customers' events",
    access: selling,
    query: z.object({ ...pageQuery, "filter[customer]": uuid.optional() }),
    answers: { 200: documentOut(z.array(out), pageMetaOut) },
    refuses: [400],
    async handle({ shop, query }) {
      const page = await list(shop, {
        from: "loyalty.customer_event",
        columns: eventColumns,
        conditions: [where("NOT deleted"), where("customer_id = ?", query["filter[customer]"])],
        order: {
          columns: [
            { name: "date_from", type: "date" },
            { name: "id", type: "uuid" },
          ],
          direction: "ASC",
        },
        query,
      })
      return { status: 200, body: { data: page.rows.map(eventResource), meta: page.meta, links: pageLinks(path, page) } }
    },
  }),
  writeOperation({
    id: "CreateCustomerEventsAction",
    method: "POST",
    path,
    tag,
    summary: "Create a customer's event",
    access: selling,
    body: input,
    answers: { 200: documentOut(out) },
    refuses: [400, 404, 409],
    async handle({ tx, body: { data }, now }) {
      const { title: eventTitle, dateFrom, dateUntil = dateFrom } = data.attributes ?? {}
      const customer = data.relationships?.customer
      if (eventTitle === undefined) throw invalid("title: an event needs a name", { pointer: "/data/attributes/title" })
      if (dateFrom === undefined || dateUntil === undefined)
        throw invalid("dateFrom: an event needs a day", { pointer: "/data/attributes/dateFrom" })
      if (customer === undefined || customer === null)
        throw invalid("customer: an event belongs to a customer", { pointer: "/data/relationships/customer" })
      refuseBackwards(dateFrom, dateUntil)
      const made = contentHash([customer, eventTitle, dateFrom, dateUntil])
      const id = data.id ?? newId()
      await tx.revision()
      const [existing] = await tx.query(`SELECT ${eventColumns} FROM loyalty.customer_event WHERE id = $1`, [id])
      if (existing !== undefined) {
        refuseOtherContent(existing, made)
        return { status: 200, body: { data: eventResource(existing) } }
      }
      await refuseUnknownCustomer(tx, customer)
      const [row] = await tx.query(
        `INSERT INTO loyalty.customer_event (shop_id, id, customer_id, title, date_from, date_until, created_at, made_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${eventColumns}`,
        [tx.shop, id, customer, eventTitle, dateFrom, dateUntil, now, made],
      )
      return { status: 200, body: { data: row === undefined ? null : eventResource(row) } }
    },
  }),
  writeOperation({
    id: "DeleteCustomerEventsAction",
    method: "DELETE",
    path,
    tag,
    summary: "Delete customers' events",
    access: selling,
    body: several,
    answers: { 204: null },
    refuses: [400, 404],
    async handle({ tx, body: ids }) {
      await tx.revision()
      const known = await tx.query("SELECT id FROM loyalty.customer_event WHERE id = ANY ($1::uuid[])", [ids])
      const missing = ids.findIndex((id) => !known.some((row) => row.id === id))
      if (missing >= 0) throw notFound(`customer event ${ids[missing] ?? ""}`, { pointer: `/data/${missing}/id` })
      await tx.query("UPDATE loyalty.customer_event SET deleted = true WHERE id = ANY ($1::uuid[])", [ids])
      return noContent
    },
  }),
  readOperation({
    id: "GetCustomerEventAction",
    method: "GET",
    path: `${path}/{id}`,
    tag,
    summary: "Read a customer's event",
    access: everyone,
    params,
    answers: { 200: documentOut(out) },
    refuses: [400, 404],
    async handle({ shop, params: { id } }) {
      return { status: 200, body: { data: eventResource(await eventOf(shop, id)) } }
    },
  }),
  writeOperation({
    id: "UpdateCustomerEventAction",
    method: "PATCH",
    path: `${path}/{id}`,
    tag,
    summary: "Change a customer's event",
    access: selling,
    params,
    body: input,
    answers: { 200: documentOut(out) },
    refuses: [400, 404],
    async handle({ tx, params: { id }, body: { data } }) {
      await tx.revision()
      const old = await eventOf(tx, id)
      const { title: eventTitle = old.title, dateFrom = String(old.first_day), dateUntil = String(old.last_day) } = data.attributes ?? {}
      const customer = data.relationships?.customer ?? String(old.customer_id)
      refuseBackwards(dateFrom, dateUntil)
      if (customer !== old.customer_id) await refuseUnknownCustomer(tx, customer)
      const [row] = await tx.query(
        `UPDATE loyalty.customer_event SET title = $2, date_from = $3, date_until = $4, customer_id = $5 WHERE id = $1 RETURNING ${eventColumns}`,
        [id, eventTitle, dateFrom, dateUntil, customer],
      )
      return { status: 200, body: { data: row === undefined ? null : eventResource(row) } }
    },
  }),
]

async function eventOf(reader: Reader, id: string): Promise<Row> {
  const [row] = await reader.query(`SELECT ${eventColumns} FROM loyalty.customer_event WHERE id = $1 AND NOT deleted`, [id])
  if (row === undefined) throw notFound(`customer event ${id}`, { parameter: "id" })
  return row
}

function refuseBackwards(from: string, until: string): void {
  if (from > until) throw invalid("dateUntil: an event cannot end before it begins", { pointer: "/data/attributes/dateUntil" })
}

async function refuseUnknownCustomer(tx: Transaction, id: string): Promise<void> {
  const [known] = await tx.query("SELECT id FROM loyalty.customer WHERE id = $1", [id])
  if (known === undefined) throw notFound(`customer ${id}`, { pointer: "/data/relationships/customer" })
}
