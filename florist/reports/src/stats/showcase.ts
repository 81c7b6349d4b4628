// The showcase: what was sold from it, when, at which prices, with which flowers; how many bouquets stand on it, and for how long.
import { oneOut, reference, resource, resourceOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { toUnits } from "@florist/kit/quantity"
import { z } from "zod"
import { stepsOf } from "../calendar.ts"
import { priceBands } from "../price-band.ts"
import { currentSide, sumTotals, totalOf } from "../total.ts"
import type { Sum } from "../total.ts"
import { averageOf, shareOf } from "./ratio.ts"
import type { Scope } from "./scope.ts"

const figure = z.number()
const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const
const hours = Array.from({ length: 24 }, (_, hour) => `hour${hour}`)
const topFlowersShown = 20

export const showcaseOut = resourceOut(
  "showcase-stats",
  {
    revenue: figure,
    averagePrice: figure,
    averageCount: z.int(),
    profit: figure,
    marginality: figure,
    soldBouquetsCount: z.int(),
    deliveredBouquetsCount: z.int(),
  },
  {},
)
export const showcaseMetaOut = { showcaseCalculatedAt: z.string().nullable() }
export const showcaseNowMetaOut = {
  ...showcaseMetaOut,
  /** What stands there now: how many, at which prices, and for how many days on the average and at most. */
  onShowcase: z.object({ count: z.int(), amount: figure, averagePrice: figure, averageDays: figure, longestDays: z.int() }),
}
export const showcaseDaysOut = resourceOut(
  "showcase-days-stats",
  Object.fromEntries([...weekdays, ...hours].map((name) => [name, z.int()])),
  {},
)
export const showcasePricesOut = resourceOut("showcase-prices-stats", { revenue: figure, soldBouquetsCount: z.int() }, { diapason: oneOut })
export const topFlowersOut = resourceOut("showcase-top-flowers-stats", { revenue: figure, count: figure }, { item: oneOut })

const bouquets = ({ reader, shop, stores, span }: Scope, breakdowns: readonly string[]): Promise<Sum<"bouquet">[]> =>
  sumTotals(reader, shop, { table: "bouquet", stores, spans: [span], by: "key", breakdowns })

const metaOf = ({ meta }: Scope) => ({ showcaseCalculatedAt: meta.calculatedAt })

/** Sold bouquets less returned ones. `delivered` are those of orders with delivery; `averageCount` is of the ends of the days asked for. */
export async function showcase(scope: Scope) {
  const [sums, there, moves] = await Promise.all([bouquets(scope, ["all"]), onShowcase(scope), movesUntilToday(scope)])
  const { sold, revenue, cost, delivered } = totalOf("bouquet", sums, () => true)
  const attributes = {
    revenue: toRoubles(revenue),
    averagePrice: toRoubles(averageOf(revenue, sold)),
    averageCount: averageCount(scope, there.count, moves),
    profit: toRoubles(revenue - cost),
    marginality: shareOf(revenue - cost, revenue),
    soldBouquetsCount: sold,
    deliveredBouquetsCount: delivered,
  }
  const { count, amount, averageDays, longestDays } = there
  const now = { count, amount: toRoubles(amount), averagePrice: toRoubles(averageOf(amount, count)), averageDays, longestDays }
  return { data: resource("showcase-stats", "0", attributes), meta: { ...metaOf(scope), onShowcase: now } }
}

interface OnShowcase {
  count: number
  amount: number
  averageDays: number
  longestDays: number
}

async function onShowcase({ reader, shop, stores, now }: Scope): Promise<OnShowcase> {
  const [row] = await reader.query(
    `SELECT count(*) AS count, coalesce(sum(sale_price), 0) AS amount,
       coalesce(round(avg(greatest(0, extract(epoch FROM $3::timestamptz - on_window_at)) / 86400)::numeric, 1), 0) AS average,
       coalesce(floor(max(greatest(0, extract(epoch FROM $3::timestamptz - on_window_at)) / 86400)), 0) AS longest
     FROM reports.bouquet WHERE shop_id = $1 AND side = ${currentSide} AND status = 'demonstrated' AND ($2::uuid[] IS NULL OR store_id = ANY ($2::uuid[]))`,
    [shop, stores ?? null, now],
  )
  return { count: Number(row?.count), amount: Number(row?.amount), averageDays: Number(row?.average), longestDays: Number(row?.longest) }
}

const movesUntilToday = ({ reader, shop, stores, span, today }: Scope): Promise<Sum<"bouquet">[]> =>
  sumTotals(reader, shop, {
    table: "bouquet",
    stores,
    by: "day",
    breakdowns: ["all"],
    spans: [
      {
        from: span.from,
        to: today < span.to ? span.to : today,
      },
    ],
  })

/** Counted back from what stands there now: what came after a day was not there then, what left after it was. */
function averageCount({ span, today }: Scope, now: number, moves: readonly Sum<"bouquet">[]): number {
  const net = new Map(moves.map(({ start, values }) => [start, values.placed - values.removed]))
  let there = now
  let [sum, days] = [0, 0]
  for (const day of stepsOf({ from: span.from, to: today < span.to ? span.to : today }, "day").toReversed()) {
    if (day <= span.to && day <= today) {
      sum += there
      days++
    }
    there -= net.get(day) ?? 0
  }
  return averageOf(sum, days)
}

export async function showcaseDays(scope: Scope) {
  const sums = await bouquets(scope, ["weekday", "hour"])
  const sold = (breakdown: string, key: string) => sums.find((sum) => sum.breakdown === breakdown && sum.key === key)?.values.sold ?? 0
  const attributes = {
    ...Object.fromEntries(weekdays.map((name, index) => [name, sold("weekday", String(index + 1))])),
    ...Object.fromEntries(hours.map((name, hour) => [name, sold("hour", String(hour))])),
  }
  return { data: resource("showcase-days-stats", "0", attributes), meta: metaOf(scope) }
}

export async function showcasePrices(scope: Scope) {
  const sums = await bouquets(scope, ["price"])
  const data = sums
    .filter(({ values }) => values.sold !== 0 || values.revenue !== 0)
    .toSorted((a, b) => b.values.revenue - a.values.revenue || Number(a.key) - Number(b.key))
    .map(({ key, values }, index) =>
      resource(
        "showcase-prices-stats",
        String(index),
        { revenue: toRoubles(values.revenue), soldBouquetsCount: values.sold },
        { diapason: reference("bouquet-price-diapasons", key) },
      ),
    )
  return { data, meta: metaOf(scope) }
}

/** The flowers of the bouquets that were sold. A bouquet's price is shared among them by their costs. Categories are the flowers'. */
export async function topFlowers(scope: Scope) {
  const { reader, shop, categories } = scope
  const [sums, items] = await Promise.all([
    bouquets(scope, ["flower"]),
    categories === undefined
      ? undefined
      : reader.query(
          "SELECT id FROM reports.known_resource WHERE shop_id = $1 AND type = 'inventory-items' AND attributes ->> 'categoryId' = ANY ($2::text[])",
          [shop, categories],
        ),
  ])
  const wanted = items === undefined ? undefined : new Set(items.map(({ id }) => String(id)))
  const data = sums
    .filter(({ key, values }) => (wanted === undefined || wanted.has(key)) && values.qty !== 0)
    .toSorted((a, b) => b.values.revenue - a.values.revenue || (a.key < b.key ? -1 : 1))
    .slice(0, topFlowersShown)
    .map(({ key, values }, index) =>
      resource(
        "showcase-top-flowers-stats",
        String(index),
        { revenue: toRoubles(values.revenue), count: toUnits(values.qty) },
        { item: reference("inventory-items", key) },
      ),
    )
  return { data, meta: metaOf(scope) }
}

export const diapasonsOut = resourceOut("bouquet-price-diapasons", { from: figure, before: figure.nullable() }, {})

export const diapasons = () =>
  priceBands.map(({ id, from, before }) =>
    resource("bouquet-price-diapasons", String(id), { from: toRoubles(from), before: before === null ? null : toRoubles(before) }),
  )
