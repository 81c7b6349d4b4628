// Customers over the API: the list with its filters, one by one, several at once, discount groups for many, known phone numbers.
import { documentOut, pageMetaOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { text, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery } from "@florist/kit/listing"
import { created, ok, readOperation, writeOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { notFound } from "@florist/kit/refusal"
import { everyone, management, selling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { customerColumns, customerData, customerOut, customerResource } from "./customer.ts"
import { customerConditions, customerFilters } from "./customer-filters.ts"
import { includeQuery, includedWith } from "./customer-include.ts"
import { addToDiscountGroup, createCustomer, customerOf, tell, updateCustomer } from "./customer-store.ts"
import type { Author } from "./customer-store.ts"
import { discountGroups } from "./group.ts"
import { groupOf } from "./group-store.ts"
import { smallId } from "./number.ts"
import { fullNumber, readPhone } from "./phone.ts"

const tag = "Customers API"
const path = "/v1/customers"
const mostAtOnce = 200
const oneBody = z.object({ data: customerData })
const params = z.object({ id: uuid })
const includes = z.object(includeQuery)

const authorOf = ({ worker, role }: Session, now: Date): Author => ({ worker, role, now })

const withIncluded = (data: Resource | readonly Resource[], included: readonly Resource[] | undefined) => ({
  data,
  ...(included === undefined ? {} : { included }),
})

const membershipIn = z.object({
  type: z.string().optional(),
  attributes: z.object({ discountGroup: smallId }),
  relationships: z.object({ customer: z.object({ data: z.object({ type: z.string().optional(), id: uuid }) }) }),
})
const membershipOut = z.object({
  type: z.literal("customer-discount-groups"),
  id: z.string(),
  attributes: z.object({ discountGroup: z.number() }),
  relationships: z.object({ customer: z.object({ data: z.object({ type: z.string(), id: z.string() }) }) }),
  links: z.object({ self: z.string() }),
})

const phonesOut = z.object({
  type: z.literal("customer-phone-numbers"),
  id: z.string(),
  attributes: z.object({ phoneNumbers: z.array(z.string()) }),
  links: z.object({ self: z.string() }),
})

export const customerOperations = (): Operation[] => [
  readOperation({
    id: "GetCustomersList",
    method: "GET",
    path,
    tag,
    summary: "List customers, the newest first; with filter[revision] those changed since, in the order of their changes",
    access: selling,
    query: z.object({ ...pageQuery, ...customerFilters, ...includeQuery }),
    answers: {
      200: documentOut(z.array(customerOut), {
        ...pageMetaOut,
        avgAmountActiveCustomers: z.number(),
        qtyActiveCustomers: z.number(),
        qtyAllCustomers: z.number(),
        revision: z.number(),
      }),
    },
    refuses: [400],
    async handle({ shop, query }) {
      // First, so that a client which asks for what changed after it misses nothing.
      const [totals] = await shop.query(
        `SELECT (SELECT value FROM loyalty.revision) AS revision, present, active, active_amount FROM (VALUES (1)) AS one LEFT JOIN loyalty.customer_totals ON true`,
      )
      const byRevision = { name: "revision", type: "bigint" }
      const byRegistration = { name: "occurred_at", type: "timestamptz" }
      const isCatchingUp = query["filter[revision]"] !== undefined
      const page = await list(shop, {
        from: "loyalty.customer",
        columns: customerColumns,
        conditions: customerConditions(query),
        order: {
          columns: [isCatchingUp ? byRevision : byRegistration, { name: "id", type: "uuid" }],
          direction: isCatchingUp ? "ASC" : "DESC",
        },
        query,
      })
      const data = page.rows.map(customerResource)
      const active = Number(totals?.active ?? 0)
      const meta = {
        ...page.meta,
        avgAmountActiveCustomers: active === 0 ? 0 : Math.round(Number(totals?.active_amount) / active / 100),
        qtyActiveCustomers: active,
        qtyAllCustomers: Number(totals?.present ?? 0),
        revision: Number(totals?.revision ?? 0),
      }
      const included = await includedWith(shop, data, query.include)
      return ok({ ...withIncluded(data, included), meta, links: pageLinks(path, page) })
    },
  }),
  writeOperation({
    id: "CreateCustomer",
    method: "POST",
    path,
    tag,
    summary: "Create a customer",
    access: selling,
    query: includes,
    body: oneBody,
    answers: { 201: documentOut(customerOut) },
    refuses: [400, 409, 422],
    async handle({ tx, session, query, body, now }) {
      const data = customerResource(await createCustomer(tx, body.data, authorOf(session, now)))
      return created(withIncluded(data, await includedWith(tx, [data], query.include)))
    },
  }),
  writeOperation({
    id: "BulkUpdateCustomers",
    method: "PATCH",
    path,
    tag,
    summary: "Change several customers: all of them or none",
    access: selling,
    body: z.object({
      data: z
        .array(customerData.extend({ id: uuid }))
        .min(1)
        .max(mostAtOnce),
    }),
    answers: { 200: documentOut(z.array(customerOut)) },
    refuses: [400, 404, 409, 422],
    async handle({ tx, session, body, now }) {
      const data: Resource[] = []
      for (const [index, each] of body.data.entries()) {
        data.push(customerResource(await updateCustomer(tx, each.id, each, authorOf(session, now), `/data/${index}`)))
      }
      return ok({ data })
    },
  }),
  readOperation({
    id: "GetCustomer",
    method: "GET",
    path: `${path}/{id}`,
    tag,
    summary: "Read a customer",
    access: everyone,
    params,
    query: includes,
    answers: { 200: documentOut(customerOut) },
    refuses: [400, 404],
    async handle({ shop, params: { id }, query }) {
      const data = customerResource(await customerOf(shop, id))
      return ok(withIncluded(data, await includedWith(shop, [data], query.include)))
    },
  }),
  writeOperation({
    id: "UpdateCustomer",
    method: "PATCH",
    path: `${path}/{id}`,
    tag,
    summary: "Change a customer",
    access: selling,
    params,
    query: includes,
    body: oneBody,
    answers: { 200: documentOut(customerOut) },
    refuses: [400, 404, 409, 422],
    async handle({ tx, session, params: { id }, query, body, now }) {
      const data = customerResource(await updateCustomer(tx, id, body.data, authorOf(session, now)))
      return ok(withIncluded(data, await includedWith(tx, [data], query.include)))
    },
  }),
  writeOperation({
    id: "BulkAttachDiscountGroup",
    method: "POST",
    path: `${path}/discount-groups`,
    tag,
    summary: "Add customers to discount groups: all of them or none",
    access: management,
    body: z.object({ data: z.array(membershipIn).min(1).max(mostAtOnce) }),
    answers: { 200: documentOut(z.array(membershipOut)) },
    refuses: [400, 404, 422],
    async handle({ tx, body, now }) {
      const revision = await tx.revision()
      const wanted = body.data.map(({ attributes, relationships }) => ({
        group: attributes.discountGroup,
        customer: relationships.customer.data.id,
      }))
      const known = await tx.query("SELECT id FROM loyalty.customer WHERE id = ANY ($1::uuid[]) AND status <> 'deleted'", [
        wanted.map(({ customer }) => customer),
      ])
      for (const [index, { customer }] of wanted.entries()) {
        if (!known.some(({ id }) => id === customer))
          throw notFound(`customer ${customer}`, { pointer: `/data/${index}/relationships/customer` })
      }
      const numbers = new Map<string, number>()
      for (const group of new Set(wanted.map((each) => each.group))) {
        await groupOf(tx, discountGroups, group)
        const customers = [...new Set(wanted.filter((each) => each.group === group).map(({ customer }) => customer))]
        for (const [index, id] of (await addToDiscountGroup(tx, group, customers)).entries())
          numbers.set(`${group} ${customers[index] ?? ""}`, id)
      }
      const customers = [...new Set(wanted.map(({ customer }) => customer))]
      await tx.query("UPDATE loyalty.customer SET updated_at = $2, revision = $3 WHERE id = ANY ($1::uuid[])", [customers, now, revision])
      for (const id of customers) await tell(tx, id, revision, now)
      const data = wanted.map(({ group, customer }) => {
        const id = String(numbers.get(`${group} ${customer}`))
        const self = `/customer-discount-groups/${id}`
        const relationships = { customer: { data: { type: "customers", id: customer } } }
        return { type: "customer-discount-groups", id, attributes: { discountGroup: group }, relationships, links: { self } }
      })
      return ok({ data })
    },
  }),
  readOperation({
    id: "FilterPhoneNumbers",
    method: "POST",
    path: `${path}/filter-phone-numbers`,
    tag,
    summary: "Those of the phone numbers that a customer has, as they were written, each once",
    access: selling,
    body: z.object({
      data: z.object({
        type: z.string().optional(),
        id: z.string().optional(),
        attributes: z.object({ phoneNumbers: z.array(text(40)).max(5_000) }),
      }),
    }),
    answers: { 200: documentOut(phonesOut) },
    refuses: [400, 422],
    async handle({ shop, body }) {
      const written = [...new Set(body.data.attributes.phoneNumbers)]
      const read = written.map((each) => ({ each, full: fullNumbers(each) }))
      const rows = await shop.query(
        "SELECT DISTINCT full_phone FROM loyalty.customer WHERE full_phone = ANY ($1::text[]) AND status <> 'deleted'",
        [read.flatMap(({ full }) => full)],
      )
      const known = new Set(rows.map((row) => row.full_phone))
      const phoneNumbers = read.filter(({ full }) => full.some((one) => known.has(one))).map(({ each }) => each)
      const [type, id] = ["customer-phone-numbers", "current"]
      return ok({ data: { type, id, attributes: { phoneNumbers }, links: { self: `/${type}/${id}` } } })
    },
  }),
]

/** Without a country code beside it, the digits may hold one or not. */
function fullNumbers(written: string): string[] {
  return [readPhone(written), readPhone(`+${written.replace(/^\s*\+/, "")}`)].flatMap((phone) =>
    phone === undefined ? [] : [fullNumber(phone)],
  )
}
