// Orders behind a figure of the statistics, with the sums of all of them in the header. Published. Managers see all; who sells sees the own ones.
import type { Row } from "@florist/kit/database"
import { manyOut, documentOut, moment, oneOut, pageMetaOut, reference, referencesTo, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import type { Condition } from "@florist/kit/listing"
import { toRoubles, toRoublesText } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { forbidden } from "@florist/kit/refusal"
import { management, selling } from "@florist/kit/role"
import type { OpenShop } from "@florist/kit/fleet"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { revenueOf } from "../stats/figures.ts"
import { shareOf } from "../stats/ratio.ts"
import { sumTotals, totalOf } from "../total.ts"
import { conditionsOf, orderFilterQuery } from "./order-filter.ts"
import type { OrderFilter } from "./order-filter.ts"

const nothing = z.null()
const noText = z.literal("")
const time = z.string().nullable()
const figure = z.number()

const orderOut = resourceOut(
  "orders",
  {
    status: z.string(),
    date: z.string(),
    docNo: z.string(),
    description: noText,
    deliveryComments: noText,
    deliveryCity: noText,
    deliveryStreet: noText,
    deliveryHouse: noText,
    deliveryApartment: noText,
    deliveryBuilding: noText,
    deliveryContact: noText,
    deliveryPhoneNumber: noText,
    deliveryPhoneCode: noText,
    deliveryTimeFrom: nothing,
    deliveryTimeTo: nothing,
    cancelComment: nothing,
    externalId: nothing,
    fiscalizedAt: nothing,
    budget: figure,
    totalAmount: figure,
    paymentsAmount: figure,
    costAmount: figure,
    profit: figure,
    marginality: figure,
    dueTime: time,
    createdAt: time,
    updatedAt: time,
    updatedStatusAt: time,
    modifiedAt: time,
    postedAt: time,
    returnedAt: time,
    delivery: z.boolean(),
    fiscal: z.boolean(),
    fiscalized: z.boolean(),
    byBonuses: z.boolean(),
    posted: z.boolean(),
    isExternal: z.boolean(),
    deliveryStatus: z.string().nullable(),
    discountAmount: figure,
    pointsEarned: z.int(),
    pointsSpent: z.int(),
    revision: z.int(),
  },
  {
    source: oneOut,
    store: oneOut,
    customer: oneOut,
    postedBy: oneOut,
    createdBy: oneOut,
    updatedBy: oneOut,
    florist: oneOut,
    payments: manyOut,
    discounts: manyOut,
    images: manyOut,
    lines: manyOut,
  },
)

const headerOut = z.object({
  orders_count: z.string(),
  fullRevenue: z.string(),
  returnedRevenue: z.string(),
  revenueBonuses: z.string(),
  revenue: z.string(),
})

interface Analysis {
  id: string
  path: string
  summary: string
  /** Which orders it is about, and by which of their moments they are listed. */
  about: string
  by: "posted_at" | "returned_at"
  returned: "left out" | "shown"
}

const analyses: readonly Analysis[] = [
  {
    id: "OrdersAnalyticsShipmentRevenue",
    path: "shipment-revenue",
    summary: "Orders that were sold",
    about: "posted_at IS NOT NULL",
    by: "posted_at",
    returned: "left out",
  },
  {
    id: "OrdersAnalyticsMarginality",
    path: "marginality",
    summary: "Orders that were sold, with their cost and profit",
    about: "posted_at IS NOT NULL",
    by: "posted_at",
    returned: "left out",
  },
  {
    id: "OrdersAnalyticsBonusesSubtract",
    path: "bonuses-subtract",
    summary: "Orders that were paid with points",
    about: "posted_at IS NOT NULL AND paid_bonus > 0",
    by: "posted_at",
    returned: "left out",
  },
  {
    id: "OrdersAnalyticsBonusesAccrued",
    path: "bonuses-accrued",
    summary: "Orders that earned points",
    about: "posted_at IS NOT NULL AND points_earned > 0",
    by: "posted_at",
    returned: "left out",
  },
  {
    id: "OrdersAnalyticsTotalDiscount",
    path: "total-discount",
    summary: "Orders with a discount",
    about: "posted_at IS NOT NULL AND discount > 0",
    by: "posted_at",
    returned: "left out",
  },
  {
    id: "OrdersAnalyticsReturned",
    path: "returned",
    summary: "Orders that came back",
    about: "returned_at IS NOT NULL",
    by: "returned_at",
    returned: "shown",
  },
]

const columns = `id, revision, status, doc_no, store_id, customer_id, source_id, created_by, posted_by, florist_id, date, due_at, created_at, updated_at, posted_at,
  returned_at, delivery, delivery_status, fiscalized, by_bonuses, total, discount, budget, paid, cost, points_earned, points_spent, sold, returned, line_ids,
  (SELECT array_agg(p.id::text ORDER BY p.id) FROM reports.order_payment p
   WHERE p.shop_id = sale_order.shop_id AND p.side = sale_order.side AND p.order_id = sale_order.id) AS payment_ids`

const operationOf = ({ id, path, summary, about, by, returned }: Analysis): Operation =>
  readOperation({
    id,
    method: "GET",
    path: `/v1/orders/analytics/${path}`,
    tag: "Orders Analytics",
    summary,
    access: selling,
    query: z.object({ ...orderFilterQuery, ...pageQuery }),
    answers: {
      200: documentOut(z.array(orderOut), {
        ...pageMetaOut,
        analytic_header: headerOut,
        statuses: z.record(z.string(), z.int()).optional(),
      }),
    },
    refuses: [400, 422],
    async handle({ shop, session, query }) {
      const filter = withinSession(query, session)
      const conditions = [
        ...conditionsOf(shop.id, filter),
        { sql: about, values: [] },
        management.includes(session.role) ? undefined : where("coalesce(posted_by, created_by) = ?", session.worker),
      ]
      const isReturnedShown = returned === "shown" || filter["filter[withReturned]"] === true
      const notReturned: Condition | undefined = isReturnedShown ? undefined : { sql: "status <> 'returned'", values: [] }
      const [page, header] = await Promise.all([
        list(shop, {
          from: "reports.sale_order",
          columns,
          conditions: [...conditions, notReturned],
          order: {
            columns: [
              { name: by, type: "timestamptz" },
              { name: "id", type: "uuid" },
            ],
            direction: "DESC",
          },
          query,
        }),
        isEverything(filter, session) && about === "posted_at IS NOT NULL"
          ? headerOfShop(shop, filter, isReturnedShown)
          : headerOf(shop, conditions, isReturnedShown),
      ])
      const statuses = query.addMetaStatuses === true ? { statuses: await statusesOf(shop, conditions) } : {}
      return ok({
        data: page.rows.map(orderResource),
        meta: { ...page.meta, analytic_header: header, ...statuses },
        links: pageLinks(`/v1/orders/analytics/${path}`, page),
      })
    },
  })

export const analyticsOperations: readonly Operation[] = analyses.map(operationOf)

/** @throws Refusal 403 */
function withinSession<F extends OrderFilter>(filter: F, session: Session): F {
  if (session.stores === undefined) return filter
  const outside = filter["filter[stores]"]?.find((store) => session.stores?.includes(store) === false)
  if (outside !== undefined) throw forbidden(`This session does not work in store ${outside}.`)
  return { ...filter, "filter[stores]": filter["filter[stores]"] ?? [...session.stores] }
}

const withoutEffect = new Set([
  "filter[stores]",
  "filter[withReturned]",
  "addMetaStatuses",
  "filter[excludedSessions]",
  "page[number]",
  "page[size]",
  "page[after]",
])

/** All orders of some stores: then the sums by month know the header, however many orders there are. */
const isEverything = (filter: OrderFilter, session: Session): boolean =>
  management.includes(session.role) && Object.entries(filter).every(([name, value]) => value === undefined || withoutEffect.has(name))

interface Header {
  count: number
  sold: number
  returned: number
  bonuses: number
}

const headerResource = ({ count, sold, returned, bonuses }: Header) => ({
  orders_count: String(count),
  fullRevenue: toRoublesText(sold),
  returnedRevenue: toRoublesText(returned),
  revenueBonuses: toRoublesText(bonuses),
  revenue: toRoublesText(sold - returned),
})

async function headerOfShop(shop: OpenShop, filter: OrderFilter, isReturnedShown: boolean) {
  const common = { stores: filter["filter[stores]"], spans: [{ from: "1900-01-01", to: "2100-12-31" }], by: "nothing" } as const
  const [sales, bonuses] = await Promise.all([
    sumTotals(shop, shop.id, { ...common, table: "sale", breakdowns: ["all"] }),
    sumTotals(shop, shop.id, { ...common, table: "money", breakdowns: ["method"], keys: { which: "is", values: ["bonus"] } }),
  ])
  const { orders, returned_orders: back, sold, returned } = totalOf("sale", sales, () => true)
  const paid = totalOf("money", bonuses, () => true)
  return headerResource({ count: isReturnedShown ? orders : orders - back, sold, returned, bonuses: paid.received - paid.given })
}

async function headerOf(shop: OpenShop, conditions: readonly (Condition | undefined)[], isReturnedShown: boolean) {
  const { sql, values } = combined(conditions)
  const [row] = await shop.query(
    `SELECT count(*) ${isReturnedShown ? "" : "FILTER (WHERE status <> 'returned')"} AS count, sum(sold) AS sold, sum(returned) AS returned,
       sum(paid_bonus) AS bonuses FROM reports.sale_order WHERE ${sql}`,
    values,
  )
  const number = (name: string) => Number(row?.[name] ?? 0)
  return headerResource({ count: number("count"), sold: number("sold"), returned: number("returned"), bonuses: number("bonuses") })
}

async function statusesOf(shop: OpenShop, conditions: readonly (Condition | undefined)[]): Promise<Record<string, number>> {
  const { sql, values } = combined(conditions)
  const rows = await shop.query(
    `SELECT status, count(*) AS orders FROM reports.sale_order WHERE ${sql} GROUP BY status ORDER BY status`,
    values,
  )
  return Object.fromEntries(rows.map(({ status, orders }) => [String(status), Number(orders)]))
}

function combined(conditions: readonly (Condition | undefined)[]): { sql: string; values: unknown[] } {
  const values: unknown[] = []
  const parts = conditions.flatMap((condition) => {
    if (condition === undefined) return []
    const own = condition.values[Symbol.iterator]()
    return [`(${condition.sql.replaceAll("?", () => `$${values.push(own.next().value)}`)})`]
  })
  return { sql: parts.join(" AND "), values }
}

/** Where it is delivered to, and what was written beside, the orders service alone knows; here such attributes are empty. */
function orderResource(row: Row): Resource {
  const kopecks = (name: string) => Number(row[name])
  const revenue = revenueOf({ sold: kopecks("sold"), returned: kopecks("returned") })
  const empty = {
    description: "",
    deliveryComments: "",
    deliveryCity: "",
    deliveryStreet: "",
    deliveryHouse: "",
    deliveryApartment: "",
    deliveryBuilding: "",
    deliveryContact: "",
    deliveryPhoneNumber: "",
    deliveryPhoneCode: "",
    deliveryTimeFrom: null,
    deliveryTimeTo: null,
    cancelComment: null,
    externalId: null,
    fiscalizedAt: null,
    isExternal: false,
  }
  const attributes = {
    ...empty,
    status: row.status,
    date: row.date,
    docNo: row.doc_no,
    budget: toRoubles(kopecks("budget")),
    dueTime: moment(row.due_at),
    delivery: row.delivery,
    createdAt: moment(row.created_at),
    updatedAt: moment(row.updated_at),
    updatedStatusAt: moment(row.returned_at ?? row.posted_at ?? row.updated_at),
    modifiedAt: moment(row.updated_at),
    fiscal: row.fiscalized,
    fiscalized: row.fiscalized,
    byBonuses: row.by_bonuses,
    posted: row.posted_at !== null,
    postedAt: moment(row.posted_at),
    returnedAt: moment(row.returned_at),
    totalAmount: toRoubles(kopecks("total")),
    paymentsAmount: toRoubles(kopecks("paid")),
    discountAmount: toRoubles(kopecks("discount")),
    costAmount: toRoubles(kopecks("cost")),
    profit: toRoubles(revenue - kopecks("cost")),
    marginality: shareOf(revenue - kopecks("cost"), revenue),
    pointsEarned: kopecks("points_earned"),
    pointsSpent: kopecks("points_spent"),
    deliveryStatus: row.delivery_status,
    revision: Number(row.revision),
  }
  return resource("orders", String(row.id), attributes, {
    source: reference("order-sources", row.source_id),
    store: reference("stores", row.store_id),
    customer: reference("customers", row.customer_id),
    postedBy: reference("workers", row.posted_by),
    createdBy: reference("workers", row.created_by),
    updatedBy: { data: null },
    florist: reference("workers", row.florist_id),
    payments: referencesTo("payments", (row.payment_ids ?? []) as string[]),
    discounts: referencesTo("order-discounts", []),
    images: referencesTo("images", []),
    lines: referencesTo("order-lines", row.line_ids as string[]),
  })
}
