// Revenue, money and profit step by step: days of a short range, months of a long one. Steps without sales are there too, with 0.
import { resource, resourceOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { z } from "zod"
import { stepsOf } from "../calendar.ts"
import { costs, moneyMethods, moneyOf, payments, revenueOf, sales } from "./figures.ts"
import type { Scope } from "./scope.ts"

const attributes = { date: z.string(), amount: z.number() }
export const revenueOut = resourceOut("stats-revenue", attributes, {})
export const paymentsRevenueOut = resourceOut("stats-payments-revenue", attributes, {})
export const profitOut = resourceOut("stats-profit", attributes, {})
export const seriesMetaOut = { calculatedAt: z.string().nullable(), step: z.enum(["day", "month"]) }

interface Amount {
  start: string
  amount: number
}

const apartOf = ({ step, span }: Scope) => ({ by: step, spans: [span] })

const revenues = async (scope: Scope): Promise<Amount[]> =>
  (await sales(scope, apartOf(scope))).map(({ start, values }) => ({ start, amount: revenueOf(values) }))

export const revenue = async (scope: Scope) => series("stats-revenue", scope, await revenues(scope))

export async function paymentsRevenue(scope: Scope) {
  const sums = await payments(scope, apartOf(scope), moneyMethods)
  return series(
    "stats-payments-revenue",
    scope,
    sums.map(({ start, values }) => ({ start, amount: moneyOf(values) })),
  )
}

export async function profit(scope: Scope) {
  const [earned, spent] = await Promise.all([revenues(scope), costs(scope, apartOf(scope))])
  return series("stats-profit", scope, [...earned, ...spent.map(({ start, cost }) => ({ start, amount: 0 - cost }))])
}

function series(type: string, { span, step, meta }: Scope, amounts: readonly Amount[]) {
  const byStart = new Map<string, number>()
  for (const { start, amount } of amounts) byStart.set(start, (byStart.get(start) ?? 0) + amount)
  const data = stepsOf(span, step).map((date, index) =>
    resource(type, String(index + 1), { date, amount: toRoubles(byStart.get(date) ?? 0) }),
  )
  return { data, meta: { ...meta, step } }
}
