// Goods: what lies there, what came, what was written off and why, and what that is in per cent of sales and purchases.
import { oneOut, reference, resource, resourceOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { toUnits } from "@florist/kit/quantity"
import { z } from "zod"
import { currentSide, sumTotals } from "../total.ts"
import type { Sum } from "../total.ts"
import { revenueOf, sales } from "./figures.ts"
import { shareOf } from "./ratio.ts"
import type { Scope } from "./scope.ts"

const figure = z.number()
const calculated = z.string().nullable()

export const warehousesOut = resourceOut("stats-warehouses", { pricesBalance: figure, costsBalance: figure, writtenOffAmount: figure }, {})
export const baseOut = resourceOut(
  "warehouse-base-stats-totals",
  {
    inventoryActsCount: z.int(),
    packingInvoicesCount: z.int(),
    writeOffInvoicesCount: z.int(),
    writeOffCostToPackingCost: figure,
    shortages: figure,
    surpluses: figure,
  },
  {},
)
export const baseMetaOut = { warehouseCalculatedAt: calculated, reminderFlowers: figure, reminderProduct: figure, reminder: figure }
export const topItemsOut = resourceOut(
  "warehouse-top-items-stats-totals",
  { amount: figure, count: figure, proportionAmount: figure, proportionQty: figure },
  { item: oneOut },
)
export const warehouseMetaOut = { warehouseCalculatedAt: calculated }
export const writeOffsOut = resourceOut(
  "warehouse-stats-write-off",
  { amount: figure, shareSale: figure, sharePurchase: figure },
  { reason: oneOut },
)
export const packingOut = resourceOut("warehouse-stats-packing-invoice", { amount: figure }, { category: oneOut })

const topItemsShown = 20
const orNull = (key: string | undefined) => (key === undefined || key === "" ? null : key)

const stock = ({ reader, shop, stores, span }: Scope, breakdowns: readonly string[]): Promise<Sum<"stock">[]> =>
  sumTotals(reader, shop, { table: "stock", stores, spans: [span], by: "key", breakdowns })

const costIn = (sums: readonly Sum<"stock">[], breakdown: string, key: string): number =>
  sums.find((sum) => sum.breakdown === breakdown && sum.key === key)?.values.cost ?? 0

interface Balance {
  cost: number
  /** At the prices of now. */
  price: number
  flowers: number
  products: number
}

/** What lies there now. Flowers are what withers, and bouquets; everything else is a product. */
async function balanceOf({ reader, shop, stores, categories }: Pick<Scope, "reader" | "shop" | "stores" | "categories">): Promise<Balance> {
  const [row] = await reader.query(
    `SELECT coalesce(sum(cost), 0) AS cost, coalesce(sum(round(qty * price / 1000.0)), 0) AS price,
       coalesce(sum(cost) FILTER (WHERE withers), 0) AS flowers, coalesce(sum(cost) FILTER (WHERE NOT withers), 0) AS products
     FROM (
       SELECT b.qty, b.cost, b.kind = 'bouquet' OR coalesce(k.attributes -> 'freshForDays' > '0'::jsonb, false) AS withers,
         CASE WHEN b.kind = 'bouquet'
           THEN (SELECT q.sale_price FROM reports.bouquet q WHERE q.shop_id = b.shop_id AND q.side = b.side AND q.id = b.id)
           ELSE reports.price_in(k.attributes, b.store_id) END AS price
       FROM reports.stock_balance b
       LEFT JOIN reports.known_resource k ON k.shop_id = b.shop_id AND k.type = 'inventory-items' AND k.id = b.id::text
       WHERE b.shop_id = $1 AND b.side = ${currentSide} AND ($2::uuid[] IS NULL OR b.store_id = ANY ($2::uuid[]))
         AND ($3::text[] IS NULL OR k.attributes ->> 'categoryId' = ANY ($3::text[]))) there`,
    [shop, stores ?? null, categories ?? null],
  )
  return { cost: Number(row?.cost), price: Number(row?.price), flowers: Number(row?.flowers), products: Number(row?.products) }
}

export async function warehouses(scope: Scope) {
  const [there, gone] = await Promise.all([
    balanceOf(scope),
    stock(scope, scope.categories === undefined ? ["class"] : ["write-off-category"]),
  ])
  const writtenOff = gone
    .filter(({ key }) => (scope.categories === undefined ? key === "write-off" : scope.categories.includes(key)))
    .reduce((sum, { values }) => sum - values.cost, 0)
  const attributes = { pricesBalance: toRoubles(there.price), costsBalance: toRoubles(there.cost), writtenOffAmount: toRoubles(writtenOff) }
  return { data: resource("stats-warehouses", "1", attributes), meta: scope.meta }
}

export async function warehouseBase(scope: Scope) {
  const [there, sums] = await Promise.all([balanceOf(scope), stock(scope, ["class", "document"])])
  const documents = (key: string) => sums.find((sum) => sum.breakdown === "document" && sum.key === key)?.values.documents ?? 0
  const cost = (key: string) => costIn(sums, "class", key)
  const attributes = {
    inventoryActsCount: documents("count"),
    packingInvoicesCount: documents("receipt"),
    writeOffInvoicesCount: documents("write-off"),
    writeOffCostToPackingCost: shareOf(0 - cost("write-off"), cost("receipt")),
    shortages: toRoubles(0 - cost("shortage")),
    surpluses: toRoubles(cost("surplus")),
  }
  const meta = {
    warehouseCalculatedAt: scope.meta.calculatedAt,
    reminderFlowers: toRoubles(there.flowers),
    reminderProduct: toRoubles(there.products),
    reminder: toRoubles(there.cost),
  }
  return { data: resource("warehouse-base-stats-totals", "0", attributes), meta }
}

/** The items that most was written off of, by cost; `proportion...` are parts of all write-offs (for that reason). */
export async function topWrittenOff(scope: Scope, reason: string | undefined) {
  const { reader, shop, stores, span } = scope
  const sums = await sumTotals(reader, shop, {
    table: "stock",
    stores,
    spans: [span],
    by: "first",
    breakdowns: ["write-off-item"],
    keys:
      reason === undefined
        ? undefined
        : {
            which: "second",
            values: [reason],
          },
  })
  const items = sums
    .map(({ key, values }) => ({ item: key, cost: 0 - values.cost, qty: 0 - values.qty }))
    .toSorted((a, b) => b.cost - a.cost || (a.item < b.item ? -1 : 1))
  const [cost, qty] = [items.reduce((sum, item) => sum + item.cost, 0), items.reduce((sum, item) => sum + item.qty, 0)]
  const data = items.slice(0, topItemsShown).map((item, index) =>
    resource(
      "warehouse-top-items-stats-totals",
      String(index),
      {
        amount: toRoubles(item.cost),
        count: toUnits(item.qty),
        proportionAmount: shareOf(item.cost, cost),
        proportionQty: shareOf(item.qty, qty),
      },
      { item: reference("inventory-items", orNull(item.item)) },
    ),
  )
  return { data, meta: { warehouseCalculatedAt: scope.meta.calculatedAt } }
}

/** Costs of what was written off, by reason, in per cent of the revenue and of the purchases of the same days. */
export async function writeOffs(scope: Scope) {
  const [sums, sold] = await Promise.all([
    stock(scope, ["class", "write-off-reason"]),
    sales(scope, { by: "nothing", spans: [scope.span] }),
  ])
  const revenue = sold.reduce((sum, { values }) => sum + revenueOf(values), 0)
  const purchased = costIn(sums, "class", "receipt")
  const data = sums
    .filter(({ breakdown }) => breakdown === "write-off-reason")
    .map(({ key, values }) => ({ reason: key, cost: 0 - values.cost }))
    .toSorted((a, b) => b.cost - a.cost || (a.reason < b.reason ? -1 : 1))
    .map(({ reason, cost }, index) =>
      resource(
        "warehouse-stats-write-off",
        String(index),
        { amount: toRoubles(cost), shareSale: shareOf(cost, revenue), sharePurchase: shareOf(cost, purchased) },
        { reason: reference("write-off-reasons", orNull(reason)) },
      ),
    )
  return { data }
}

export async function packing(scope: Scope) {
  const sums = await stock(scope, ["receipt-category"])
  const data = sums
    .toSorted((a, b) => b.values.cost - a.values.cost || (a.key < b.key ? -1 : 1))
    .map(({ key, values }, index) =>
      resource(
        "warehouse-stats-packing-invoice",
        String(index),
        { amount: toRoubles(values.cost) },
        { category: reference("categories", orNull(key)) },
      ),
    )
  return { data, meta: { total: toRoubles(sums.reduce((sum, { values }) => sum + values.cost, 0)) } }
}
