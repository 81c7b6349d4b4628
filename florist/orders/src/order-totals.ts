// What an order comes to: lines, discounts and markups of lines and of the whole order, to the kopeck. Pure. Called by edits and separations.
import { percentOf, toRoublesText } from "@florist/kit/money"
import { splitByWeight, timesPrice } from "@florist/kit/quantity"
import type { DiscountKind } from "./order.ts"

export interface PricedLine {
  id: string
  qty: number
  price: number
}

export interface DiscountRule {
  id: string
  /** Null for one of the whole order. */
  lineId: string | null
  kind: DiscountKind
  /** Hundredths of a per cent; null for one by sum. */
  rate: number | null
  /** By sum: how much. Of no meaning beside a rate. */
  amount: number
}

export interface LineTotal {
  amount: number
  /** After the line's own discounts. */
  own: number
  /** After its share in those of the whole order. */
  total: number
}

export interface Totals {
  lines: LineTotal[]
  /** What each discount comes to, in their order. */
  discounts: number[]
  linesAmount: number
  discountAmount: number
  markupAmount: number
  totalAmount: number
}

/** A discount that takes more than there is. */
export class Overdrawn extends Error {
  readonly discountId: string
  constructor(discountId: string, detail: string) {
    super(detail)
    this.discountId = discountId
  }
}

/**
 * Rates are of the line's amount, or of what the lines come to after their own discounts; several do not compound. The whole order's share of each line
 * follows its total, so that lines add up to the order exactly.
 * @throws Overdrawn where discounts take more than the line, or the order, comes to.
 */
export function totalsOf(lines: readonly PricedLine[], rules: readonly DiscountRule[]): Totals {
  const values = new Map<string, number>()
  const own = lines.map(({ id, qty, price }) => {
    const amount = timesPrice(qty, price)
    const mine = rules.filter(({ lineId }) => lineId === id)
    return { amount, own: amount + changeOf(amount, mine, values) }
  })

  const base = sum(own.map((each) => each.own))
  const change = changeOf(
    base,
    rules.filter(({ lineId }) => lineId === null),
    values,
  )
  const [first] = rules
  if (change !== 0 && lines.length === 0 && first !== undefined) throw new Overdrawn(first.id, "The order has no lines to carry it.")
  const shares = change === 0 ? own.map(() => 0) : splitByWeight(change, weightsOf(own))

  const amountOf = (kind: DiscountKind) => sum(rules.filter((rule) => rule.kind === kind).map(({ id }) => values.get(id) ?? 0))
  return {
    lines: own.map((each, index) => ({ ...each, total: each.own + (shares[index] ?? 0) })),
    discounts: rules.map(({ id }) => values.get(id) ?? 0),
    linesAmount: sum(own.map(({ amount }) => amount)),
    discountAmount: amountOf("discount"),
    markupAmount: amountOf("markup"),
    totalAmount: base + change,
  }
}

/** How the rules change an amount together, signed; notes what each comes to. */
function changeOf(base: number, rules: readonly DiscountRule[], values: Map<string, number>): number {
  let change = 0
  for (const { id, kind, rate, amount } of rules) {
    const value = rate === null ? amount : percentOf(base, rate)
    values.set(id, value)
    change += kind === "discount" ? -value : value
  }
  const last = rules.findLast(({ kind }) => kind === "discount")
  if (base + change < 0 && last !== undefined) {
    throw new Overdrawn(last.id, `Discounts take ${toRoublesText(-change)} roubles more than markups give, of ${toRoublesText(base)}.`)
  }
  return change
}

/** A markup on lines that come to nothing is shared by what they cost before, or evenly. */
function weightsOf(lines: readonly Omit<LineTotal, "total">[]): number[] {
  const totals = lines.map(({ own }) => own)
  if (totals.some((weight) => weight > 0)) return totals
  const amounts = lines.map(({ amount }) => amount)
  return amounts.some((weight) => weight > 0) ? amounts : lines.map(() => 1)
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
