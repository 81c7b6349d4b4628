// The published questions for costs: what a quantity would cost by FIFO on a day, and what an item cost when it last came in.
import { documentOut, oneOut, reference, toOne } from "@florist/kit/document"
import { newId } from "@florist/kit/id"
import { day, instant, uuid } from "@florist/kit/input"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import { quantity, quantityOut, toUnits } from "@florist/kit/quantity"
import { invalid } from "@florist/kit/refusal"
import { handling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { checkSeen } from "../access.ts"
import { pick } from "../ledger/batch.ts"
import type { Batch } from "../ledger/batch.ts"

const tag = "Inventory Items API"
const items = z.array(uuid).min(1).max(200)
const dayMs = 86_400_000

const costsOf = (type: string, attributes: z.ZodRawShape) =>
  documentOut(
    z.array(
      z.object({
        type: z.literal(type),
        id: z.string(),
        attributes: z.object(attributes),
        relationships: z.object({ item: oneOut, store: oneOut }),
        links: z.object({ self: z.string() }),
      }),
    ),
  )

const search = <A extends z.ZodType>(type: string, attributes: A) =>
  z.object({ data: z.object({ type: z.literal(type).optional(), attributes, relationships: z.object({ store: toOne() }).optional() }) })

export const costOperations = [
  readOperation({
    id: "netCosts",
    method: "POST",
    path: "/v1/inventory-items/net-costs",
    tag,
    summary: "What each quantity would cost on a day, for one unit, taken first in first out",
    access: handling,
    body: search("search-net-costs", z.object({ qty: z.array(quantity).max(200).optional(), date: day.optional(), items })),
    answers: { 200: costsOf("net-costs", { cost: roublesOut.nullable(), leftQty: quantityOut, date: z.string() }) },
    refuses: [400, 422],
    async handle({ shop, body: { data }, session, now }) {
      const { attributes } = data
      const storeId = storeOf(data.relationships?.store, session)
      const date = attributes.date ?? now.toISOString().slice(0, 10)
      const end = new Date(new Date(date).getTime() + dayMs)
      const rows = await shop.query(
        `SELECT batch.id, batch.item_id, batch.received_at, batch.fresh_until, batch.qty - coalesce(later.qty, 0) AS qty, batch.cost - coalesce(later.cost, 0) AS cost
         FROM stock.stock_batch batch
         LEFT JOIN (SELECT batch_id, sum(qty)::bigint AS qty, sum(cost)::bigint AS cost FROM stock.stock_movement
           WHERE store_id = $1 AND item_id = ANY ($2::uuid[]) AND occurred_at >= $3 GROUP BY batch_id) later ON later.batch_id = batch.id
         WHERE batch.store_id = $1 AND batch.item_id = ANY ($2::uuid[]) AND (batch.qty <> 0 OR later.qty <> 0)`,
        [storeId, attributes.items, end],
      )
      const batches = Map.groupBy(rows, (row) => String(row.item_id))
      return ok({
        data: attributes.items.map((itemId, index) => {
          const there = (batches.get(itemId) ?? []).map(batchOf)
          const left = there.reduce((sum, { qty }) => sum + qty, 0)
          const asked = attributes.qty?.[index] ?? attributes.qty?.[0] ?? 1_000
          return costResource("net-costs", { itemId, storeId }, { cost: unitCost(there, asked, end), leftQty: toUnits(left), date })
        }),
      })
    },
  }),
  readOperation({
    id: "lastCosts",
    method: "POST",
    path: "/v1/inventory-items/last-costs",
    tag,
    summary: "What each item cost when it last came in",
    access: handling,
    body: search("search-last-costs", z.object({ dateTime: instant.optional(), items })),
    answers: { 200: costsOf("last-costs", { purchasePrice: roublesOut.nullable(), costPrice: roublesOut.nullable() }) },
    refuses: [400, 422],
    async handle({ shop, body: { data }, session, now }) {
      const { attributes } = data
      const storeId = storeOf(data.relationships?.store, session)
      const rows = await shop.query(
        `SELECT asked.item_id, bought.price AS purchase_price, came.unit_cost AS cost_price FROM unnest($2::uuid[]) AS asked(item_id)
         LEFT JOIN LATERAL (SELECT round(cost * 1000.0 / qty)::bigint AS price FROM stock.stock_movement
           WHERE item_id = asked.item_id AND store_id = $1 AND kind = 'receipt' AND occurred_at <= $3 ORDER BY occurred_at DESC LIMIT 1) bought ON true
         LEFT JOIN LATERAL (SELECT round(cost * 1000.0 / qty)::bigint AS unit_cost FROM stock.stock_movement
           WHERE item_id = asked.item_id AND store_id = $1 AND kind IN ('receipt', 'transfer-in', 'count-surplus') AND occurred_at <= $3
           ORDER BY occurred_at DESC LIMIT 1) came ON true`,
        [storeId, attributes.items, attributes.dateTime ?? now],
      )
      const known = new Map(rows.map((row) => [String(row.item_id), row]))
      const price = (value: unknown) => (value === null || value === undefined ? null : toRoubles(Number(value)))
      return ok({
        data: attributes.items.map((itemId) => {
          const row = known.get(itemId)
          return costResource(
            "last-costs",
            { itemId, storeId },
            { purchasePrice: price(row?.purchase_price), costPrice: price(row?.cost_price) },
          )
        }),
      })
    },
  }),
]

function storeOf(named: string | null | undefined, session: Session): string {
  const [own, ...others] = session.stores ?? []
  const storeId = named ?? (others.length === 0 ? own : undefined)
  if (storeId === undefined) throw invalid("Name the store.", { pointer: "/data/relationships/store" })
  checkSeen(session, storeId, `store ${storeId}`)
  return storeId
}

/** Roubles for a unit; of what is there where that is less than asked for. Null where there is nothing. */
function unitCost(batches: readonly Batch[], qty: number, at: Date): number | null {
  const { picked } = pick(batches, qty, { at, expired: "take" })
  const taken = picked.reduce((sum, part) => ({ qty: sum.qty + part.qty, cost: sum.cost + part.cost }), { qty: 0, cost: 0 })
  return taken.qty === 0 ? null : toRoubles(Math.round((taken.cost * 1_000) / taken.qty))
}

function batchOf(row: Readonly<Record<string, unknown>>): Batch {
  return {
    id: String(row.id),
    storeId: "",
    itemId: String(row.item_id),
    bouquetId: null,
    documentId: "",
    documentNo: "",
    lineId: "",
    turn: 1,
    receivedAt: row.received_at as Date,
    freshUntil: row.fresh_until as Date | null,
    unitCost: 0,
    shortOf: null,
    qty: Number(row.qty),
    cost: Number(row.cost),
  }
}

function costResource(type: string, { itemId, storeId }: { itemId: string; storeId: string }, attributes: Record<string, unknown>) {
  const id = newId()
  return {
    type,
    id,
    attributes,
    relationships: {
      item: reference("inventory-items", itemId),
      store: reference("stores", storeId),
    },
    links: { self: `/${type}/${id}` },
  }
}
