// Prices: what comes in, the row, the resource. A price is of one item at one store, or of the item in the whole shop; its id says both.
import { moment, oneOut, reference, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import type { Row } from "@florist/kit/database"
import { instant, uuid } from "@florist/kit/input"
import { roubles, toRoubles } from "@florist/kit/money"
import { toUnits } from "@florist/kit/quantity"
import { z } from "zod"
import { wholeShop } from "./item-store.ts"

const priceType = "prices"
const status = z.enum(["on", "off"])

/** The published shape carries a whole store; its id is all that counts. Null: the whole shop. */
const store = z
  .object({
    data: z
      .object({ id: uuid, type: z.string().optional(), attributes: z.unknown().optional(), relationships: z.unknown().optional() })
      .nullable(),
  })
  .transform(({ data }) => data?.id ?? wholeShop)

const newPrice = z
  .object({
    type: z.string().optional(),
    id: z.string().max(100).optional(),
    attributes: z.object({
      price: roubles,
      status: status.default("on"),
      /** When it was set, by a client that was offline then. */
      occurredAt: instant.optional(),
    }),
    relationships: z.object({ store }),
  })
  .transform(({ attributes, relationships }) => ({ ...attributes, store: relationships.store }))

export const onePrice = z.object({ data: newPrice }).transform(({ data }) => data)
export const severalPrices = z.object({ data: z.array(newPrice).min(1).max(200) }).transform(({ data }) => data)

const hex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
const idShape = new RegExp(`^(?:(${hex})-)?(${hex})$`)

/** "<item>-<store>", or the store alone. */
export const priceId = z
  .string()
  .max(100)
  .transform((text, context) => {
    const [, item, store] = idShape.exec(text.toLowerCase()) ?? []
    if (store !== undefined) return { item, store }
    context.addIssue({ code: "custom", message: "must be the id of a price: <item>-<store>" })
    return z.NEVER
  })

/** `setAt` tells which price the client saw; the change happens now. */
export const switchedPrice = z
  .object({
    data: z.object({ type: z.string().optional(), id: priceId, attributes: z.object({ status, setAt: instant.optional() }) }),
  })
  .transform(({ data }) => ({ id: data.id, status: data.attributes.status }))

export const priceOut = resourceOut(
  priceType,
  { price: z.number(), cost: z.number(), quantity: z.number(), status, setAt: z.string() },
  { store: oneOut },
)

export const priceColumns = ["item_id", "store_id", "price", "status", "set_at", "revision"]

/** With what stock has of it there, and what a unit of that cost. */
export function priceResource(row: Row): Resource {
  const qty = Number(row.qty ?? 0)
  const cost = qty > 0 ? Math.round((Number(row.cost ?? 0) * 1_000) / qty) : 0
  return {
    type: priceType,
    id: `${String(row.item_id)}-${String(row.store_id)}`,
    attributes: {
      price: toRoubles(Number(row.price)),
      cost: toRoubles(cost),
      quantity: toUnits(qty),
      status: String(row.status),
      setAt: moment(row.set_at),
    },
    relationships: { store: reference("stores", row.store_id === wholeShop ? null : row.store_id) },
  }
}
