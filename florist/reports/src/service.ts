// The reports service: what a shop sold, earned, holds and owes, from projections of what the other services tell. Read by the owner and the managers; whoever sells sees the
// own sales.
//
// A day is a day of the store: by the clock of the store's time zone where the staff service told one, else by Moscow's.
import type { Service } from "@florist/kit/app"
import { follow } from "@florist/kit/known"
import type { Consumption } from "@florist/kit/relay"
import { analyticsOperations } from "./analytics/analytics-operations.ts"
import { reportOperations } from "./document/report-operations.ts"
import { factsOf } from "./fact.ts"
import { keepPrices } from "./item-price.ts"
import { projectionOperations } from "./projection-operations.ts"
import { itemOperations } from "./stats/item-operations.ts"
import { statsOperations } from "./stats/stats-operations.ts"
import { keepZone } from "./store-zone.ts"
import { doTasks } from "./task.ts"
import { totals } from "./total.ts"

const totalColumns = Object.fromEntries(
  Object.entries(totals).map(([table, measures]) => [
    `reports.${table}_total`,
    ["breakdown", "grain", "start", "store_id", "key", ...measures],
  ]),
)

export const reports: Service = {
  name: "reports",
  reliesOn: {
    "reports.fact": ["id", "position", "type", "data"],
    "reports.projection": ["side", "builder", "built_to", "calculated_at"],
    "reports.store_zone": ["store_id", "zone"],
    "reports.item_price": ["item_id", "store_id", "price", "previous"],
    "reports.task": ["kind", "subject", "due_at"],
    ...totalColumns,
    "reports.sale_order": ["revision", "sold", "returned", "paid", "cost", "points_earned", "is_open"],
    "reports.order_payment": ["method", "amount"],
    "reports.points_balance": ["points"],
    "reports.cash_shift": ["expected", "counted", "moved"],
    "reports.stock_balance": ["qty", "cost"],
    "reports.bouquet": ["status", "state"],
    "reports.report": ["stage", "result"],
  },
  async clientFacts(shop) {
    const [row] = await shop.query("SELECT side, calculated_at FROM reports.projection WHERE shop_id = $1", [shop.id])
    return { calculatedAt: row?.calculated_at ?? null }
  },
  operations: () => [...statsOperations, ...itemOperations, ...analyticsOperations, ...reportOperations, ...projectionOperations],
  consumes: () => consumed,
  background: doTasks,
}

/** Names and prices for answers. */
const known: Readonly<Record<string, readonly string[]>> = {
  staff: ["stores", "workers"],
  catalog: ["inventory-items", "categories"],
  stock: ["write-off-reasons"],
  orders: ["order-sources"],
  payments: ["payment-methods", "cash-reasons"],
  loyalty: ["customers"],
}

/** A sender is followed once: its facts and its resources together. */
const consumed: readonly Consumption[] = Object.entries(known).map(([from, types]) => {
  const resources = follow("reports", from, types, async (tx, { type, id, attributes }) => {
    if (type === "stores") await keepZone(tx, id, attributes)
    if (type === "inventory-items") await keepPrices(tx, id, attributes)
  })
  return { from, on: { ...resources.on, ...factsOf(from) } }
})
