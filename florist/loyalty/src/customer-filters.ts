// What a list of customers can be narrowed by, each as it is published. Called by the list of customers.
import { day, flag, instant, text, uuid } from "@florist/kit/input"
import { where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { invalid } from "@florist/kit/refusal"
import { several } from "@florist/kit/input"
import { z } from "zod"
import { genders } from "./customer.ts"
import { smallId } from "./number.ts"
import { changedAfter, revisionFilter } from "./revision.ts"
import { searchConditions } from "./search-key.ts"

const whole = z.coerce.number().int().min(-2_147_483_648).max(2_147_483_647).optional()
const days = day.optional()
const numbers = several(smallId).optional()

export const customerFilters = {
  from: instant.optional(),
  search: text(200).optional(),
  "filter[idBonus]": smallId.optional(),
  "filter[createdBy]": uuid.optional(),
  "filter[ordersCount][from]": whole,
  "filter[ordersCount][to]": whole,
  "filter[discount]": smallId.optional(),
  "filter[moreBonus]": whole,
  "filter[lessBonus]": whole,
  "filter[moreAvg]": whole,
  "filter[lessAvg]": whole,
  "filter[create][from]": days,
  "filter[create][to]": days,
  "filter[birthday][from]": days,
  "filter[birthday][to]": days,
  "filter[buy][from]": days,
  "filter[buy][to]": days,
  "filter[notBuy][from]": days,
  "filter[notBuy][to]": days,
  "filter[celebrations]": numbers,
  "filter[preferences]": numbers,
  "filter[sources]": numbers,
  "filter[isPerson]": flag.optional(),
  "filter[event][from]": days,
  "filter[event][to]": days,
  "filter[gender]": z.enum(genders).optional(),
  "filter[createdAt][from]": days,
  "filter[createdAt][to]": days,
  "filter[updatedAt][from]": days,
  "filter[updatedAt][to]": days,
  "filter[revision]": revisionFilter,
}
const shape = z.object(customerFilters)
export type CustomerFilters = z.output<typeof shape>

/** @throws Refusal 422 for a range that ends before it begins. */
export function customerConditions(query: CustomerFilters): (Condition | undefined)[] {
  const revision = query["filter[revision]"]
  return [
    changedAfter(revision),
    revision === undefined ? where("status <> 'deleted'") : undefined,
    where("updated_at > ?", query.from),
    ...searchConditions(query.search),
    where("bonus_group_id = ?", query["filter[idBonus]"]),
    where("created_by = ?", query["filter[createdBy]"]),
    where("orders_qty >= ?", query["filter[ordersCount][from]"]),
    where("orders_qty <= ?", query["filter[ordersCount][to]"]),
    where("id IN (SELECT customer_id FROM loyalty.customer_discount_group WHERE group_id = ?)", query["filter[discount]"]),
    where("balance >= ?", query["filter[moreBonus]"]),
    where("balance <= ?", query["filter[lessBonus]"]),
    where("average_check >= ?::bigint * 100", query["filter[moreAvg]"]),
    where("average_check <= ?::bigint * 100", query["filter[lessAvg]"]),
    ...within("occurred_at", daysOf(query, "create")),
    ...within("occurred_at", daysOf(query, "createdAt")),
    ...within("updated_at", daysOf(query, "updatedAt")),
    ...bornIn(daysOf(query, "birthday")),
    boughtIn(daysOf(query, "buy")),
    notBoughtIn(daysOf(query, "notBuy")),
    celebrating(query["filter[celebrations]"]),
    where(
      "id IN (SELECT customer_id FROM loyalty.customer_preference_link WHERE preference_id = ANY (?::bigint[]))",
      query["filter[preferences]"],
    ),
    where("id IN (SELECT customer_id FROM loyalty.customer_source_link WHERE source_id = ANY (?::bigint[]))", query["filter[sources]"]),
    where("is_person = ?", query["filter[isPerson]"]),
    withEventIn(daysOf(query, "event")),
    where("gender = ?", query["filter[gender]"]),
  ]
}

interface Days {
  from: string | undefined
  to: string | undefined
}

type Ranged = "create" | "createdAt" | "updatedAt" | "birthday" | "buy" | "notBuy" | "event"

function daysOf(query: CustomerFilters, name: Ranged): Days | undefined {
  const from = query[`filter[${name}][from]`]
  const to = query[`filter[${name}][to]`]
  if (from !== undefined && to !== undefined && from > to)
    throw invalid(`filter[${name}][to]: the last day cannot lie before the first`, { parameter: `filter[${name}][to]` })
  return from === undefined && to === undefined ? undefined : { from, to }
}

/** Both days are part of the range. */
const within = (column: string, range: Days | undefined): (Condition | undefined)[] => [
  where(`${column} >= (?::date)::timestamp AT TIME ZONE 'UTC'`, range?.from),
  where(`${column} < (?::date + 1)::timestamp AT TIME ZONE 'UTC'`, range?.to),
]

const yearMs = 365 * 86_400_000

/** Less than a year asks who has a birthday in these days, whatever the year of birth; a longer or open range asks for the date itself. */
function bornIn(range: Days | undefined): (Condition | undefined)[] {
  if (range?.from === undefined || range.to === undefined || Date.parse(range.to) - Date.parse(range.from) >= yearMs)
    return [where("birthday >= ?::date", range?.from), where("birthday <= ?::date", range?.to)]
  const [from, to] = [inYear(range.from), inYear(range.to)]
  const joined = from <= to ? "AND" : "OR"
  return [where(`birthday_in_year >= ?::int ${joined} birthday_in_year <= ?::int`, from, to)]
}

/** "1996-05-16" is 516. */
const inYear = (date: string): number => Number(date.slice(5, 7)) * 100 + Number(date.slice(8, 10))

function ordersIn({ from, to }: Days): Condition {
  const bounds = [where("bought.sold_on >= ?::date", from), where("bought.sold_on <= ?::date", to)].filter((bound) => bound !== undefined)
  return {
    sql: `SELECT FROM loyalty.followed_order bought WHERE bought.shop_id = customer.shop_id AND bought.customer_id = customer.id AND bought.sold
      ${bounds.map(({ sql }) => `AND ${sql}`).join(" ")}`,
    values: bounds.flatMap(({ values }) => values),
  }
}

function boughtIn(range: Days | undefined): Condition | undefined {
  if (range === undefined) return undefined
  const { sql, values } = ordersIn(range)
  return { sql: `EXISTS (${sql})`, values }
}

function notBoughtIn(range: Days | undefined): Condition | undefined {
  if (range === undefined) return undefined
  const { sql, values } = ordersIn(range)
  return { sql: `NOT EXISTS (${sql})`, values }
}

/** Who bought in the days of one of the celebrations. */
const celebrating = (ids: readonly number[] | undefined): Condition | undefined =>
  where(
    `EXISTS (SELECT FROM loyalty.celebration_date celebrated JOIN loyalty.celebration ON celebration.shop_id = celebrated.shop_id
         AND celebration.id = celebrated.celebration_id AND NOT celebration.deleted
       JOIN loyalty.followed_order bought ON bought.shop_id = celebrated.shop_id AND bought.sold
         AND bought.sold_on BETWEEN celebrated.date_from AND celebrated.date_until
       WHERE celebrated.shop_id = customer.shop_id AND celebrated.celebration_id = ANY (?::bigint[]) AND bought.customer_id = customer.id)`,
    ids,
  )

/** An event that lasts several days counts with each of them. */
function withEventIn(range: Days | undefined): Condition | undefined {
  if (range === undefined) return undefined
  return {
    sql: `EXISTS (SELECT FROM loyalty.customer_event event WHERE event.shop_id = customer.shop_id AND event.customer_id = customer.id AND NOT event.deleted
      AND event.date_until >= coalesce(?::date, '-infinity') AND event.date_from <= coalesce(?::date, 'infinity'))`,
    values: [range.from ?? null, range.to ?? null],
  }
}
