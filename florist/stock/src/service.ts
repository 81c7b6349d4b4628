// The stock service: purchases, freshness batches and what moved them, bouquets. Called by main and by tests.
import type { Service } from "@florist/kit/app"
import { itemType } from "@florist/kit/contracts/catalog"
import { storeType, workerType } from "@florist/kit/contracts/staff"
import { follow } from "@florist/kit/known"
import { actOperations } from "./act/act-operations.ts"
import { writeOffReasonOperations } from "./act/write-off-reason.ts"
import { bouquetOperations } from "./bouquet/bouquet-operations.ts"
import { recipeOperations } from "./bouquet/recipe.ts"
import { orderEvents } from "./issue/issue-events.ts"
import { issueOperations } from "./issue/issue-operations.ts"
import { planOperations } from "./purchase/plan.ts"
import { purchaseOrderOperations } from "./purchase/purchase-order-operations.ts"
import { supplierOperations } from "./purchase/supplier.ts"
import { balanceOperations } from "./view/balance-operations.ts"
import { costOperations } from "./view/cost-operations.ts"
import { historyOperations } from "./view/history-operations.ts"

export const stock: Service = {
  name: "stock",
  reliesOn: {
    "stock.stock_batch": [
      "id",
      "store_id",
      "item_id",
      "bouquet_id",
      "qty",
      "cost",
      "unit_cost",
      "received_at",
      "fresh_until",
      "short_of",
      "turn",
    ],
    "stock.stock_movement": [
      "id",
      "store_id",
      "item_id",
      "bouquet_id",
      "batch_id",
      "kind",
      "qty",
      "cost",
      "document_id",
      "line_id",
      "turn",
      "occurred_at",
    ],
    "stock.stock_balance": [
      "store_id",
      "item_id",
      "qty",
      "cost",
      "received",
      "sold",
      "returned",
      "written_off",
      "sent",
      "arrived",
      "counted",
      "assembled",
    ],
    "stock.stock_count": ["store_id", "item_id", "counted_at", "document_id", "line_id", "turn"],
    "stock.act": [
      "id",
      "kind",
      "number",
      "store_id",
      "to_store_id",
      "status",
      "amount",
      "claim",
      "date",
      "occurred_at",
      "posted_at",
      "revision",
    ],
    "stock.act_line": ["id", "act_id", "item_id", "bouquet_id", "batch_id", "qty", "defective", "price", "expected", "cost"],
    "stock.bouquet": ["id", "number", "status", "store_id", "order_id", "sale_price", "cost", "turn", "components", "revision"],
    "stock.recipe": ["id", "title", "lines", "sale_price", "deleted", "revision"],
    "stock.sale_issue": ["order_id", "status", "turn", "order_revision", "lines"],
    "stock.supplier": ["id", "title", "deleted", "revision"],
    "stock.item_supplier": ["item_id", "supplier_id", "price"],
    "stock.write_off_reason": ["id", "title", "deleted", "revision"],
    "stock.purchase_order": ["id", "number", "store_id", "supplier_id", "status", "revision"],
    "stock.purchase_order_line": ["id", "order_id", "item_id", "qty", "price", "received", "defective"],
    "stock.counter": ["kind", "value"],
  },
  async clientFacts(shop) {
    const [row] = await shop.query("SELECT count(*) AS shelves FROM (SELECT FROM stock.stock_balance LIMIT 1000) counted")
    return { shelves: Number(row?.shelves ?? 0) }
  },
  operations: () => [
    ...bouquetOperations,
    ...recipeOperations,
    ...actOperations,
    ...writeOffReasonOperations,
    ...supplierOperations,
    ...purchaseOrderOperations,
    ...planOperations,
    ...balanceOperations,
    ...historyOperations,
    ...costOperations,
    ...issueOperations,
  ],
  consumes: () => [
    { from: "orders", on: orderEvents },
    follow("stock", "catalog", [itemType]),
    follow("stock", "staff", [storeType, workerType]),
  ],
}
