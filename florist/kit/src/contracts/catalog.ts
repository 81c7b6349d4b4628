// What the catalog service tells the others: items as resources (known.ts: type "inventory-items", and "categories"), with these attributes beside the public ones.
import { z } from "zod"

const id = z.string()

export const itemType = "inventory-items"
export const categoryType = "categories"

/** The attributes of an item that other services may rely on. Prices in kopecks; the store's own price goes before the shop's. */
export const itemAttributes = z.object({
  title: z.string(),
  itemType: z.enum(["item", "service"]),
  fractional: z.boolean(),
  public: z.boolean(),
  categoryId: id.nullable(),
  /** Days that a received batch stays fresh; null where it does not wither. */
  freshForDays: z.number().int().nullable(),
  /** Thousandths below which it is to be ordered again. */
  /** Thousandths; what a store should have at least. */
  minimumBalance: z.number().int().nullable(),
  prices: z.array(z.object({ storeId: id.nullable(), price: z.number().int() })),
})
export type ItemAttributes = z.output<typeof itemAttributes>
