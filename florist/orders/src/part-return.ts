// What of a sold order comes back where not all of it does: by line and quantity, money in proportion. Pure. Called by the return.
import { invalid } from "@florist/kit/refusal"
import { timesPrice, toUnitsText } from "@florist/kit/quantity"
import { fitted } from "./basket.ts"
import type { BasketTotals } from "./basket.ts"
import { totalsOf } from "./order-totals.ts"
import type { Basket, Discount, Line, Order } from "./order.ts"

export interface AskedBack {
  id: string
  /** Thousandths; all of the line where it is left out. */
  qty: number | undefined
}

export interface PartReturn {
  /** What the customer keeps. */
  kept: Basket & BasketTotals
  /** What came back, with what the customer is owed for it. */
  back: Pick<Order, "lines" | "totalAmount" | "discountAmount" | "markupAmount">
}

const linesAt = "/data/relationships/lines/data"

/**
 * Rates stay as they are, sums shrink with what they were given for.
 * @returns "whole" where nothing would be left.
 * @throws Refusal 422 for lines that are not there, twice, or not so many.
 */
export function partReturn(order: Order, asked: readonly AskedBack[]): PartReturn | "whole" {
  const back = quantitiesBack(order.lines, asked)
  const lines = order.lines.map((line) => ({ ...line, qty: line.qty - (back.get(line.id) ?? 0) })).filter(({ qty }) => qty > 0)
  if (lines.length === 0) return "whole"
  const kept = neverAbove(order.totalAmount, fitted(lines, discountsOf(order, lines)))
  return { kept, back: difference(order, kept, back) }
}

/** Several rates together may round a kopeck up on what is left: nobody owes one for having brought something back. */
function neverAbove(paid: number, kept: Basket & BasketTotals): Basket & BasketTotals {
  const excess = kept.totalAmount - paid
  if (excess <= 0) return kept
  const at = kept.lines.findIndex(({ total }) => total >= excess)
  const lines = kept.lines.map((line, i) => (i === at ? { ...line, total: line.total - excess } : line))
  return { ...kept, lines, totalAmount: paid, discountAmount: kept.discountAmount + excess }
}

function quantitiesBack(lines: readonly Line[], asked: readonly AskedBack[]): Map<string, number> {
  if (asked.length === 0) throw invalid("Name what comes back, or leave the lines out: then all of it does.", { pointer: linesAt })
  const back = new Map<string, number>()
  for (const [index, { id, qty }] of asked.entries()) {
    const pointer = `${linesAt}/${index}`
    const line = lines.find((each) => each.id === id)
    if (line === undefined) throw invalid(`The order has no line ${id} that is still the customer's.`, { pointer: `${pointer}/id` })
    if (back.has(id)) throw invalid(`The line ${id} is there twice.`, { pointer: `${pointer}/id` })
    const wanted = qty ?? line.qty
    if (wanted > line.qty) {
      const detail = `The customer has ${toUnitsText(line.qty)} of it, ${toUnitsText(wanted)} cannot come back.`
      throw invalid(detail, { pointer: `${pointer}/attributes/qty` }, "more-than-sold")
    }
    back.set(id, wanted)
  }
  return back
}

/** Rounded for the shop, so that nobody owes a kopeck for having brought something back. */
function discountsOf(order: Order, kept: readonly Line[]): Discount[] {
  const ofLines = order.discounts.filter(({ lineId }) => lineId !== null)
  const rulesOfLines = ofLines.flatMap((rule) => {
    const [now, before] = [kept, order.lines].map((lines) => lines.find(({ id }) => id === rule.lineId))
    if (now === undefined || before === undefined) return []
    const shrunk = share(rule, now.qty, before.qty)
    return { ...rule, amount: rule.kind === "discount" ? Math.min(shrunk, timesPrice(now.qty, now.price)) : shrunk }
  })
  const [now, before] = [base(kept, rulesOfLines), base(order.lines, ofLines)]
  const ofWhole = order.discounts.filter(({ lineId }) => lineId === null)
  return [...rulesOfLines, ...ofWhole.map((rule) => ({ ...rule, amount: share(rule, now, before) }))]
}

/** What a discount of the whole order is taken from. */
function base(lines: readonly Line[], rulesOfLines: readonly Discount[]): number {
  const own = totalsOf(lines, rulesOfLines).totalAmount
  return own > 0 ? own : lines.reduce((sum, { qty, price }) => sum + timesPrice(qty, price), 0)
}

function share({ kind, rate, amount }: Discount, part: number, all: number): number {
  if (rate !== null || all === 0) return amount
  return (kind === "discount" ? Math.ceil : Math.floor)((amount * part) / all)
}

function difference(order: Order, kept: Basket & BasketTotals, back: ReadonlyMap<string, number>): PartReturn["back"] {
  const lines = order.lines.flatMap((line) => {
    const qty = back.get(line.id)
    if (qty === undefined) return []
    const left = kept.lines.find(({ id }) => id === line.id)
    return { ...line, qty, amount: line.amount - (left?.amount ?? 0), total: line.total - (left?.total ?? 0) }
  })
  const totalAmount = order.totalAmount - kept.totalAmount
  // A kopeck of rounding moves between lines that stay and lines that go; together they come to what is owed.
  const last = lines.at(-1)
  if (last !== undefined) last.total += totalAmount - lines.reduce((sum, { total }) => sum + total, 0)
  return {
    lines,
    totalAmount,
    discountAmount: order.discountAmount - kept.discountAmount,
    markupAmount: order.markupAmount - kept.markupAmount,
  }
}
