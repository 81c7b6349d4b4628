// Bouquets: when they stood on the showcase, what they were sold for, and which flowers were in them. What a bouquet adds to the sums follows from all that is known of
// it, whatever came first: it is taken back and added again where something new becomes known.
import { bouquetSnapshot } from "@florist/kit/contracts/stock"
import type { Movement } from "@florist/kit/contracts/stock"
import type { OrderSnapshot } from "@florist/kit/contracts/orders"
import { splitByWeight } from "@florist/kit/quantity"
import { weekdayOf } from "../calendar.ts"
import type { Day } from "../calendar.ts"
import { priceBandOf } from "../price-band.ts"
import type { Fact, Projecting } from "./projecting.ts"
import { takenBack, toBouquets } from "../total.ts"
import type { Contribution } from "../total.ts"

interface Sale {
  /** 1 for a sale, -1 for a return. */
  sign: number
  day: Day
  hour: number
  store: string
  amount: number
  delivery: boolean
}

export interface BouquetState {
  revision: number
  cost: number
  salePrice: number
  status: string | null
  store: string | null
  onWindowAt: string | null
  title: string
  docNo: string
  floristId: string | null
  assembledAt: string | null
  /** By revision: on which day it became what. */
  history: Record<string, { status: string; day: Day; store: string }>
  /** By order, kind, revision and line. */
  sales: Record<string, Sale>
  /** By item: thousandths, and kopecks. */
  components: Record<string, { qty: number; cost: number }>
}

const unknown: BouquetState = {
  revision: 0,
  cost: 0,
  salePrice: 0,
  status: null,
  store: null,
  onWindowAt: null,
  title: "",
  docNo: "",
  floristId: null,
  assembledAt: null,
  history: {},
  sales: {},
  components: {},
}

export async function projectBouquet(on: Projecting, fact: Fact): Promise<void> {
  const { id, status, revision, storeId, cost, salePrice, onWindowAt, title, docNo, floristId, assembledAt } = bouquetSnapshot.parse(
    fact.data,
  )
  await change(on, id, (state) => {
    const at = status === "demonstrated" ? (onWindowAt ?? fact.occurredAt) : fact.occurredAt
    const history = { ...state.history, [revision]: { status, day: on.local(storeId, at).day, store: storeId } }
    if (revision <= state.revision) return { ...state, history }
    const shown = {
      title,
      docNo,
      floristId,
      assembledAt: assembledAt?.toISOString() ?? null,
      onWindowAt: onWindowAt?.toISOString() ?? null,
    }
    return { ...state, history, revision, cost, salePrice, status, store: storeId, ...shown }
  })
}

export interface BouquetSale {
  order: OrderSnapshot
  sign: number
  day: Day
  hour: number
}

/** The lines of an order that are bouquets. */
export async function sellBouquets(on: Projecting, { order, sign, day, hour }: BouquetSale): Promise<void> {
  for (const { bouquetId, id, total } of order.lines) {
    if (bouquetId === null) continue
    const sale = { sign, day, hour, store: order.storeId, amount: total, delivery: order.delivery }
    await change(on, bouquetId, (state) => ({
      ...state,
      sales: { ...state.sales, [[order.id, sign, order.revision, id].join("/")]: sale },
    }))
  }
}

/** What went into bouquets, and came out of them again; the document of it is the bouquet. */
export async function takeComponents(on: Projecting, movements: readonly Movement[]): Promise<void> {
  const taken = movements.filter(({ kind, itemId }) => itemId !== null && (kind === "assembly-out" || kind === "disassembly-in"))
  for (const [bouquet, components] of Map.groupBy(taken, ({ documentId }) => documentId)) {
    await change(on, bouquet, (state) => {
      const sums = { ...state.components }
      for (const { itemId, qty, cost } of components) {
        const before = sums[itemId ?? ""] ?? { qty: 0, cost: 0 }
        sums[itemId ?? ""] = { qty: before.qty - qty, cost: before.cost - cost }
      }
      return { ...state, components: sums }
    })
  }
}

async function change({ reader, shop, side, add }: Projecting, id: string, to: (state: BouquetState) => BouquetState): Promise<void> {
  const [row] = await reader.query("SELECT state FROM reports.bouquet WHERE shop_id = $1 AND side = $2 AND id = $3", [shop, side, id])
  const before = (row?.state ?? unknown) as BouquetState
  const after = to(before)
  add([...takenBack(shownAndSold(before)), ...shownAndSold(after)])
  await reader.query(
    `INSERT INTO reports.bouquet (shop_id, side, id, status, store_id, on_window_at, sale_price, cost, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET status = excluded.status, store_id = excluded.store_id, on_window_at = excluded.on_window_at,
       sale_price = excluded.sale_price, cost = excluded.cost, state = excluded.state`,
    [shop, side, id, after.status, after.store, after.onWindowAt, after.salePrice, after.cost, JSON.stringify(after)],
  )
}

/** Only bouquets that stood on the showcase count as sold from it; those that were made for an order did not. */
function shownAndSold(state: BouquetState): Contribution[] {
  const steps = Object.entries(state.history)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, step]) => step)
  const shown = steps.flatMap(({ status, day, store }, index): Contribution[] => {
    const [wasOn, isOn] = [steps[index - 1]?.status === "demonstrated", status === "demonstrated"]
    if (wasOn === isOn) return []
    const from = isOn ? store : (steps[index - 1]?.store ?? store)
    return [toBouquets({ breakdown: "all", key: "", store: from, day, values: isOn ? { placed: 1 } : { removed: 1 } })]
  })
  const isFromShowcase = state.onWindowAt !== null || steps.some(({ status }) => status === "demonstrated")
  return isFromShowcase ? [...shown, ...Object.values(state.sales).flatMap((sale) => soldBy(sale, state))] : shown
}

function soldBy({ sign, day, hour, store, amount, delivery }: Sale, { cost, components }: BouquetState): Contribution[] {
  const place = { store, day }
  const values = { sold: sign, revenue: sign * amount, cost: sign * cost, delivered: delivery ? sign : 0 }
  return [
    toBouquets({ breakdown: "all", key: "", ...place, values }),
    toBouquets({ breakdown: "weekday", key: String(weekdayOf(day)), ...place, values: { sold: sign } }),
    toBouquets({ breakdown: "hour", key: String(hour), ...place, values: { sold: sign } }),
    toBouquets({ breakdown: "price", key: String(priceBandOf(amount)), ...place, values: { sold: sign, revenue: sign * amount } }),
    ...flowersOf(components, amount).map(({ item, qty, revenue }) =>
      toBouquets({ breakdown: "flower", key: item, ...place, values: { qty: sign * qty, revenue: sign * revenue, sold: sign } }),
    ),
  ]
}

/** A bouquet's price, shared among its flowers by their costs (by their numbers where they cost nothing), to the kopeck. */
function flowersOf(components: BouquetState["components"], amount: number): { item: string; qty: number; revenue: number }[] {
  const inside = Object.entries(components)
    .filter(([, { qty }]) => qty > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  if (inside.length === 0) return []
  const costs = inside.map(([, { cost }]) => Math.max(0, cost))
  const shares = splitByWeight(amount, costs.some((cost) => cost > 0) ? costs : inside.map(([, { qty }]) => qty))
  return inside.map(([item, { qty }], index) => ({ item, qty, revenue: shares[index] ?? 0 }))
}
