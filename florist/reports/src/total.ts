// Sums by day and by month: what an answer of the statistics is added up from. Which tables there are is data; a contribution adds to a day of a store, and
// so to its month. Called by the projections, and read by every statistics operation.
import type { Reader, Row } from "@florist/kit/database"
import { monthOf, wholeMonths } from "./calendar.ts"
import type { Day, Span } from "./calendar.ts"

export const totals = {
  sale: ["orders", "sold", "returned_orders", "returned", "qty", "discount", "markup", "checks"],
  money: ["received", "given", "count"],
  stock: ["qty", "cost", "documents"],
  bouquet: ["sold", "revenue", "cost", "qty", "delivered", "placed", "removed"],
} as const

export type Table = keyof typeof totals
export type Measure<T extends Table> = (typeof totals)[T][number]

/** What belongs to no store: points of a customer who bought nothing. */
export const noStore = "00000000-0000-0000-0000-000000000000"

/** Amounts in kopecks, quantities in thousandths, all signed. */
export interface Contribution<T extends Table = Table> {
  table: T
  breakdown: string
  key: string
  store: string
  day: Day
  values: Partial<Record<Measure<T>, number>>
}

export const toSales = (one: Omit<Contribution<"sale">, "table">): Contribution => ({ table: "sale", ...one })
export const toMoney = (one: Omit<Contribution<"money">, "table">): Contribution => ({ table: "money", ...one })
export const toStock = (one: Omit<Contribution<"stock">, "table">): Contribution => ({ table: "stock", ...one })
export const toBouquets = (one: Omit<Contribution<"bouquet">, "table">): Contribution => ({ table: "bouquet", ...one })

/** Takes back what contributions added. */
export const takenBack = (contributions: readonly Contribution[]): Contribution[] =>
  contributions.map((one) => ({
    ...one,
    values: Object.fromEntries(Object.entries(one.values).map(([measure, value]) => [measure, -value])),
  }))

/** The same place once, and nothing that adds nothing. */
function merged(contributions: readonly Contribution[]): Contribution[] {
  const byPlace = new Map<string, Contribution>()
  for (const one of contributions) {
    const place = [one.table, one.breakdown, one.store, one.day, one.key].join("|")
    const same = byPlace.get(place)
    if (same === undefined) byPlace.set(place, { ...one, values: { ...one.values } })
    else same.values = sumOf(same.values, one.values)
  }
  return [...byPlace.values()].filter(({ values }) => Object.values(values).some((value) => value !== 0))
}

function sumOf(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = { ...a }
  for (const [measure, value] of Object.entries(b)) sum[measure] = (sum[measure] ?? 0) + value
  return sum
}

/** Adds to the sums of one side, in one statement for each table. */
export async function addTotals(reader: Reader, shop: number, side: number, contributions: readonly Contribution[]): Promise<void> {
  const days = merged(contributions)
  if (days.length === 0) return
  const months = merged(days.map((one) => ({ ...one, day: monthOf(one.day) })))
  const rows = [...days.map((one) => rowOf("day", one)), ...months.map((one) => rowOf("month", one))]
  for (const table of Object.keys(totals) as Table[]) {
    const own = rows.filter((row) => row.table === table)
    if (own.length === 0) continue
    const measures = totals[table]
    await reader.query(
      `INSERT INTO reports.${table}_total AS there (shop_id, side, breakdown, grain, start, store_id, key, ${measures.join(", ")})
       SELECT $1, $2, breakdown, grain, start, store_id, key, ${measures.map((name) => `coalesce(${name}, 0)`).join(", ")}
       FROM jsonb_to_recordset($3::jsonb) AS (breakdown text, grain text, start date, store_id uuid, key text, ${measures.map((name) => `${name} bigint`).join(", ")})
       ON CONFLICT (shop_id, side, breakdown, grain, start, store_id, key)
       DO UPDATE SET ${measures.map((name) => `${name} = there.${name} + excluded.${name}`).join(", ")}`,
      [shop, side, JSON.stringify(own)],
    )
  }
}

const rowOf = (grain: "day" | "month", { table, breakdown, store, day, key, values }: Contribution) => ({
  table,
  breakdown,
  grain,
  start: day,
  store_id: store,
  key,
  ...values,
})

/** Which side of a shop is read, as SQL with the shop as $1. As a whole subquery: then an index on it still gives rows in order. */
export const currentSide = "(SELECT coalesce(max(side), 0::smallint) FROM reports.projection WHERE shop_id = $1)"

export interface Question<T extends Table> {
  table: T
  breakdowns: readonly string[]
  /** The sums of each are told apart. */
  spans: readonly Span[]
  /** Undefined for all, with what belongs to no store. */
  stores: readonly string[] | undefined
  /** What else the sums are told apart by; "first" is what stands before the key's slash. */
  by: "nothing" | "key" | "first" | "day" | "month"
  /** Only keys that are, or hold, one of these. */
  keys?: { which: keyof typeof keyConditions; values: readonly string[] } | undefined
}

export interface Sum<T extends Table> {
  breakdown: string
  /** Index in the question's spans. */
  span: number
  key: string
  /** The step's first day; "" where sums are not told apart by days. */
  start: Day
  values: Record<Measure<T>, number>
}

const groups = {
  nothing: { key: "''", start: "''" },
  key: { key: "key", start: "''" },
  first: { key: "split_part(key, '/', 1)", start: "''" },
  day: { key: "''", start: "to_char(start, 'YYYY-MM-DD')" },
  month: { key: "''", start: "to_char(date_trunc('month', start), 'YYYY-MM-DD')" },
} as const

const keyConditions = {
  is: "key = ANY ($4::text[])",
  second: "split_part(key, '/', 2) = ANY ($4::text[])",
  touches: "string_to_array(key, ',') && $4::text[]",
  secondTouches: "string_to_array(split_part(key, '/', 2), ',') && $4::text[]",
} as const

/** Whole months come from the sums by month, the days before and after them from the sums by day. */
export async function sumTotals<T extends Table>(reader: Reader, shop: number, question: Question<T>): Promise<Sum<T>[]> {
  const { table, breakdowns, spans, stores, by, keys } = question
  const measures: readonly Measure<T>[] = totals[table]
  const { key, start } = groups[by]
  const values: unknown[] = [shop, breakdowns, stores ?? null, keys?.values ?? null]
  const day = (at: Day) => `$${values.push(at)}::date`
  const parts = spans.flatMap((span, index) => {
    const whole = by === "day" ? { from: span.from, to: span.from } : wholeMonths(span)
    const [from, firstMonth, afterMonths, to] = [span.from, whole.from, whole.to, span.to].map(day)
    const part = (grain: string, during: string) =>
      `SELECT ${index} AS span, breakdown, key, start, ${measures.join(", ")} FROM reports.${table}_total
       WHERE shop_id = $1 AND side = ${currentSide} AND breakdown = ANY ($2::text[]) AND grain = '${grain}' AND ${during}
         AND ($3::uuid[] IS NULL OR store_id = ANY ($3::uuid[])) AND ${keys === undefined ? "$4::text[] IS NULL" : keyConditions[keys.which]}`
    return [
      part("month", `start >= ${firstMonth} AND start < ${afterMonths}`),
      part("day", `start >= ${from} AND start < ${firstMonth}`),
      part("day", `start >= ${afterMonths} AND start <= ${to}`),
    ]
  })
  const rows = await reader.query(
    `SELECT span, breakdown, ${key} AS key, ${start} AS start, ${measures.map((name) => `sum(${name}) AS ${name}`).join(", ")}
     FROM (${parts.join(" UNION ALL ")}) parts GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 4, 3`,
    values,
  )
  return rows.map((row) => sumIn(row, measures))
}

function sumIn<T extends Table>(row: Row, measures: readonly Measure<T>[]): Sum<T> {
  const values = Object.fromEntries(measures.map((name) => [name, Number(row[name])])) as Record<Measure<T>, number>
  return { breakdown: String(row.breakdown), span: Number(row.span), key: String(row.key), start: String(row.start), values }
}

function zeros<T extends Table>(table: T): Record<Measure<T>, number> {
  return Object.fromEntries(totals[table].map((name) => [name, 0])) as Record<Measure<T>, number>
}

/** All sums of one span and some breakdowns as one. */
export function totalOf<T extends Table>(table: T, sums: readonly Sum<T>[], which: (sum: Sum<T>) => boolean): Record<Measure<T>, number> {
  const total = zeros(table)
  for (const sum of sums.filter(which)) {
    for (const measure of totals[table] as readonly Measure<T>[]) total[measure] += sum.values[measure]
  }
  return total
}
