// The general figures of stores: revenue, money, profit, orders, discounts, points, and how each changed against the same number of days before.
import { resource, resourceOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { z } from "zod"
import { previousOf } from "../calendar.ts"
import { currentSide, totalOf } from "../total.ts"
import { costs, moneyMethods, moneyOf, orderCounts, payments, points, revenueOf, sales } from "./figures.ts"
import { averageOf, changeOf, shareOf } from "./ratio.ts"
import type { Scope } from "./scope.ts"

const figure = z.number()
const change = z.number().nullable()

export const generalOut = resourceOut(
  "store-stats",
  {
    revenue: figure,
    revenuePrev: change,
    paymentsRevenue: figure,
    paymentsRevenuePrev: change,
    profit: figure,
    profitPrev: change,
    marginality: figure,
    ordersQty: figure,
    ordersQtyPrev: change,
    avgOrderSum: figure,
    avgOrderSumPrev: change,
    ordersReturnedQty: figure,
    ordersReturnedQtyPrev: change,
    ordersReturnedAmount: figure,
    checksPrinted: figure,
    discountAmount: figure,
    discountShare: figure,
    bonusesAccrued: figure,
    bonusesSpent: figure,
    negativeBalance: z.boolean(),
    cashboxAmount: figure,
  },
  {},
)

const previous = z.object({
  revenue: figure,
  paymentsRevenue: figure,
  profit: figure,
  ordersQty: figure,
  avgOrderSum: figure,
  ordersReturnedQty: figure,
})
/** The figures of the days before themselves: the attributes `...Prev` only say by how many per cent they changed. */
export const generalMetaOut = { calculatedAt: z.string().nullable(), previous, previousFrom: z.string(), previousTo: z.string() }

/**
 * Revenue is what was sold less what was returned; profit is revenue less the cost of the goods. Marginality is profit in per cent of revenue; the discount's share is of what would have been
 * paid without it. `...Prev` are changes in per cent, null where there was nothing; of returned orders it is the difference.
 */
export async function general(scope: Scope) {
  const before = previousOf(scope.span)
  const apart = { by: "nothing", spans: [scope.span, before] } as const
  const [sold, counted, cost, paid, bonuses, drawer] = await Promise.all([
    sales(scope, apart),
    orderCounts(scope, apart),
    costs(scope, apart),
    payments(scope, apart, moneyMethods),
    points(scope, scope.span),
    drawerAndShortage(scope),
  ])
  const [now, then] = [0, 1].map((span) => {
    const amounts = totalOf("sale", sold, (sum) => sum.span === span)
    const counts = totalOf("sale", counted, (sum) => sum.span === span)
    const revenue = revenueOf(amounts)
    return {
      revenue,
      counts,
      discount: amounts.discount,
      returned: amounts.returned,
      profit: revenue - cost.filter((sum) => sum.span === span).reduce((total, each) => total + each.cost, 0),
      money: moneyOf(totalOf("money", paid, (sum) => sum.span === span)),
      average: averageOf(revenue, counts.orders - counts.returned_orders),
    }
  }) as [Period, Period]
  const attributes = {
    revenue: toRoubles(now.revenue),
    revenuePrev: changeOf(now.revenue, then.revenue),
    paymentsRevenue: toRoubles(now.money),
    paymentsRevenuePrev: changeOf(now.money, then.money),
    profit: toRoubles(now.profit),
    profitPrev: changeOf(now.profit, then.profit),
    marginality: shareOf(now.profit, now.revenue),
    ordersQty: now.counts.orders,
    ordersQtyPrev: changeOf(now.counts.orders, then.counts.orders),
    avgOrderSum: toRoubles(now.average),
    avgOrderSumPrev: changeOf(now.average, then.average),
    ordersReturnedQty: now.counts.returned_orders,
    ordersReturnedQtyPrev: now.counts.returned_orders - then.counts.returned_orders,
    ordersReturnedAmount: toRoubles(now.returned),
    checksPrinted: now.counts.checks,
    discountAmount: toRoubles(now.discount),
    discountShare: shareOf(now.discount, now.revenue + now.discount),
    bonusesAccrued: bonuses.accrued,
    bonusesSpent: bonuses.spent,
    ...drawer,
  }
  const meta = {
    ...scope.meta,
    previousFrom: before.from,
    previousTo: before.to,
    previous: {
      revenue: toRoubles(then.revenue),
      paymentsRevenue: toRoubles(then.money),
      profit: toRoubles(then.profit),
      ordersQty: then.counts.orders,
      avgOrderSum: toRoubles(then.average),
      ordersReturnedQty: then.counts.returned_orders,
    },
  }
  return { data: resource("store-stats", "1", attributes), meta }
}

interface Period {
  revenue: number
  counts: ReturnType<typeof totalOf<"sale">>
  discount: number
  returned: number
  profit: number
  money: number
  average: number
}

/** As it is now, whatever days are asked for: what lies in the drawers, and whether something was sold that was not there. */
async function drawerAndShortage({ reader, shop, stores }: Scope): Promise<{ negativeBalance: boolean; cashboxAmount: number }> {
  const [row] = await reader.query(
    `SELECT
       EXISTS (SELECT 1 FROM reports.stock_balance WHERE shop_id = $1 AND side = ${currentSide} AND qty < 0
         AND ($2::uuid[] IS NULL OR store_id = ANY ($2::uuid[]))) AS negative,
       (SELECT sum(CASE shift.status WHEN 'open' THEN shift.expected + shift.moved ELSE coalesce(shift.counted, shift.expected) END)
        FROM reports.register JOIN reports.cash_shift shift USING (shop_id, side)
        WHERE shop_id = $1 AND side = ${currentSide} AND shift.id = register.shift_id
          AND ($2::uuid[] IS NULL OR shift.store_id = ANY ($2::uuid[]))) AS cash`,
    [shop, stores ?? null],
  )
  return { negativeBalance: row?.negative === true, cashboxAmount: toRoubles(Number(row?.cash ?? 0)) }
}
