// The purchase plan: what to order from whom, so that every item lasts. Computed from minimum balances, sales of the last days, what is there and what is on its way.
import { itemAttributes } from "@florist/kit/contracts/catalog"
import { documentOut, reference } from "@florist/kit/document"
import { uuid } from "@florist/kit/input"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import { quantityOut, timesPrice, toUnits } from "@florist/kit/quantity"
import { handling } from "@florist/kit/role"
import { z } from "zod"
import { checkStore } from "../access.ts"

interface Need {
  /** Thousandths, all of them. */
  minimum: number
  balance: number
  onOrder: number
  /** Over `days`. */
  sold: number
  days: number
  /** Days that the stock should last. */
  cover: number
}

/** Thousandths, whole units: up to the minimum or to what sells in the days to cover, whichever is more. */
export function toOrder({ minimum, balance, onOrder, sold, days, cover }: Need): number {
  const expected = Math.ceil((Math.max(0, sold) * cover) / days)
  const missing = Math.max(minimum, expected) - balance - onOrder
  return missing <= 0 ? 0 : Math.ceil(missing / 1_000) * 1_000
}

const dayMs = 86_400_000
const known = itemAttributes.pick({ title: true, minimumBalance: true })

export const planOperations = [
  readOperation({
    id: "purchasePlan",
    method: "GET",
    path: "/v1/purchase-plan",
    tag: "Purchases",
    summary: "What to order for a store, and from whom",
    access: handling,
    query: z.object({
      "filter[store]": uuid,
      "filter[days]": z.coerce.number().int().min(1).max(90).default(14),
      "filter[cover]": z.coerce.number().int().min(1).max(90).default(7),
    }),
    answers: {
      200: documentOut(
        z.array(
          z.object({
            type: z.literal("purchase-plan-lines"),
            id: z.string(),
            attributes: z.object({
              title: z.string(),
              balance: quantityOut,
              minimumBalance: quantityOut,
              sold: quantityOut,
              onOrder: quantityOut,
              qty: quantityOut,
              price: roublesOut.nullable(),
              amount: roublesOut.nullable(),
            }),
          }),
        ),
      ),
    },
    refuses: [422],
    async handle({ shop, query, session, now }) {
      const storeId = query["filter[store]"]
      const { "filter[days]": days, "filter[cover]": cover } = query
      checkStore(session, storeId)
      const rows = await shop.query(
        `WITH sold AS (
           SELECT item_id, -sum(qty)::bigint AS qty FROM stock.stock_movement
           WHERE kind IN ('sale', 'sale-return', 'correction', 'assembly-out', 'disassembly-in') AND occurred_at >= $2 AND store_id = $1 AND item_id IS NOT NULL
           GROUP BY item_id),
         coming AS (
           SELECT line.item_id, sum(greatest(0, line.qty - line.received))::bigint AS qty FROM stock.purchase_order placed
           JOIN stock.purchase_order_line line ON line.shop_id = placed.shop_id AND line.order_id = placed.id
           WHERE placed.store_id = $1 AND placed.status IN ('ordered', 'partially-received') GROUP BY line.item_id)
         SELECT item.id, item.attributes, coalesce(balance.qty, 0) AS balance, coalesce(sold.qty, 0) AS sold, coalesce(coming.qty, 0) AS coming,
           known.supplier_id, known.price
         FROM stock.known_resource item
         LEFT JOIN stock.stock_balance balance ON balance.store_id = $1 AND balance.item_id::text = item.id
         LEFT JOIN sold ON sold.item_id::text = item.id
         LEFT JOIN coming ON coming.item_id::text = item.id
         LEFT JOIN stock.item_supplier known ON known.item_id::text = item.id
         WHERE item.type = 'inventory-items' AND NOT item.deleted AND coalesce(item.attributes ->> 'itemType', 'item') = 'item'
           AND ((item.attributes ->> 'minimumBalance') IS NOT NULL OR sold.qty > 0)
         ORDER BY known.supplier_id, item.attributes ->> 'title', item.id`,
        [storeId, new Date(now.getTime() - days * dayMs)],
      )
      const needs = rows.map((row) => {
        const item = known.safeParse(row.attributes).data
        const need = {
          minimum: item?.minimumBalance ?? 0,
          balance: Number(row.balance),
          onOrder: Number(row.coming),
          sold: Number(row.sold),
          days,
          cover,
        }
        return { row, need, title: item?.title ?? "", qty: toOrder(need) }
      })
      return ok({
        data: needs
          .filter(({ qty }) => qty > 0)
          .map(({ row, need, title, qty }) => {
            const price = row.price === null ? null : Number(row.price)
            return {
              type: "purchase-plan-lines",
              id: String(row.id),
              attributes: {
                title,
                balance: toUnits(need.balance),
                minimumBalance: toUnits(need.minimum),
                sold: toUnits(need.sold),
                onOrder: toUnits(need.onOrder),
                qty: toUnits(qty),
                price: price === null ? null : toRoubles(price),
                amount: price === null ? null : toRoubles(timesPrice(qty, price)),
              },
              relationships: {
                item: reference("inventory-items", row.id),
                supplier: reference("suppliers", row.supplier_id),
              },
            }
          }),
      })
    },
  }),
]
