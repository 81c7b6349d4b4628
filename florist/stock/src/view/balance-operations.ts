// What there is: balances by store and item, and the batches that they are made of, with what withers when.
import { documentOut, moment, oneOut, reference } from "@florist/kit/document"
import { instant, several, uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import { quantityOut, toUnits } from "@florist/kit/quantity"
import { everyone, handling } from "@florist/kit/role"
import type { Session } from "@florist/kit/session"
import { z } from "zod"
import { visibleStores } from "../access.ts"

const tag = "Stock"
const places = { store: oneOut, item: oneOut }

const batchOut = z.object({
  type: z.literal("stock-batches"),
  id: z.string(),
  attributes: z.object({
    qty: quantityOut,
    amount: roublesOut.optional(),
    unitCost: roublesOut.optional(),
    receivedAt: z.string(),
    freshUntil: z.string().nullable(),
    expired: z.boolean(),
    shortage: z.boolean(),
    documentId: z.string(),
    documentNo: z.string(),
  }),
  relationships: z.object({ ...places, bouquet: oneOut }),
})

type Row = Readonly<Record<string, unknown>>

const batchColumns = `id, store_id, item_id, bouquet_id, qty, cost, unit_cost, received_at, fresh_until, short_of, document_id, document_no`

/** What goods cost is for who handles them, not for who sells them. */
type Cost = "shown" | "hidden"
const costFor = ({ role }: Session): Cost => (handling.includes(role) ? "shown" : "hidden")

function batchResource(row: Row, now: Date, cost: Cost) {
  return {
    type: "stock-batches",
    id: String(row.id),
    attributes: {
      qty: toUnits(Number(row.qty)),
      ...(cost === "shown" ? { amount: toRoubles(Number(row.cost)), unitCost: toRoubles(Number(row.unit_cost)) } : {}),
      receivedAt: moment(row.received_at),
      freshUntil: moment(row.fresh_until),
      expired: row.fresh_until instanceof Date && row.fresh_until <= now,
      shortage: row.short_of !== null,
      documentId: row.document_id,
      documentNo: row.document_no,
    },
    relationships: {
      store: reference("stores", row.store_id),
      item: reference("inventory-items", row.item_id),
      bouquet: reference("bouquets", row.bouquet_id),
    },
  }
}

export const balanceOperations = [
  readOperation({
    id: "listStockBalances",
    method: "GET",
    path: "/v1/stock/balances",
    tag,
    summary: "How much there is of each item in each store, with its batches",
    access: everyone,
    query: z.object({
      ...pageQuery,
      "filter[stores]": several(uuid).optional(),
      "filter[items]": several(uuid).optional(),
      /** Only those that are not 0. */
      "filter[present]": z.stringbool().optional(),
      include: several(z.enum(["batches"])).optional(),
    }),
    answers: {
      200: documentOut(
        z.array(
          z.object({
            type: z.literal("stock-balances"),
            id: z.string(),
            attributes: z.object({ qty: quantityOut, amount: roublesOut.optional(), freshUntil: z.string().nullable() }),
            relationships: z.object({ ...places, batches: z.object({ data: z.array(z.object({ type: z.string(), id: z.string() })) }) }),
          }),
        ),
      ),
    },
    refuses: [422],
    async handle({ shop, query, session, now }) {
      const page = await list(shop, {
        from: "stock.stock_balance",
        columns: "store_id, item_id, qty, cost",
        conditions: [
          where("store_id = ANY (?::uuid[])", visibleStores(session, query["filter[stores]"])),
          where("item_id = ANY (?::uuid[])", query["filter[items]"]),
          query["filter[present]"] === undefined ? undefined : where("(qty <> 0) = ?", query["filter[present]"]),
        ],
        order: {
          columns: [
            { name: "store_id", type: "uuid" },
            { name: "item_id", type: "uuid" },
          ],
          direction: "ASC",
        },
        query,
      })
      const batches = await shop.query(
        `SELECT ${batchColumns} FROM unnest($1::uuid[], $2::uuid[]) AS shown(store_id, item_id) JOIN stock.stock_batch batch USING (store_id, item_id)
         WHERE batch.qty <> 0 ORDER BY fresh_until NULLS LAST, received_at, id`,
        [page.rows.map((row) => row.store_id), page.rows.map((row) => row.item_id)],
      )
      const byShelf = Map.groupBy(batches, (row) => `${String(row.store_id)}/${String(row.item_id)}`)
      const withBatches = query.include?.includes("batches") === true
      return ok({
        data: page.rows.map((row) => {
          const id = `${String(row.store_id)}/${String(row.item_id)}`
          const own = byShelf.get(id) ?? []
          return {
            type: "stock-balances",
            id,
            attributes: {
              qty: toUnits(Number(row.qty)),
              ...(costFor(session) === "shown" ? { amount: toRoubles(Number(row.cost)) } : {}),
              freshUntil: moment(own.find(({ qty }) => Number(qty) > 0)?.fresh_until),
            },
            relationships: {
              store: reference("stores", row.store_id),
              item: reference("inventory-items", row.item_id),
              batches: { data: own.map((batch) => ({ type: "stock-batches", id: String(batch.id) })) },
            },
          }
        }),
        ...(withBatches ? { included: batches.map((row) => batchResource(row, now, costFor(session))) } : {}),
        meta: page.meta,
        links: pageLinks("/stock/balances", page),
      })
    },
  }),
  readOperation({
    id: "listExpiringBatches",
    method: "GET",
    path: "/v1/stock/expiring-batches",
    tag,
    summary: "What withers, the soonest first",
    access: everyone,
    query: z.object({ ...pageQuery, "filter[stores]": several(uuid).optional(), "filter[before]": instant.optional() }),
    answers: { 200: documentOut(z.array(batchOut)) },
    refuses: [422],
    async handle({ shop, query, session, now }) {
      const page = await list(shop, {
        from: "stock.stock_batch",
        columns: batchColumns,
        conditions: [
          { sql: "qty > 0 AND fresh_until IS NOT NULL", values: [] },
          where("fresh_until <= ?", query["filter[before]"]),
          where("store_id = ANY (?::uuid[])", visibleStores(session, query["filter[stores]"])),
        ],
        order: {
          columns: [
            { name: "fresh_until", type: "timestamptz" },
            { name: "id", type: "uuid" },
          ],
          direction: "ASC",
        },
        query,
      })
      return ok({
        data: page.rows.map((row) => batchResource(row, now, costFor(session))),
        meta: page.meta,
        links: pageLinks("/stock/expiring-batches", page),
      })
    },
  }),
]
