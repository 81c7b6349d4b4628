// Sales by worker and by source, money by method: who and what brought how much, and its share of the whole.
import { oneOut, reference, resource, resourceOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { z } from "zod"
import { sumTotals } from "../total.ts"
import type { Sum } from "../total.ts"
import { moneyOf, payments, revenueOf } from "./figures.ts"
import { averageOf, shareOf } from "./ratio.ts"
import type { Scope } from "./scope.ts"

const figure = z.number()
/** Published, and shown nowhere: these sums have no single day. */
const date = z.null().optional()

export const workersOut = resourceOut("stats-workers", { avgOrderAmount: figure, salesAmount: figure, share: figure }, { worker: oneOut })
/** Published one step too deep; the examples show the relationships in their place. */
const tooDeep = z.never().optional()

export const sourcesOut = resourceOut("stats-sources", { date, amount: figure, share: figure }, { source: oneOut, data: tooDeep })
export const paymentsOut = resourceOut("stats-payments", { date, amount: figure, share: figure }, { paymentMethod: oneOut, data: tooDeep })

const byKey = (sums: readonly Sum<"sale">[]) => new Map(sums.map(({ key, values }) => [key, values]))
const orNull = (key: string) => (key === "" ? null : key)

/** By who posted the order (or made it, where nobody posted it). Whoever is no manager sees the own row alone. */
export async function workers(scope: Scope) {
  const { reader, shop, stores, span, categories, own } = scope
  const common = { table: "sale", stores, spans: [span] } as const
  const [amounts, counts] = await (categories === undefined
    ? sumTotals(reader, shop, { ...common, by: "key", breakdowns: ["worker"] }).then((sums) => [sums, sums] as const)
    : Promise.all([
        sumTotals(reader, shop, { ...common, by: "first", breakdowns: ["worker-category"], keys: { which: "second", values: categories } }),
        sumTotals(reader, shop, {
          ...common,
          by: "first",
          breakdowns: ["worker-categories"],
          keys: { which: "secondTouches", values: categories },
        }),
      ]))
  const orders = byKey(counts)
  const whole = amounts.reduce((sum, { values }) => sum + revenueOf(values), 0)
  const rows = amounts
    .filter(({ key }) => own === undefined || key === own)
    .map(({ key, values }) => {
      const count = orders.get(key)
      return { worker: key, revenue: revenueOf(values), orders: count === undefined ? 0 : count.orders - count.returned_orders }
    })
    .toSorted((a, b) => b.revenue - a.revenue || (a.worker < b.worker ? -1 : 1))
  const data = rows.map(({ worker, revenue, orders: count }, index) =>
    resource(
      "stats-workers",
      String(index + 1),
      { avgOrderAmount: toRoubles(averageOf(revenue, count)), salesAmount: toRoubles(revenue), share: shareOf(revenue, whole) },
      { worker: reference("workers", orNull(worker)) },
    ),
  )
  return { data, meta: scope.meta }
}

export async function sources(scope: Scope) {
  const { reader, shop, stores, span, categories } = scope
  const sums = await sumTotals(reader, shop, {
    table: "sale",
    stores,
    spans: [span],
    ...(categories === undefined
      ? {
          by: "key",
          breakdowns: ["source"],
        }
      : {
          by: "first",
          breakdowns: ["source-category"],
          keys: {
            which: "second",
            values: categories,
          },
        }),
  })
  const amounts = sums.map(({ key, values }) => ({ key, amount: revenueOf(values) }))
  return { data: shared("stats-sources", amounts, (key) => ({ source: reference("order-sources", orNull(key)) })), meta: scope.meta }
}

/** All methods, points among them. A method is named by the resource that the payments service told of, or by its own name. */
export async function paymentsByMethod(scope: Scope) {
  const { reader, shop } = scope
  const [sums, methods] = await Promise.all([
    payments(scope, { by: "key", spans: [scope.span] }),
    reader.query("SELECT id, attributes ->> 'kind' AS kind FROM reports.known_resource WHERE shop_id = $1 AND type = 'payment-methods'", [
      shop,
    ]),
  ])
  const ids = new Map(methods.map(({ id, kind }) => [String(kind), String(id)]))
  const amounts = sums.map(({ key, values }) => ({ key, amount: moneyOf(values) }))
  const data = shared("stats-payments", amounts, (key) => ({ paymentMethod: reference("payment-methods", ids.get(key) ?? key) }))
  return { data, meta: scope.meta }
}

function shared(
  type: string,
  amounts: readonly { key: string; amount: number }[],
  related: (key: string) => NonNullable<ReturnType<typeof resource>["relationships"]>,
) {
  const whole = amounts.reduce((sum, { amount }) => sum + amount, 0)
  return amounts
    .toSorted((a, b) => b.amount - a.amount || (a.key < b.key ? -1 : 1))
    .map(({ key, amount }, index) =>
      resource(type, String(index + 1), { amount: toRoubles(amount), share: shareOf(amount, whole) }, related(key)),
    )
}
