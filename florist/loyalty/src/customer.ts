// A customer: what clients send, how it is kept, what they are told. Called by the customers' store and operations, and by imports.
import { manyOut, moment, oneOut, reference, referencesTo, resource, resourceOut, toMany, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { day, instant, int, text, title, uuid } from "@florist/kit/input"
import { toRoubles } from "@florist/kit/money"
import { invalid } from "@florist/kit/refusal"
import { z } from "zod"
import { smallId } from "./number.ts"
import { readPhone } from "./phone.ts"
import type { Phone } from "./phone.ts"

const customerType = "customers"
export const customerStatuses = ["on", "off", "deleted"] as const
export const genders = ["male", "female"] as const

/** Clients send "" for what there is none of. */
const orNone = <T extends z.ZodType>(one: T) => z.preprocess((value) => (value === "" ? null : value), one.nullable())

const email = z.email().max(200)

export const customerAttributes = z
  .object({
    title: title(300),
    birthday: orNone(day),
    email: orNone(email),
    instagram: orNone(text(200)),
    status: z.enum(customerStatuses),
    isPerson: z.boolean(),
    bonusCard: orNone(text(100)),
    notes: orNone(text(10_000)),
    gender: orNone(z.enum(genders)),
    phone: orNone(text(40)),
    itn: orNone(text(20)),
    countryCode: z.number().int().min(1).max(9_999).nullable(),
    /** When the client met the customer, by its own clock. */
    createdAt: instant,
    revision: int,
  })
  .partial()
export type CustomerAttributes = z.output<typeof customerAttributes>

export const customerRelationships = z
  .object({
    discountGroups: toMany(smallId),
    bonusGroup: toOne(smallId),
    customerSources: toMany(smallId),
    customerPreferences: toMany(smallId),
  })
  .optional()
export type CustomerRelationships = z.output<typeof customerRelationships>

export const customerData = z.object({
  type: z.literal(customerType).optional(),
  id: uuid.optional(),
  attributes: customerAttributes.optional(),
  relationships: customerRelationships,
})
export type CustomerData = z.output<typeof customerData>

export const customerOut = resourceOut(
  customerType,
  {
    title: z.string(),
    birthday: z.string().nullable(),
    email: z.string().nullable(),
    instagram: z.string().nullable(),
    status: z.enum(customerStatuses),
    isPerson: z.boolean(),
    bonusCard: z.string().nullable(),
    notes: z.string().nullable(),
    averageCheck: z.number(),
    ordersAmount: z.number(),
    ordersQty: z.number(),
    createdAt: z.string(),
    updatedAt: z.string(),
    spentPoints: z.number(),
    currentPoints: z.number(),
    gender: z.enum(genders).nullable(),
    phone: z.string().nullable(),
    itn: z.string().nullable(),
    revision: z.number(),
    countryCode: z.number().nullable(),
  },
  {
    person: oneOut,
    discountGroups: manyOut,
    bonusGroup: oneOut,
    customerSources: manyOut,
    customerPreferences: manyOut,
    customerEvents: manyOut,
    createdBy: oneOut,
  },
)

/** What of a customer is kept as it was said. */
export interface CustomerFacts {
  title: string
  birthday: string | null
  email: string | null
  instagram: string | null
  status: (typeof customerStatuses)[number]
  isPerson: boolean
  bonusCard: string | null
  notes: string | null
  gender: (typeof genders)[number] | null
  itn: string | null
  phone: Phone | null
}

export const nobody: Omit<CustomerFacts, "title"> = {
  birthday: null,
  email: null,
  instagram: null,
  status: "on",
  isPerson: true,
  bonusCard: null,
  notes: null,
  gender: null,
  itn: null,
  phone: null,
}

/** The facts after a change. @throws Refusal 422 for a phone that is none. */
export function changedFacts(facts: CustomerFacts, said: CustomerAttributes): CustomerFacts {
  const kept = <T>(value: T | undefined, before: T): T => (value === undefined ? before : value)
  return {
    title: kept(said.title, facts.title),
    birthday: kept(said.birthday, facts.birthday),
    email: kept(said.email, facts.email),
    instagram: kept(said.instagram, facts.instagram),
    status: kept(said.status, facts.status),
    isPerson: kept(said.isPerson, facts.isPerson),
    bonusCard: kept(said.bonusCard, facts.bonusCard),
    notes: kept(said.notes, facts.notes),
    gender: kept(said.gender, facts.gender),
    itn: kept(said.itn, facts.itn),
    phone: changedPhone(facts.phone, said),
  }
}

function changedPhone(before: Phone | null, { phone, countryCode }: CustomerAttributes): Phone | null {
  if (phone === undefined) return before === null || countryCode === undefined || countryCode === null ? before : { ...before, countryCode }
  if (phone === null) return null
  const read = readPhone(phone, countryCode ?? before?.countryCode)
  if (read !== undefined) return read
  throw invalid("phone: must hold the digits of a phone number, at most 15", { pointer: "/data/attributes/phone" })
}

/** In place of `SELECT *`: the row with all that a resource shows. */
export const customerColumns = `id, title, birthday::text AS birthday, email, instagram, status, is_person, bonus_card, notes, average_check, orders_amount, orders_qty,
  occurred_at, updated_at, spent_points, balance, gender, phone, itn, revision, country_code, bonus_group_id::text AS bonus_group_id, created_by, made_from,
  ARRAY(SELECT link.group_id::text FROM loyalty.customer_discount_group link WHERE link.shop_id = customer.shop_id AND link.customer_id = customer.id ORDER BY link.group_id)
    AS discount_groups,
  ARRAY(SELECT link.source_id::text FROM loyalty.customer_source_link link WHERE link.shop_id = customer.shop_id AND link.customer_id = customer.id ORDER BY link.source_id)
    AS sources,
  ARRAY(SELECT link.preference_id::text FROM loyalty.customer_preference_link link
    WHERE link.shop_id = customer.shop_id AND link.customer_id = customer.id ORDER BY link.preference_id) AS preferences,
  ARRAY(SELECT event.id::text FROM loyalty.customer_event event
    WHERE event.shop_id = customer.shop_id AND event.customer_id = customer.id AND NOT event.deleted ORDER BY event.date_from, event.id) AS events`

const listedIds = z.array(z.string())

export function factsOf(row: Row): CustomerFacts {
  return {
    title: String(row.title),
    birthday: textOrNone(row.birthday),
    email: textOrNone(row.email),
    instagram: textOrNone(row.instagram),
    status: z.enum(customerStatuses).parse(row.status),
    isPerson: row.is_person === true,
    bonusCard: textOrNone(row.bonus_card),
    notes: textOrNone(row.notes),
    gender: z.enum(genders).nullable().parse(row.gender),
    itn: textOrNone(row.itn),
    phone: typeof row.phone === "string" ? { countryCode: Number(row.country_code), number: row.phone } : null,
  }
}

const textOrNone = (value: unknown): string | null => (typeof value === "string" ? value : null)

export function customerResource(row: Row): Resource {
  const { phone, ...facts } = factsOf(row)
  return resource(
    customerType,
    String(row.id),
    {
      ...facts,
      averageCheck: toRoubles(Number(row.average_check)),
      ordersAmount: toRoubles(Number(row.orders_amount)),
      ordersQty: Number(row.orders_qty),
      createdAt: moment(row.occurred_at),
      updatedAt: moment(row.updated_at),
      spentPoints: Number(row.spent_points),
      currentPoints: Number(row.balance),
      phone: phone?.number ?? null,
      revision: Number(row.revision),
      countryCode: phone?.countryCode ?? null,
    },
    {
      person: { data: null },
      discountGroups: referencesTo("discount-groups", listedIds.parse(row.discount_groups)),
      bonusGroup: reference("bonus-groups", row.bonus_group_id),
      customerSources: referencesTo("customer-sources", listedIds.parse(row.sources)),
      customerPreferences: referencesTo("customer-preferences", listedIds.parse(row.preferences)),
      customerEvents: referencesTo("customer-events", listedIds.parse(row.events)),
      createdBy: reference("workers", row.created_by),
    },
  )
}
