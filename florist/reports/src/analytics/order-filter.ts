// The filters of orders that the analytics share, as conditions on the orders' projection. Published; what only another system's orders have finds none.
import { flag, instant, several, text, uuid } from "@florist/kit/input"
import { where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { roubles } from "@florist/kit/money"
import { orderStatuses } from "@florist/kit/contracts/orders"
import { z } from "zod"
import { currentSide } from "../total.ts"

const ids = several(uuid).optional()
const between = (name: string) => ({
  [`filter[${name}][from]`]: instant.optional(),
  [`filter[${name}][to]`]: instant.optional(),
})

const plain = {
  "filter[customer]": uuid.optional(),
  ...between("modifiedAt"),
  ...between("dueTime"),
  ...between("createdAt"),
  ...between("updatedAt"),
  ...between("postedAt"),
  ...between("paymentPostedAt"),
  "filter[statuses]": several(z.enum(orderStatuses)).optional(),
  "filter[stores]": ids,
  /** Published twice under one name: ids of sources, and whether there are discounts or markups. */
  "filter[sources]": several(z.union([z.enum(["discount", "markup"]), uuid])).optional(),
  "filter[postedBy]": ids,
  "filter[createdBy]": ids,
  "filter[items]": ids,
  search: text(100).optional(),
  "filter[delivery]": flag.optional(),
  "filter[fiscalized]": flag.optional(),
  "filter[amount][min]": roubles.optional(),
  "filter[amount][max]": roubles.optional(),
  "filter[bonuses]": flag.optional(),
  "filter[paymentMethods]": several(z.string().max(60)).optional(),
  "filter[onlyExternal]": flag.optional(),
  "filter[externalSystem]": text(100).optional(),
  "filter[excludedSessions]": several(z.coerce.number().int()).optional(),
  addMetaStatuses: flag.optional(),
  "filter[docNo]": several(text(60)).optional(),
  "filter[couriers]": ids,
  "filter[withoutCouriers]": flag.optional(),
  "filter[florists]": ids,
  "filter[withoutFlorists]": flag.optional(),
  "filter[shift]": uuid.optional(),
  "filter[fiscalShift]": uuid.optional(),
  "filter[withReturned]": flag.optional(),
  "filter[revision]": z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
}

export const orderFilterQuery = plain

export type OrderFilter = z.output<z.ZodObject<typeof plain>>

const onlyIf = (isWanted: boolean | undefined, sql: string): Condition | undefined => (isWanted === true ? { sql, values: [] } : undefined)
const yesOrNo = (wanted: boolean | undefined, sql: string): Condition | undefined =>
  wanted === undefined ? undefined : { sql: wanted ? sql : `NOT (${sql})`, values: [] }

/** The first condition names the shop as $1. Returned orders are in it; who leaves them out says so. */
export function conditionsOf(shop: number, filter: OrderFilter): (Condition | undefined)[] {
  const moments = filter as Readonly<Record<string, Date | undefined>>
  const during = (name: string, column: string) => [
    where(`${column} >= ?`, moments[`filter[${name}][from]`]),
    where(`${column} <= ?`, moments[`filter[${name}][to]`]),
  ]
  const sources = filter["filter[sources]"]
  const sourceIds = sources?.filter((each) => each !== "discount" && each !== "markup")
  const methods = filter["filter[paymentMethods]"]
  return [
    where("shop_id = ?", shop),
    { sql: `side = ${currentSide} AND revision > 0`, values: [] },
    where("customer_id = ?", filter["filter[customer]"]),
    ...during("modifiedAt", "updated_at"),
    ...during("updatedAt", "updated_at"),
    ...during("dueTime", "due_at"),
    ...during("createdAt", "created_at"),
    ...during("postedAt", "posted_at"),
    where("status = ANY (?::text[])", filter["filter[statuses]"]),
    where("store_id = ANY (?::uuid[])", filter["filter[stores]"]),
    sourceIds === undefined || sourceIds.length === 0 ? undefined : where("source_id = ANY (?::uuid[])", sourceIds),
    onlyIf(sources?.includes("discount"), "discount > 0"),
    onlyIf(sources?.includes("markup"), "markup > 0"),
    where("posted_by = ANY (?::uuid[])", filter["filter[postedBy]"]),
    where("created_by = ANY (?::uuid[])", filter["filter[createdBy]"]),
    where("item_ids && ?::text[]", filter["filter[items]"]),
    searched(filter.search),
    yesOrNo(filter["filter[delivery]"], "delivery"),
    yesOrNo(filter["filter[fiscalized]"], "fiscalized"),
    where("total >= ?", filter["filter[amount][min]"]),
    where("total <= ?", filter["filter[amount][max]"]),
    yesOrNo(filter["filter[bonuses]"], "paid_bonus > 0"),
    methods === undefined
      ? undefined
      : where(
          paidWith(`(p.method = ANY (?::text[]) OR p.method IN (SELECT attributes ->> 'kind' FROM reports.known_resource
            WHERE shop_id = $1 AND type = 'payment-methods' AND id = ANY (?::text[])))`),
          methods,
          methods,
        ),
    where(paidWith("p.occurred_at >= ?"), moments["filter[paymentPostedAt][from]"]),
    where(paidWith("p.occurred_at <= ?"), moments["filter[paymentPostedAt][to]"]),
    where(paidWith("p.shift_id = ?"), filter["filter[shift]"]),
    where(paidWith("p.shift_id = ?"), filter["filter[fiscalShift]"]),
    onlyIf(filter["filter[onlyExternal]"], "false"),
    onlyIf(filter["filter[externalSystem]"] !== undefined, "false"),
    where("doc_no = ANY (?::text[])", filter["filter[docNo]"]),
    where("courier_id = ANY (?::uuid[])", filter["filter[couriers]"]),
    onlyIf(filter["filter[withoutCouriers]"], "courier_id IS NULL"),
    where("florist_id = ANY (?::uuid[])", filter["filter[florists]"]),
    onlyIf(filter["filter[withoutFlorists]"], "florist_id IS NULL"),
    where("revision > ?", filter["filter[revision]"]),
  ]
}

const paidWith = (sql: string): string =>
  `EXISTS (SELECT 1 FROM reports.order_payment p WHERE p.shop_id = sale_order.shop_id AND p.side = sale_order.side AND p.order_id = sale_order.id
   AND p.kind = 'payment' AND ${sql})`

/** A document's number, or the name, phone or card of a customer. */
function searched(search: string | undefined): Condition | undefined {
  if (search === undefined || search.trim() === "") return undefined
  const anywhere = `%${search.trim().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  return where(
    `doc_no ILIKE ? OR customer_id::text IN (SELECT id FROM reports.known_resource WHERE shop_id = $1 AND type = 'customers'
       AND concat_ws(' ', attributes ->> 'title', attributes ->> 'phone', attributes ->> 'bonusCard') ILIKE ? LIMIT 1000)`,
    anywhere,
    anywhere,
  )
}
