// The published history of an item in a store: what moved it, and how much was left after each.
import { documentOut, moment, pageMetaOut } from "@florist/kit/document"
import { uuid } from "@florist/kit/input"
import { list, pageLinks, pageQuery, where } from "@florist/kit/listing"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { ok, readOperation } from "@florist/kit/operation"
import { quantityOut, toUnits } from "@florist/kit/quantity"
import { everyone } from "@florist/kit/role"
import { z } from "zod"
import { checkSeen } from "../access.ts"
import type { MovementKind } from "../ledger/entry.ts"

/** The publication's words for what moved. */
const transTypes: Readonly<Record<MovementKind, string>> = {
  receipt: "inventoryTransaction",
  sale: "salesOrder",
  correction: "salesOrder",
  "sale-return": "returnOrder",
  "write-off": "lossProfit",
  "transfer-out": "transferShipment",
  "transfer-in": "transferReceive",
  "count-surplus": "inventoryCounting",
  "count-shortage": "inventoryCounting",
  "assembly-out": "assembly",
  "assembly-in": "assembly",
  "disassembly-out": "disassembly",
  "disassembly-in": "disassembly",
}

const totals = {
  qtySalesOrder: "sold",
  qtyReturnOrder: "returned",
  qtyInventoryCounting: "counted",
  qtyTransferShipment: "sent",
  qtyTransferReceive: "arrived",
  qtyInventoryTransaction: "received",
  qtyLossProfit: "written_off",
  qtyAssembly: "assembled",
} as const

export const historyOperations = [
  readOperation({
    id: "warehouseMovements",
    method: "GET",
    path: "/v1/inventory-items/{id}/warehouse-movement/{storeId}",
    tag: "Inventory Items API",
    summary: "What moved an item in a store, the newest first",
    access: everyone,
    params: z.object({ id: uuid, storeId: uuid }),
    query: z.object(pageQuery),
    answers: {
      200: documentOut(
        z.array(
          z.object({
            type: z.literal("item-warehouse-movements"),
            id: z.string(),
            attributes: z.object({
              date: z.string(),
              qty: quantityOut,
              remainderQty: quantityOut,
              amount: roublesOut,
              transType: z.string(),
              documentId: z.string(),
              documentNumber: z.string(),
              documentStatus: z.string(),
              inventoryId: z.string(),
            }),
          }),
        ),
        { ...pageMetaOut, ...Object.fromEntries(Object.keys(totals).map((name) => [name, quantityOut])) },
      ),
    },
    refuses: [400],
    async handle({ shop, params: { id, storeId }, query, session }) {
      checkSeen(session, storeId, `store ${storeId}`)
      const [page, [balance]] = await Promise.all([
        list(shop, {
          from: "stock.stock_movement",
          columns: "id, occurred_at, qty, cost, kind, document_id, document_no, batch_id",
          conditions: [where("store_id = ?", storeId), where("item_id = ?", id)],
          order: {
            columns: [
              { name: "occurred_at", type: "timestamptz" },
              { name: "id", type: "uuid" },
            ],
            direction: "DESC",
          },
          query,
          size: 10,
        }),
        shop.query("SELECT * FROM stock.stock_balance WHERE store_id = $1 AND item_id = $2", [storeId, id]),
      ])
      const [first] = page.rows
      let left =
        Number(balance?.qty ?? 0) -
        (first === undefined ? 0 : await movedAfter(shop, { storeId, itemId: id, movementId: String(first.id) }))
      const data = page.rows.map((row) => {
        const qty = Number(row.qty)
        const remainder = left
        left -= qty
        return {
          type: "item-warehouse-movements",
          id: String(row.id),
          attributes: {
            date: moment(row.occurred_at),
            qty: toUnits(qty),
            remainderQty: toUnits(remainder),
            amount: toRoubles(Number(row.cost)),
            transType: transTypes[row.kind as MovementKind],
            documentId: row.document_id,
            documentNumber: row.document_no,
            documentStatus: "active",
            inventoryId: row.batch_id,
          },
        }
      })
      const sums = Object.entries(totals).map(([name, column]) => [name, toUnits(Number(balance?.[column] ?? 0))])
      return ok({
        data,
        meta: { ...page.meta, ...Object.fromEntries(sums) },
        links: pageLinks(`/inventory-items/${id}/warehouse-movement/${storeId}`, page),
      })
    },
  }),
]

/** Nothing on the first page, which is why it costs the same whatever came before. */
async function movedAfter(
  shop: Parameters<typeof list>[0],
  { storeId, itemId, movementId }: { storeId: string; itemId: string; movementId: string },
): Promise<number> {
  const [row] = await shop.query(
    `SELECT coalesce(sum(qty), 0)::bigint AS qty FROM stock.stock_movement
     WHERE store_id = $1 AND item_id = $2 AND (occurred_at, id) > ((SELECT occurred_at FROM stock.stock_movement WHERE id = $3), $3)`,
    [storeId, itemId, movementId],
  )
  return Number(row?.qty ?? 0)
}
