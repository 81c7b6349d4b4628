// An item's price with what lies there at it. Published.
import { resource, resourceOut, documentOut } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import type { Operation } from "@florist/kit/operation"
import { toUnits } from "@florist/kit/quantity"
import { invalid, notFound } from "@florist/kit/refusal"
import { uuid } from "@florist/kit/input"
import { roubles } from "@florist/kit/money"
import { handling } from "@florist/kit/role"
import { z } from "zod"
import { previousPrice } from "../item-price.ts"
import { currentSide } from "../total.ts"

const figure = z.number().nullable()
const statsOut = documentOut(
  resourceOut(
    "stats-by-store",
    { amount: figure, cost: figure, optQty: z.number(), prevCost: figure, prevPrice: figure, price: figure, qty: z.number() },
    {},
  ),
)

/** The catalog names a price "<item>-<store>", and one of the whole shop with a store of nothing but zeros. */
const wholeShop = "00000000-0000-0000-0000-000000000000"

/** @throws Refusal 400 */
function meantPrice(text: string, item: string): { store?: string | undefined; price?: number | undefined } {
  const named = text.toLowerCase().startsWith(`${item}-`) ? text.slice(item.length + 1) : text
  const store = uuid.safeParse(named).data
  if (store !== undefined) return store === wholeShop ? {} : { store }
  const price = roubles.safeParse(text).data
  if (price !== undefined) return { price }
  throw invalid("The price is named by its id, by the id of its store, or by an amount in roubles.", { parameter: "price" })
}

const isMissing = (value: unknown): boolean => value === null || value === undefined

export const itemOperations: readonly Operation[] = [
  readOperation({
    id: "InventoryItemStatsByStore",
    method: "GET",
    path: "/v1/inventory-items/{id}/stats-by-store/{price}",
    tag: "Inventory Items API",
    summary:
      "What lies there of an item at a price: by the price's id, by the id of its store, or by an amount in roubles in all stores that ask it",
    access: handling,
    params: z.object({ id: uuid, price: z.string().max(100) }),
    answers: { 200: statsOut },
    refuses: [400, 404],
    async handle({ shop, session, params }) {
      const { id } = params
      const { store, price } = meantPrice(params.price, id)
      const [row] = await shop.query(
        `WITH item AS (SELECT attributes FROM reports.known_resource WHERE shop_id = $1 AND type = 'inventory-items' AND id = ($2::uuid)::text),
         place AS (
           SELECT id::uuid AS store_id FROM reports.known_resource WHERE shop_id = $1 AND type = 'stores' AND NOT deleted
           UNION SELECT store_id FROM reports.stock_balance WHERE shop_id = $1 AND side = ${currentSide} AND kind = 'item' AND id = $2::uuid),
         priced AS (
           SELECT store_id, reports.price_in(item.attributes, store_id) AS price FROM place, item
           WHERE ($3::uuid IS NULL OR store_id = $3) AND ($5::uuid[] IS NULL OR store_id = ANY ($5::uuid[])))
         SELECT (SELECT count(*) FROM item) AS items, min(price) AS price, ${previousPrice("$3::uuid")} AS previous_price, sum(b.qty) AS qty, sum(b.cost) AS cost,
           (SELECT c.previous_cost FROM reports.receipt_cost c WHERE c.shop_id = $1 AND c.side = ${currentSide} AND c.item_id = $2::uuid
              AND c.store_id = ANY (array_agg(priced.store_id)) ORDER BY c.last_at DESC LIMIT 1) AS previous_cost
         FROM priced LEFT JOIN reports.stock_balance b ON b.shop_id = $1 AND b.side = ${currentSide} AND b.kind = 'item' AND b.id = $2::uuid AND b.store_id = priced.store_id
         WHERE $4::bigint IS NULL OR price = $4`,
        [shop.id, id, store ?? null, price ?? null, session.stores ?? null],
      )
      if (Number(row?.items) === 0) throw notFound(`item ${id}`, { parameter: "id" })
      const qty = Number(row?.qty ?? 0)
      const asked = isMissing(row?.price) ? (price ?? null) : Number(row?.price)
      const attributes = {
        qty: toUnits(qty),
        optQty: 0,
        cost: qty <= 0 ? null : toRoubles(Math.round((Number(row?.cost) * 1_000) / qty)),
        amount: qty <= 0 || asked === null ? null : toRoubles(Math.round((qty * asked) / 1_000)),
        prevCost: isMissing(row?.previous_cost) ? null : toRoubles(Number(row?.previous_cost)),
        price: asked === null ? null : toRoubles(asked),
        // As published: what never changed had the same price before.
        prevPrice: asked === null ? null : toRoubles(isMissing(row?.previous_price) ? asked : Number(row?.previous_price)),
      }
      return ok({ data: resource("stats-by-store", id, attributes) })
    },
  }),
]
