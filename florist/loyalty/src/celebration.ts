// Days that the shop celebrates with its customers: who bought in those days is told with them. Owns their SQL and operations.
import { oneOut, pageMetaOut, reference, references, referencesTo, resource } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Reader, Row } from "@florist/kit/database"
import { day, title } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { invalid, notFound } from "@florist/kit/refusal"
import { everyone, management, selling } from "@florist/kit/role"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { nextNumber, nextNumbers, smallId, smallIdParams } from "./number.ts"
import { nothingOut } from "./nothing.ts"

const type = "customer-celebrations"
const dateType = "celebration-dates"
const tag = "Customer Celebrations API"
const listPath = "/v1/customer-celebrations"
/** Published in the singular. */
const onePath = "/v1/customer-celebration/{id}"
const datesPath = "/v1/customer-celebration-dates"

const dateIn = z.object({
  type: z.literal(dateType).optional(),
  id: smallId.optional(),
  attributes: z.object({ dateFrom: day, dateUntil: day }),
})
type DateIn = z.output<typeof dateIn>

const input = z.object({
  data: z.object({
    type: z.literal(type).optional(),
    id: smallId.optional(),
    attributes: z.object({ title: title() }).partial().optional(),
    relationships: z
      .object({ dates: z.object({ data: z.array(dateIn).max(200) }) })
      .partial()
      .optional(),
  }),
})

const linkOut = z.object({ type: z.string(), id: z.string() })
const out = z.object({
  type: z.literal(type),
  id: z.string(),
  attributes: z.object({ title: z.string() }),
  relationships: z.object({ dates: z.object({ data: z.array(linkOut) }) }),
  links: z.object({ self: z.string() }),
})
const dateOut = z.object({
  type: z.literal(dateType),
  id: z.string(),
  attributes: z.object({ dateFrom: z.string(), dateUntil: z.string() }),
})
const oneDocument = z.object({ data: out, included: z.array(dateOut) })
const pairOut = z.object({
  type: z.literal("customer-celebration-dates"),
  id: z.string(),
  relationships: z.object({ customer: oneOut, dateCelebration: oneOut, celebration: oneOut }),
  links: z.object({ self: z.string() }),
})

export const celebrationOperations = (): Operation[] => [
  readOperation({
    id: "GetCustomerCelebrations",
    method: "GET",
    path: listPath,
    tag,
    summary: "List celebrations with their days",
    access: everyone,
    query: z.object(pageQuery),
    answers: { 200: z.object({ data: z.array(out), included: z.array(dateOut), meta: z.object({ ...pageMetaOut, minYear: z.string() }) }) },
    refuses: [400],
    async handle({ shop, query, now }) {
      const [page, [first]] = await Promise.all([
        list(shop, {
          from: "loyalty.celebration",
          columns: "id, title",
          conditions: [where("NOT deleted")],
          order: { columns: [{ name: "id", type: "bigint" }], direction: "ASC" },
          query,
        }),
        shop.query("SELECT extract(year FROM min(date_from))::text AS year FROM loyalty.celebration_date"),
      ])
      const { data, included } = await withDates(shop, page.rows)
      const minYear = typeof first?.year === "string" ? first.year : String(now.getUTCFullYear())
      return ok({ data, included, meta: { ...page.meta, minYear }, links: pageLinks(listPath, page) })
    },
  }),
  writeOperation({
    id: "CreateCustomerCelebration",
    method: "POST",
    path: listPath,
    tag,
    summary: "Create a celebration",
    access: management,
    body: input,
    answers: { 201: oneDocument },
    refuses: [400],
    async handle({ tx, body: { data } }) {
      const name = data.attributes?.title
      if (name === undefined) throw invalid("title: a celebration needs a name", { pointer: "/data/attributes/title" })
      await tx.revision()
      const id = await nextNumber(tx, "celebration")
      await tx.query("INSERT INTO loyalty.celebration (shop_id, id, title) VALUES ($1, $2, $3)", [tx.shop, id, name])
      await addDates(tx, id, data.relationships?.dates?.data ?? [])
      return created(await celebrationDocument(tx, id))
    },
  }),
  writeOperation({
    id: "DeleteCustomerCelebrations",
    method: "DELETE",
    path: listPath,
    tag,
    summary: "Delete celebrations",
    access: management,
    body: references(smallId),
    answers: { 201: nothingOut },
    refuses: [400, 404],
    async handle({ tx, body: ids }) {
      await tx.revision()
      const known = await tx.query("SELECT id FROM loyalty.celebration WHERE id = ANY ($1::bigint[])", [ids])
      const missing = ids.findIndex((id) => !known.some((row) => Number(row.id) === id))
      if (missing >= 0) throw notFound(`celebration ${ids[missing] ?? ""}`, { pointer: `/data/${missing}/id` })
      await tx.query("UPDATE loyalty.celebration SET deleted = true WHERE id = ANY ($1::bigint[])", [ids])
      return { status: 201, body: { meta: {} } }
    },
  }),
  readOperation({
    id: "GetCustomerCelebration",
    method: "GET",
    path: onePath,
    tag,
    summary: "Read a celebration",
    access: everyone,
    params: smallIdParams,
    answers: { 200: oneDocument },
    refuses: [400, 404],
    async handle({ shop, params: { id } }) {
      return ok(await celebrationDocument(shop, id))
    },
  }),
  writeOperation({
    id: "UpdateCustomerCelebration",
    method: "PATCH",
    path: onePath,
    tag,
    summary: "Change a celebration; its days, where they are given, take the place of those before",
    access: management,
    params: smallIdParams,
    body: input,
    answers: { 200: oneDocument },
    refuses: [400, 404],
    async handle({ tx, params: { id }, body: { data } }) {
      await tx.revision()
      await celebrationOf(tx, id)
      const name = data.attributes?.title
      if (name !== undefined) await tx.query("UPDATE loyalty.celebration SET title = $2 WHERE id = $1", [id, name])
      if (data.relationships?.dates !== undefined) await replaceDates(tx, id, data.relationships.dates.data)
      return ok(await celebrationDocument(tx, id))
    },
  }),
  readOperation({
    id: "GetCustomerCelebrationDatesAction",
    method: "GET",
    path: datesPath,
    tag,
    summary: "List who bought in the days of which celebration",
    access: selling,
    query: z.object(pageQuery),
    answers: { 200: z.object({ data: z.array(pairOut), meta: z.object(pageMetaOut) }) },
    refuses: [400],
    async handle({ shop, query }) {
      const page = await list(shop, {
        from: `(SELECT DISTINCT celebrated.id AS date_id, celebrated.celebration_id, bought.customer_id FROM loyalty.celebration_date celebrated
          JOIN loyalty.celebration ON celebration.shop_id = celebrated.shop_id AND celebration.id = celebrated.celebration_id AND NOT celebration.deleted
          JOIN loyalty.followed_order bought ON bought.shop_id = celebrated.shop_id AND bought.sold
            AND bought.sold_on BETWEEN celebrated.date_from AND celebrated.date_until
          WHERE EXISTS (SELECT FROM loyalty.customer WHERE customer.shop_id = bought.shop_id AND customer.id = bought.customer_id AND customer.status <> 'deleted')) pair`,
        columns: "date_id, celebration_id, customer_id",
        conditions: [],
        order: {
          columns: [
            { name: "date_id", type: "bigint" },
            { name: "customer_id", type: "uuid" },
          ],
          direction: "ASC",
        },
        query,
      })
      const data = page.rows.map((row) => {
        const id = `${String(row.date_id)}-${String(row.customer_id)}`
        const relationships = {
          customer: reference("customers", row.customer_id),
          dateCelebration: reference(dateType, String(row.date_id)),
          celebration: reference(type, String(row.celebration_id)),
        }
        return { type: "customer-celebration-dates", id, relationships, links: { self: `${datesPath.slice(3)}/${id}` } }
      })
      return ok({ data, meta: page.meta, links: pageLinks(datesPath, page) })
    },
  }),
]

async function celebrationOf(reader: Reader, id: number): Promise<Row> {
  const [row] = await reader.query("SELECT id, title FROM loyalty.celebration WHERE id = $1 AND NOT deleted", [id])
  if (row === undefined) throw notFound(`celebration ${id}`, { parameter: "id" })
  return row
}

async function celebrationDocument(reader: Reader, id: number): Promise<{ data: Resource | null; included: Resource[] }> {
  const { data, included } = await withDates(reader, [await celebrationOf(reader, id)])
  return { data: data[0] ?? null, included }
}

async function withDates(reader: Reader, rows: readonly Row[]): Promise<{ data: Resource[]; included: Resource[] }> {
  const dates = await reader.query(
    `SELECT id, celebration_id, date_from::text AS first_day, date_until::text AS last_day FROM loyalty.celebration_date
     WHERE celebration_id = ANY ($1::bigint[]) ORDER BY id`,
    [rows.map(({ id }) => id)],
  )
  const data = rows.map((row) => {
    const own = dates.filter(({ celebration_id: celebration }) => celebration === row.id)
    const relationships = {
      dates: referencesTo(
        dateType,
        own.map(({ id }) => String(id)),
      ),
    }
    return resource(type, String(row.id), { title: row.title }, relationships)
  })
  const included = dates.map((row) => ({
    type: dateType,
    id: String(row.id),
    attributes: { dateFrom: row.first_day, dateUntil: row.last_day },
  }))
  return { data, included }
}

/** Days that are named by their id stay the same days. */
async function replaceDates(tx: Transaction, celebrationId: number, dates: readonly DateIn[]): Promise<void> {
  const known = await tx.query("SELECT id FROM loyalty.celebration_date WHERE celebration_id = $1", [celebrationId])
  const own = new Set(known.map(({ id }) => Number(id)))
  const foreign = dates.findIndex(({ id }) => id !== undefined && !own.has(id))
  if (foreign >= 0) throw notFound(`such date of this celebration`, { pointer: `/data/relationships/dates/data/${foreign}/id` })
  refuseBackwards(dates)
  const kept = dates.flatMap(({ id }) => (id === undefined ? [] : [id]))
  await tx.query("DELETE FROM loyalty.celebration_date WHERE celebration_id = $1 AND id <> ALL ($2::bigint[])", [celebrationId, kept])
  for (const { id, attributes } of dates) {
    if (id !== undefined)
      await tx.query("UPDATE loyalty.celebration_date SET date_from = $2, date_until = $3 WHERE id = $1", [
        id,
        attributes.dateFrom,
        attributes.dateUntil,
      ])
  }
  await addDates(
    tx,
    celebrationId,
    dates.filter(({ id }) => id === undefined),
  )
}

async function addDates(tx: Transaction, celebrationId: number, dates: readonly DateIn[]): Promise<void> {
  if (dates.length === 0) return
  refuseBackwards(dates)
  await tx.query(
    `INSERT INTO loyalty.celebration_date (shop_id, id, celebration_id, date_from, date_until)
     SELECT $1, id, $2, date_from, date_until FROM unnest($3::bigint[], $4::date[], $5::date[]) AS day (id, date_from, date_until)`,
    [
      tx.shop,
      celebrationId,
      await nextNumbers(tx, "celebration-date", dates.length),
      dates.map(({ attributes }) => attributes.dateFrom),
      dates.map(({ attributes }) => attributes.dateUntil),
    ],
  )
}

function refuseBackwards(dates: readonly DateIn[]): void {
  const wrong = dates.findIndex(({ attributes }) => attributes.dateFrom > attributes.dateUntil)
  if (wrong >= 0)
    throw invalid("dateUntil: it cannot end before it begins", { pointer: `/data/relationships/dates/data/${wrong}/attributes/dateUntil` })
}
