// The catalog service: what is sold, in which categories, at which prices. It tells the other services of items and categories, and follows stock and orders for
// what its lists filter by.
import type { Service } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { categoryColumns } from "./category-store.ts"
import { categoryOperations } from "./category-operations.ts"
import { makeExports } from "./export-job.ts"
import { exportColumns, exportOperations } from "./export-operations.ts"
import { followed } from "./following.ts"
import { groupOperations } from "./group.ts"
import { itemColumns } from "./item.ts"
import { itemOperations } from "./item-operations.ts"
import { priceColumns } from "./price.ts"
import { priceOperations } from "./price-operations.ts"

export const catalog: Service = {
  name: "catalog",
  reliesOn: {
    "catalog.category": categoryColumns,
    "catalog.item": [...itemColumns, "created_at"],
    "catalog.item_vendor": ["vendor_id", "item_id"],
    "catalog.barcode": ["id", "item_id", "barcode_type", "barcode"],
    "catalog.vendor_code": ["id", "item_id", "vendor_code"],
    "catalog.item_word": ["word", "item_id"],
    "catalog.price": priceColumns,
    "catalog.price_change": [...priceColumns, "number", "changed_by", "created_at"],
    "catalog.balance": ["item_id", "store_id", "qty", "cost", "moved_at"],
    "catalog.sale_day": ["item_id", "store_id", "day", "moved_qty", "moved_cost", "sold_qty", "sold_total"],
    "catalog.document_item": ["document_id", "item_id"],
    "catalog.window_bouquet": ["bouquet_id", "store_id", "on_window", "revision"],
    "catalog.applied_event": ["id", "applied_at"],
    "catalog.export": exportColumns,
    "catalog.export_part": ["export_id", "number", "last_item", "content"],
    "catalog.export_queue": ["export_id", "tries", "due_at"],
  },
  clientFacts: countOf,
  operations: () => [...itemOperations, ...priceOperations, ...categoryOperations, ...exportOperations, ...groupOperations],
  consumes: () => followed,
  background: makeExports,
}

async function countOf(shop: OpenShop): Promise<Record<string, unknown>> {
  const [row] = await shop.query(
    "SELECT count(*) AS items FROM (SELECT FROM catalog.item WHERE shop_id = $1 AND NOT deleted LIMIT 10000) counted",
    [shop.id],
  )
  return { items: Number(row?.items ?? 0) }
}
