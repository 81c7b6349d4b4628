// What customers owe, and what they paid in advance: from the orders that are open now.
import { resource, resourceOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { z } from "zod"
import { daysIn, plusDays, stepsOf } from "../calendar.ts"
import { currentSide } from "../total.ts"
import type { Scope } from "./scope.ts"

export const debtsOut = resourceOut("stats-debts", { date: z.string(), qty: z.number() }, {})
export const debtsMetaOut = {
  calculatedAt: z.string().nullable(),
  prepaymentsAmount: z.number(),
  customersDebtAmount: z.number(),
  ordersBudgetAmount: z.number(),
  ordersDebtQty: z.int(),
  bonusesAmount: z.int(),
}

const daysAhead = { day: 1, week: 7, month: 31, year: 366 }

/**
 * For each day to come (a custom range: each of its days), how many orders are due that are not paid in full. In `meta`: what was paid for orders that are not sold yet, what is missing
 * for those that are and how many they are, the budgets of those that are not, and the points that all customers have.
 */
export async function debts(scope: Scope, range: keyof typeof daysAhead | "custom") {
  const { reader, shop, stores, categories, today, span } = scope
  const days = range === "custom" ? span : { from: today, to: plusDays(today, daysAhead[range] - 1) }
  const [row] = await reader.query(
    `WITH waiting AS MATERIALIZED (
       SELECT due_day, posted_at, total, paid, budget FROM reports.sale_order
       WHERE shop_id = $1 AND side = ${currentSide} AND is_open AND ($2::uuid[] IS NULL OR store_id = ANY ($2::uuid[]))
         AND ($3::text[] IS NULL OR category_ids && $3::text[]))
     SELECT coalesce(sum(paid) FILTER (WHERE posted_at IS NULL), 0) AS prepaid,
       coalesce(sum(total - paid) FILTER (WHERE posted_at IS NOT NULL), 0) AS debt,
       coalesce(sum(budget) FILTER (WHERE posted_at IS NULL), 0) AS budget,
       count(*) FILTER (WHERE posted_at IS NOT NULL) AS debtors,
       coalesce((SELECT points FROM reports.points_balance WHERE shop_id = $1 AND side = ${currentSide}), 0) AS points,
       (SELECT jsonb_object_agg(day, orders) FROM (
          SELECT to_char(due_day, 'YYYY-MM-DD') AS day, count(*) AS orders FROM waiting WHERE paid < total AND due_day BETWEEN $4::date AND $5::date GROUP BY 1) due) AS due
     FROM waiting`,
    [shop, stores ?? null, categories ?? null, days.from, days.to],
  )
  const due = (row?.due ?? {}) as Record<string, number>
  const dates = daysIn(days) > 366 ? Object.keys(due).toSorted() : stepsOf(days, "day")
  const data = dates.map((date, index) => resource("stats-debts", String(index + 1), { date, qty: due[date] ?? 0 }))
  const meta = {
    ...scope.meta,
    prepaymentsAmount: toRoubles(Number(row?.prepaid)),
    customersDebtAmount: toRoubles(Number(row?.debt)),
    ordersBudgetAmount: toRoubles(Number(row?.budget)),
    ordersDebtQty: Number(row?.debtors),
    bonusesAmount: Number(row?.points),
  }
  return { data, meta }
}
