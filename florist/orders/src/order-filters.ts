// The filters of the list of orders, as published and as conditions of SQL. Called by the list.
import { paymentMethodId, paymentMethods } from "@florist/kit/contracts/payments"
import type { Reader } from "@florist/kit/database"
import { flag, instant, several, text, uuid } from "@florist/kit/input"
import { pageQuery, where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { roubles } from "@florist/kit/money"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { discountKinds, orderStatus } from "./order.ts"

const word = text(200).min(1)
const int32 = z.coerce.number().int().min(0).max(2_147_483_647)

const included = [
  "lines",
  "discounts",
  "payments",
  "store",
  "customer",
  "source",
  "createdBy",
  "updatedBy",
  "postedBy",
  "florist",
  "courier",
  "tags",
  /** Kept elsewhere: there are none to bring. */
  "images",
] as const
export const includedInLines = "lines.item"
export const include = several(z.enum([...included, includedInLines])).optional()

export const orderQuery = z.object({
  ...pageQuery,
  "filter[customer]": uuid.optional(),
  "filter[modifiedAt][from]": instant.optional(),
  "filter[modifiedAt][to]": instant.optional(),
  "filter[dueTime][from]": instant.optional(),
  "filter[dueTime][to]": instant.optional(),
  "filter[createdAt][from]": instant.optional(),
  "filter[createdAt][to]": instant.optional(),
  "filter[updatedAt][from]": instant.optional(),
  "filter[updatedAt][to]": instant.optional(),
  "filter[postedAt][from]": instant.optional(),
  "filter[postedAt][to]": instant.optional(),
  "filter[paymentPostedAt][from]": instant.optional(),
  "filter[paymentPostedAt][to]": instant.optional(),
  "filter[statuses]": several(orderStatus).optional(),
  "filter[stores]": several(uuid).optional(),
  /** Published twice: ids of sources, and whether there are discounts or markups. */
  "filter[sources]": several(z.union([z.enum(discountKinds), uuid])).optional(),
  "filter[postedBy]": several(uuid).optional(),
  "filter[createdBy]": several(uuid).optional(),
  "filter[items]": several(uuid).optional(),
  search: text(200).optional(),
  "filter[delivery]": flag.optional(),
  "filter[fiscalized]": flag.optional(),
  "filter[amount][min]": roubles.optional(),
  "filter[amount][max]": roubles.optional(),
  "filter[bonuses]": flag.optional(),
  /** Ids of payment methods, or their kinds: cash, card, bonus, gift_card, qr. */
  "filter[paymentMethods]": several(word).optional(),
  "filter[onlyExternal]": flag.optional(),
  "filter[externalSystem]": word.optional(),
  "filter[excludedSessions]": several(int32).optional(),
  addMetaStatuses: flag.optional(),
  "filter[docNo]": several(word).optional(),
  "filter[couriers]": several(uuid).optional(),
  "filter[withoutCouriers]": flag.optional(),
  "filter[florists]": several(uuid).optional(),
  "filter[withoutFlorists]": flag.optional(),
  "filter[shift]": word.optional(),
  "filter[fiscalShift]": word.optional(),
  "filter[withReturned]": flag.optional(),
  "filter[revision]": z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  include,
})
export type OrderQuery = z.output<typeof orderQuery>

/** Looked up before the list is read, so that its conditions are plain. */
export interface Found {
  /** Orders whose numbers begin or end with the words. */
  numbers: readonly string[]
  customers: readonly string[]
  methods: readonly string[]
}

/** Of customers and of numbers that a search finds. */
const mostFound = 500

export async function lookUp(reader: Reader, shop: number, query: OrderQuery): Promise<Found> {
  const words = query.search?.trim().toLowerCase() ?? ""
  const asked = query["filter[paymentMethods]"] ?? []
  const [customers, numbers] = await Promise.all([
    words === ""
      ? []
      : reader.query(`SELECT id FROM orders.known_customer WHERE strpos(words, $1) > 0 LIMIT ${mostFound}`, [digitsOrWords(words)]),
    words === ""
      ? []
      : reader.query(selectByNumber, [words, `${words}${lastLetter}`, backwards(words), `${backwards(words)}${lastLetter}`]),
  ])
  return {
    customers: customers.map(({ id }) => String(id)),
    numbers: numbers.map(({ id }) => String(id)),
    methods: paymentMethods.filter((method) => asked.includes(method) || asked.includes(paymentMethodId(shop, method))),
  }
}

/** By ranges, which an index answers also where row-level security stands before it; a pattern is not looked up so. */
const selectByNumber = `
  SELECT id FROM orders.sale_order WHERE number_start >= $1 AND number_start < $2
  UNION SELECT id FROM orders.sale_order WHERE number_end >= $3 AND number_end < $4 LIMIT ${mostFound}`
const lastLetter = String.fromCodePoint(0x10_ff_ff)
// oxlint-disable-next-line typescript/no-misused-spread -- code points are what reverse() of PostgreSQL turns round
const backwards = (words: string): string => [...words].toReversed().join("")

/** A phone is kept as its digits, however it is written. */
function digitsOrWords(words: string): string {
  return /^[\d\s+()-]+$/.test(words) && /\d/.test(words) ? words.replaceAll(/\D/g, "") : words
}

/** Everything but the statuses, so that orders can be counted by status too. `o` is the order. */
export function conditionsOf(query: OrderQuery, found: Found, { stores }: Session): (Condition | undefined)[] {
  const sources = query["filter[sources]"]
  const payment = (sql: string, ...values: readonly unknown[]) => where(`EXISTS (${paymentOf} AND ${sql})`, ...values)
  return [
    where("NOT o.arriving"),
    where("o.store_id = ANY (?::uuid[])", stores),
    where("o.customer_id = ?::uuid", query["filter[customer]"]),
    ...between("o.modified_at", query["filter[modifiedAt][from]"], query["filter[modifiedAt][to]"]),
    ...between("o.due_time", query["filter[dueTime][from]"], query["filter[dueTime][to]"]),
    ...between("o.occurred_at", query["filter[createdAt][from]"], query["filter[createdAt][to]"]),
    ...between("o.updated_at", query["filter[updatedAt][from]"], query["filter[updatedAt][to]"]),
    ...between("o.posted_at", query["filter[postedAt][from]"], query["filter[postedAt][to]"]),
    paidBetween(query["filter[paymentPostedAt][from]"], query["filter[paymentPostedAt][to]"]),
    where("o.store_id = ANY (?::uuid[])", query["filter[stores]"]),
    where("o.source_id = ANY (?::uuid[])", noneIfEmpty(sources?.filter((source) => source !== "discount" && source !== "markup"))),
    changedPrices(sources),
    where("o.posted_by = ANY (?::uuid[])", query["filter[postedBy]"]),
    where("o.created_by = ANY (?::uuid[])", query["filter[createdBy]"]),
    where("o.id IN (SELECT l.order_id FROM orders.order_line l WHERE l.item_id = ANY (?::uuid[]))", query["filter[items]"]),
    searched(query.search, found),
    where("o.delivery = ?::boolean", query["filter[delivery]"]),
    where("o.fiscalized = ?::boolean", query["filter[fiscalized]"]),
    where("o.total_amount >= ?::bigint", query["filter[amount][min]"]),
    where("o.total_amount <= ?::bigint", query["filter[amount][max]"]),
    where("(o.by_bonuses OR o.bonus_amount > 0) = ?::boolean", query["filter[bonuses]"]),
    query["filter[paymentMethods]"] === undefined ? undefined : payment("p.method = ANY (?::text[])", found.methods),
    query["filter[onlyExternal]"] === true ? where("o.is_external") : undefined,
    where("o.is_external AND o.external_system = ?::text", query["filter[externalSystem]"]),
    where("(o.external_session = ANY (?::int[])) IS NOT TRUE", query["filter[excludedSessions]"]),
    where("o.doc_no = ANY (?::text[])", query["filter[docNo]"]),
    where("o.courier_id = ANY (?::uuid[])", query["filter[couriers]"]),
    query["filter[withoutCouriers]"] === true ? where("o.courier_id IS NULL") : undefined,
    where("o.florist_id = ANY (?::uuid[])", query["filter[florists]"]),
    query["filter[withoutFlorists]"] === true ? where("o.florist_id IS NULL") : undefined,
    where("o.id IN (SELECT p.order_id FROM orders.order_payment p WHERE p.shift_id = ?::text)", query["filter[shift]"]),
    where("o.id IN (SELECT p.order_id FROM orders.order_payment p WHERE p.fiscal_shift_id = ?::text)", query["filter[fiscalShift]"]),
    where("o.revision > ?::bigint", query["filter[revision]"]),
  ]
}

/** Returned orders are left out unless they are asked for, or somebody follows every change. */
export function statusCondition(query: OrderQuery): Condition | undefined {
  const statuses = query["filter[statuses]"]
  if (statuses !== undefined) {
    return where("o.status = ANY (?::text[])", query["filter[withReturned]"] === true ? [...new Set([...statuses, "returned"])] : statuses)
  }
  return query["filter[withReturned]"] === true || query["filter[revision]"] !== undefined ? undefined : where("o.status <> 'returned'")
}

const paymentOf = "SELECT FROM orders.order_payment p WHERE p.shop_id = o.shop_id AND p.order_id = o.id"

function between(column: string, from: Date | undefined, to: Date | undefined): (Condition | undefined)[] {
  return [where(`${column} >= ?::timestamptz`, from), where(`${column} <= ?::timestamptz`, to)]
}

function paidBetween(from: Date | undefined, to: Date | undefined): Condition | undefined {
  if (from === undefined && to === undefined) return undefined
  return where(
    `EXISTS (${paymentOf} AND p.occurred_at >= coalesce(?::timestamptz, '-infinity') AND p.occurred_at <= coalesce(?::timestamptz, 'infinity'))`,
    from ?? null,
    to ?? null,
  )
}

function changedPrices(sources: readonly string[] | undefined): Condition | undefined {
  const kinds = discountKinds.filter((kind) => sources?.includes(kind) === true)
  return kinds.length === 0 ? undefined : where(kinds.map((kind) => `o.${kind}_amount > 0`).join(" OR "))
}

function searched(search: string | undefined, { customers, numbers }: Found): Condition | undefined {
  if ((search?.trim() ?? "") === "") return undefined
  if (customers.length === 0) return where("o.id = ANY (?::uuid[])", numbers)
  if (numbers.length === 0) return where("o.customer_id = ANY (?::uuid[])", customers)
  return where("o.id = ANY (?::uuid[]) OR o.customer_id = ANY (?::uuid[])", numbers, customers)
}

const noneIfEmpty = <T>(values: readonly T[] | undefined): readonly T[] | undefined => (values?.length === 0 ? undefined : values)
