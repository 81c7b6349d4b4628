// The basket of an order from what a request says of it: lines with prices and titles, discounts, and what it all comes to. Totals that the client sends are
// checked to the kopeck. Called by edits.
import type { ItemAttributes } from "@florist/kit/contracts/catalog"
import { newId } from "@florist/kit/id"
import { toRoublesText } from "@florist/kit/money"
import { Refusal, invalid } from "@florist/kit/refusal"
import type { Problem } from "@florist/kit/refusal"
import type { DiscountIn, LineIn, OrderIn } from "./order-input.ts"
import { Overdrawn, totalsOf } from "./order-totals.ts"
import type { LineTotal, Totals } from "./order-totals.ts"
import type { Basket, Discount, Line, OrderState } from "./order.ts"

/** Largest amount of a line. */
const mostKopecks = 100_000_000_000

export interface Goods {
  items: ReadonlyMap<string, Pick<ItemAttributes, "title" | "categoryId" | "prices">>
  bouquets: ReadonlyMap<string, { title: string; salePrice: number }>
}

export interface CustomerTerms {
  /** Of one discount that stands for the customer's groups. */
  discountId: string
  /** Hundredths of a per cent. */
  rate: number
}

export type BasketTotals = Pick<OrderState, "linesAmount" | "discountAmount" | "markupAmount" | "totalAmount">

const linesAt = "/data/relationships/lines/data"
const discountsAt = "/data/relationships/discounts/data"

/**
 * The basket as the request wants it; what it does not speak of stays.
 * @throws Refusal 422 with a pointer for every line or discount that does not add up.
 */
export function basketFrom(
  asked: Pick<OrderIn, "lines" | "discounts" | "totalAmount">,
  before: Basket & Pick<OrderState, "storeId">,
  goods: Goods,
  terms: CustomerTerms | "as before" | "none",
): Basket & BasketTotals {
  const lines = asked.lines === undefined ? before.lines : linesFrom(asked.lines, before.lines, before.storeId, goods)
  const given = discountsFrom(asked.discounts, before.discounts, lines)
  const discounts = withTerms(given, before.discounts, terms, lines)
  const priced = repriced(lines, discounts)

  const problems = [...(asked.lines ?? []).entries()].flatMap(([index, said]) => lineProblems(index, said, lines[index], priced.totals))
  const totals = new Set([priced.totals.totalAmount, ...withoutTerms(lines, discounts)])
  if (asked.totalAmount !== undefined && !totals.has(asked.totalAmount)) {
    const detail = `totalAmount is ${toRoublesText(asked.totalAmount)}, and the order comes to ${toRoublesText(priced.totals.totalAmount)}.`
    problems.push(problem("/data/attributes/totalAmount", detail))
  }
  const [first, ...others] = problems
  if (first !== undefined) throw new Refusal([first, ...others])
  return priced.basket
}

/** The same basket with its totals computed again. @throws Refusal 422 where discounts take more than there is. */
export function repriced(lines: readonly Line[], discounts: readonly Discount[]): { basket: Basket & BasketTotals; totals: Totals } {
  const totals = computed(lines, discounts)
  const { linesAmount, discountAmount, markupAmount, totalAmount } = totals
  const basket = {
    lines: lines.map((line, index) => ({ ...line, amount: totals.lines[index]?.amount ?? 0, total: totals.lines[index]?.total ?? 0 })),
    discounts: discounts.map((discount, index) => ({ ...discount, amount: totals.discounts[index] ?? 0 })),
    linesAmount,
    discountAmount,
    markupAmount,
    totalAmount,
  }
  return { basket, totals }
}

/** Without the line, and without what was taken off for it alone. Sums off the whole order shrink to what is left. */
export function withoutLine({ lines, discounts }: Basket, lineId: string): Basket & BasketTotals {
  const left = lines.filter(({ id }) => id !== lineId)
  return fitted(left, left.length === 0 ? [] : discounts.filter((discount) => discount.lineId !== lineId))
}

/** What is left of a basket, with sums off the whole order that shrink to it. */
export function fitted(left: readonly Line[], rules: readonly Discount[]): Basket & BasketTotals {
  const isSumOff = (rule: Discount) => rule.lineId === null && rule.rate === null && rule.kind === "discount"
  let room = comesTo(
    left,
    rules.map((rule) => (isSumOff(rule) ? { ...rule, amount: 0 } : rule)),
  )
  // Rates of more than the whole, which a markup made up for, may miss it by a kopeck of rounding now.
  if (room === undefined)
    return repriced(
      left,
      rules.filter((rule) => rule.lineId !== null),
    ).basket
  const fitting: Discount[] = []
  for (const rule of rules) {
    const amount = isSumOff(rule) ? Math.min(rule.amount, room) : rule.amount
    if (isSumOff(rule)) room -= amount
    fitting.push({ ...rule, amount })
  }
  return repriced(left, fitting).basket
}

/** Undefined where discounts take more than there is. */
function comesTo(lines: readonly Line[], rules: readonly Discount[]): number | undefined {
  try {
    return totalsOf(lines, rules).totalAmount
  } catch (cause) {
    if (cause instanceof Overdrawn) return undefined
    throw cause
  }
}

function computed(lines: readonly Line[], discounts: readonly Discount[]): Totals {
  for (const [index, { qty, price }] of lines.entries()) {
    if ((qty / 1_000) * price > mostKopecks)
      throw invalid("The line's amount is above a billion roubles.", { pointer: `${linesAt}/${index}` })
  }
  try {
    return totalsOf(lines, discounts)
  } catch (cause) {
    if (!(cause instanceof Overdrawn)) throw cause
    const index = discounts.findIndex(({ id }) => id === cause.discountId)
    throw invalid(cause.message, { pointer: `${discountsAt}/${index}` }, "discount-too-large")
  }
}

function linesFrom(asked: readonly LineIn[], before: readonly Line[], storeId: string, goods: Goods): Line[] {
  const known = new Map(before.map((line) => [line.id, line]))
  const seen = new Set<string>()
  return asked.map((said, index) => {
    const pointer = `${linesAt}/${index}`
    const line = lineFrom(said, said.id === undefined ? undefined : known.get(said.id), storeId, goods, pointer)
    if (seen.has(line.id)) throw invalid(`The line ${line.id} is there twice.`, { pointer: `${pointer}/id` })
    seen.add(line.id)
    return line
  })
}

function lineFrom(said: LineIn, known: Line | undefined, storeId: string, goods: Goods, pointer: string): Line {
  const itemId = said.item === undefined ? (known?.itemId ?? null) : said.item
  const bouquetId = said.bouquet === undefined ? (known?.bouquetId ?? null) : said.bouquet
  if ((itemId === null) === (bouquetId === null)) {
    throw invalid("A line has either an item or a bouquet.", { pointer: `${pointer}/relationships` })
  }
  const { qty, price, title, manualSetting } = said.attributes ?? {}
  const isSameThing = known?.itemId === itemId && known.bouquetId === bouquetId
  const item = itemId === null ? undefined : goods.items.get(itemId)
  const bouquet = bouquetId === null ? undefined : goods.bouquets.get(bouquetId)
  const amountOfOne = price ?? (isSameThing ? known.price : (bouquet?.salePrice ?? priceIn(item, storeId)))
  if (amountOfOne === undefined) {
    throw invalid("The line needs a price: the catalog has told none.", { pointer: `${pointer}/attributes/price` })
  }
  const quantity = qty ?? (isSameThing ? known.qty : 1_000)
  if (bouquetId !== null && quantity !== 1_000) {
    throw invalid("A bouquet is sold as one.", { pointer: `${pointer}/attributes/qty` })
  }
  return {
    id: said.id ?? newId(),
    itemId,
    bouquetId,
    title: title ?? (isSameThing ? known.title : (item?.title ?? bouquet?.title ?? "")),
    categoryId: item?.categoryId ?? (isSameThing ? known.categoryId : null),
    qty: quantity,
    price: amountOfOne,
    amount: 0,
    total: 0,
    manual: manualSetting ?? (isSameThing ? known.manual : false),
  }
}

function priceIn(item: Pick<ItemAttributes, "prices"> | undefined, storeId: string): number | undefined {
  const own = item?.prices.find((each) => each.storeId === storeId)
  return (own ?? item?.prices.find((each) => each.storeId === null))?.price
}

/** Discounts of lines that are gone go with them, where the request does not speak of discounts. */
function discountsFrom(asked: readonly DiscountIn[] | undefined, before: readonly Discount[], lines: readonly Line[]): Discount[] {
  const lineIds = new Set(lines.map(({ id }) => id))
  if (asked === undefined) return before.filter(({ lineId }) => lineId === null || lineIds.has(lineId))
  const known = new Map(before.map((discount) => [discount.id, discount]))
  const seen = new Set<string>()
  return asked.map((said, index) => {
    const pointer = `${discountsAt}/${index}`
    const discount = discountFrom(said, said.id === undefined ? undefined : known.get(said.id), pointer)
    if (discount.lineId !== null && !lineIds.has(discount.lineId)) {
      throw invalid(`The order has no line ${discount.lineId}.`, { pointer: `${pointer}/relationships/line` })
    }
    if (seen.has(discount.id)) throw invalid(`The discount ${discount.id} is there twice.`, { pointer: `${pointer}/id` })
    seen.add(discount.id)
    return discount
  })
}

function discountFrom({ id, attributes, reason, line }: DiscountIn, known: Discount | undefined, pointer: string): Discount {
  if (attributes === undefined) {
    if (known !== undefined) return known
    throw invalid("A new discount needs attributes: percent or amount.", { pointer: `${pointer}/attributes` })
  }
  const { discountType, percent, amount } = attributes
  return {
    id: id ?? newId(),
    lineId: line === undefined ? (known?.lineId ?? null) : line,
    kind: discountType,
    rate: percent ?? null,
    amount: amount ?? 0,
    reasonId: reason === undefined ? (known?.reasonId ?? null) : reason,
    byTerms: false,
  }
}

function withTerms(
  given: readonly Discount[],
  before: readonly Discount[],
  terms: CustomerTerms | "as before" | "none",
  lines: readonly Line[],
): Discount[] {
  const byHand = given.filter(({ byTerms }) => !byTerms)
  if (terms === "none") return byHand
  if (terms === "as before") return [...byHand, ...before.filter(({ byTerms }) => byTerms)]
  if (terms.rate === 0 || lines.length === 0) return byHand
  const { discountId: id, rate } = terms
  return [...byHand, { id, lineId: null, kind: "discount", rate, amount: 0, reasonId: null, byTerms: true }]
}

/** A client cannot know the discount of the customer's groups before it is given. */
function withoutTerms(lines: readonly Line[], discounts: readonly Discount[]): number[] {
  return discounts.some(({ byTerms }) => byTerms)
    ? [
        computed(
          lines,
          discounts.filter(({ byTerms }) => !byTerms),
        ).totalAmount,
      ]
    : []
}

function lineProblems(index: number, { attributes }: LineIn, line: Line | undefined, totals: Totals): Problem[] {
  const computed = totals.lines[index]
  if (attributes === undefined || line === undefined || computed === undefined) return []
  const { amount, totalAmount, totalAmountWithDiscount, discountPrice } = attributes
  const after = [computed.own, computed.total]
  const checks = [
    { name: "amount", said: amount, right: [computed.amount] },
    { name: "totalAmount", said: totalAmount, right: [computed.amount] },
    { name: "totalAmountWithDiscount", said: totalAmountWithDiscount, right: after },
    { name: "discountPrice", said: discountPrice, right: pricesOf(computed, line) },
  ]
  return checks.flatMap(({ name, said, right }) =>
    said === undefined || said === null || right.includes(said)
      ? []
      : [
          problem(
            `${linesAt}/${index}/attributes/${name}`,
            `${name} is ${toRoublesText(said)}, and it comes to ${toRoublesText(right[0] ?? 0)}.`,
          ),
        ],
  )
}

/** A unit's price after discounts, rounded; of a line without any exactly its price. */
function pricesOf({ amount, own, total }: LineTotal, { qty, price }: Line): number[] {
  return [own, total].map((after) => (after === amount ? price : unitPrice(after, qty)))
}

export function unitPrice(amount: number, qty: number): number {
  return Math.round((amount * 1_000) / qty)
}

function problem(pointer: string, detail: string): Problem {
  return { status: 422, code: "does-not-add-up", title: "Does not add up", detail, source: { pointer } }
}
