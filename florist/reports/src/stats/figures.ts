// The figures that several answers share: sales, cost of goods, money, points. One question of the sums each. Called by the statistics and the report documents.
import type { Reader } from "@florist/kit/database"
import type { Day, Span } from "../calendar.ts"
import { sumTotals } from "../total.ts"
import type { Measure, Question, Sum } from "../total.ts"

export interface Asked {
  reader: Reader
  shop: number
  stores: readonly string[] | undefined
  categories: readonly string[] | undefined
}

type Apart = Pick<Question<"sale">, "by" | "spans">

/** Amounts and discounts of sales; of the named categories' lines alone where there are some. */
export const sales = ({ reader, shop, stores, categories }: Asked, { by, spans }: Apart): Promise<Sum<"sale">[]> =>
  sumTotals(reader, shop, {
    table: "sale",
    stores,
    by,
    spans,
    ...(categories === undefined
      ? { breakdowns: ["all"] }
      : {
          breakdowns: ["category"],
          keys: {
            which: "is",
            values: categories,
          },
        }),
  })

/** How many orders; those that touch one of the categories where there are some, each once. */
export const orderCounts = ({ reader, shop, stores, categories }: Asked, { by, spans }: Apart): Promise<Sum<"sale">[]> =>
  sumTotals(reader, shop, {
    table: "sale",
    stores,
    by,
    spans,
    ...(categories === undefined
      ? { breakdowns: ["all"] }
      : {
          breakdowns: ["categories"],
          keys: {
            which: "touches",
            values: categories,
          },
        }),
  })

/** What goods that were sold had cost, kopecks, above 0: returns and late corrections are in it. */
export async function costs(
  { reader, shop, stores, categories }: Asked,
  { by, spans }: Apart,
): Promise<{ span: number; start: Day; cost: number }[]> {
  const keys = categories === undefined ? { which: "is" as const, values: ["sale"] } : { which: "is" as const, values: categories }
  const breakdowns = categories === undefined ? ["class"] : ["sale-category"]
  const sums = await sumTotals(reader, shop, { table: "stock", stores, by, spans, breakdowns, keys })
  return sums.map(({ span, start, values }) => ({ span, start, cost: 0 - values.cost }))
}

export const moneyMethods = ["cash", "card", "gift_card", "qr"] as const

/** Payments by method. Points are no money: they have the method "bonus". */
export const payments = ({ reader, shop, stores }: Asked, { by, spans }: Apart, methods?: readonly string[]): Promise<Sum<"money">[]> =>
  sumTotals(reader, shop, {
    table: "money",
    stores,
    by,
    spans,
    breakdowns: ["method"],
    keys:
      methods === undefined
        ? undefined
        : {
            which: "is",
            values: methods,
          },
  })

export async function points({ reader, shop, stores }: Asked, span: Span): Promise<{ accrued: number; spent: number }> {
  const sums = await sumTotals(reader, shop, { table: "money", stores, by: "key", spans: [span], breakdowns: ["points"] })
  const net = (kinds: readonly string[]) =>
    sums.filter(({ key }) => kinds.includes(key)).reduce((sum, { values }) => sum + values.received - values.given, 0)
  return { accrued: net(["earned", "earning-reversed", "granted"]), spent: 0 - net(["spent", "spending-restored"]) }
}

export const revenueOf = (values: Pick<Record<Measure<"sale">, number>, "sold" | "returned">): number => values.sold - values.returned
export const moneyOf = (values: Pick<Record<Measure<"money">, number>, "received" | "given">): number => values.received - values.given
