// What customers bought and what became of points, by stretches of time. From the orders that were followed and the ledger.
import { day, uuid } from "@florist/kit/input"
import { toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { management, selling } from "@florist/kit/role"
import { z } from "zod"
import { customerOf } from "./customer-store.ts"
import { byStretch, stretches, units, usualRange } from "./period.ts"

const tag = "Customer Stats API"
const dayPoint = <A extends z.ZodRawShape>(type: string, attributes: A) =>
  z.object({
    type: z.literal(type),
    id: z.string(),
    attributes: z.object({ date: z.string(), ...attributes }),
    links: z.object({ self: z.string() }),
  })

const point = (type: string, id: number, attributes: Record<string, unknown>) => ({
  type,
  id: String(id),
  attributes,
  links: { self: `/${type}/${id}` },
})

export const statsOperations = (): Operation[] => [
  readOperation({
    id: "getStats",
    method: "GET",
    // Published under this path, though the id is a customer's.
    path: "/v1/customers/import/{id}/stats",
    tag,
    summary: "What a customer bought, in roubles by stretches of time",
    access: selling,
    params: z.object({ id: uuid }),
    query: z.object({
      "filter[startDate]": day.optional(),
      "filter[endDate]": day.optional(),
      "filter[format]": z.enum(units).optional(),
    }),
    answers: {
      200: z.object({
        data: z.array(dayPoint("customer-stats", { amount: z.number() })),
        meta: z.object({ total: z.number(), format: z.enum(units) }),
      }),
    },
    refuses: [400, 404, 422],
    async handle({ shop, params: { id }, query, now }) {
      const format = query["filter[format]"] ?? "month"
      const range = usualRange({ from: query["filter[startDate]"], to: query["filter[endDate]"] }, 365, now)
      const days = stretches(format, range, "filter[endDate]")
      const [, rows] = await Promise.all([
        customerOf(shop, id),
        shop.query(
          `SELECT date_trunc($4, sold_on::timestamp)::date::text AS day, sum(total) AS amount FROM loyalty.followed_order
           WHERE customer_id = $1 AND sold AND sold_on BETWEEN $2::date AND $3::date GROUP BY 1`,
          [id, range.from, range.to, format],
        ),
      ])
      const sums = rows.map((row) => ({ day: String(row.day), amount: Number(row.amount) }))
      const data = byStretch(format, days, sums).map(({ date, sum }, index) =>
        point("customer-stats", index + 1, { date, amount: toRoubles(sum?.amount ?? 0) }),
      )
      const total = toRoubles(sums.reduce((all, { amount }) => all + amount, 0))
      return ok({ data, meta: { total, format } })
    },
  }),
  readOperation({
    id: "getCustomersStats",
    method: "GET",
    path: "/v1/customers-stats",
    tag,
    summary: "New customers and points by stretches of time, and what part of the sales is repeated",
    access: management,
    query: z.object({
      "filter[rangeFrom]": day.optional(),
      "filter[rangeTo]": day.optional(),
      "filter[range]": z.enum(units).optional(),
    }),
    answers: {
      200: z.object({
        data: z.array(
          dayPoint("stats-customers", { newCustomersCount: z.number(), bonusesSpent: z.number(), bonusesAccumulated: z.number() }),
        ),
        meta: z.object({
          repeatedSalesRevenuePercentage: z.number(),
          repeatedSalesRevenue: z.number(),
          ordersWithCustomersPercentage: z.number(),
          calculatedAt: z.string(),
        }),
      }),
    },
    refuses: [400, 422],
    async handle({ shop, query, now }) {
      const unit = query["filter[range]"] ?? "day"
      const range = usualRange({ from: query["filter[rangeFrom]"], to: query["filter[rangeTo]"] }, 29, now)
      const days = stretches(unit, range, "filter[rangeTo]")
      const values = [range.from, range.to]
      const [customers, points, [sales]] = await Promise.all([
        shop.query(
          `SELECT date_trunc($3, occurred_at AT TIME ZONE 'UTC')::date::text AS day, count(*) AS fresh FROM loyalty.customer
           WHERE status <> 'deleted' AND ${within("occurred_at")} GROUP BY 1`,
          [...values, unit],
        ),
        shop.query(
          `SELECT date_trunc($3, occurred_at AT TIME ZONE 'UTC')::date::text AS day,
             coalesce(-sum(points) FILTER (WHERE kind IN ('spent', 'spending-restored')), 0) AS spent,
             coalesce(sum(points) FILTER (WHERE kind NOT IN ('spent', 'spending-restored')), 0) AS accumulated
           FROM loyalty.loyalty_entry WHERE ${within("occurred_at")} GROUP BY 1`,
          [...values, unit],
        ),
        shop.query(
          `SELECT count(*) AS orders, count(customer_id) AS of_customers, coalesce(sum(total), 0) AS revenue, coalesce(sum(total) FILTER (WHERE repeated), 0) AS again
           FROM (SELECT customer_id, total, customer_id IS NOT NULL AND EXISTS (SELECT FROM loyalty.followed_order earlier
                   WHERE earlier.shop_id = sale.shop_id AND earlier.customer_id = sale.customer_id AND earlier.sold
                     AND earlier.sold_on <= sale.sold_on AND (earlier.sold_at, earlier.id) < (sale.sold_at, sale.id)) AS repeated
                 FROM loyalty.followed_order sale WHERE sold AND sold_on BETWEEN $1::date AND $2::date) sold`,
          values,
        ),
      ])
      const fresh = byStretch(
        unit,
        days,
        customers.map((row) => ({ day: String(row.day), count: Number(row.fresh) })),
      )
      const sums = points.map((row) => ({ day: String(row.day), spent: Number(row.spent), accumulated: Number(row.accumulated) }))
      const data = byStretch(unit, days, sums).map(({ date, sum }, index) =>
        point("stats-customers", index, {
          date,
          newCustomersCount: fresh[index]?.sum?.count ?? 0,
          bonusesSpent: sum?.spent ?? 0,
          bonusesAccumulated: sum?.accumulated ?? 0,
        }),
      )
      const meta = {
        repeatedSalesRevenuePercentage: share(Number(sales?.again), Number(sales?.revenue)),
        repeatedSalesRevenue: toRoubles(Number(sales?.again)),
        ordersWithCustomersPercentage: share(Number(sales?.of_customers), Number(sales?.orders)),
        calculatedAt: now.toISOString().slice(0, 19).replace("T", " "),
      }
      return ok({ data, meta })
    },
  }),
]

const within = (column: string): string =>
  `${column} >= $1::date::timestamp AT TIME ZONE 'UTC' AND ${column} < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'`

/** In whole per cent. */
const share = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 100))
