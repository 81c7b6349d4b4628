// What has to be known before an order is written: items and bouquets of its lines, and the discount of its customer's groups. Called by the operations.
import { itemAttributes, itemType } from "@florist/kit/contracts/catalog"
import { customerTerms } from "@florist/kit/contracts/loyalty"
import type { Reader } from "@florist/kit/database"
import { Refusal } from "@florist/kit/refusal"
import { createHash } from "node:crypto"
import { z } from "zod"
import type { CustomerTerms, Goods } from "./basket.ts"
import { bouquetType } from "./known-bouquets.ts"
import type { OrderIn } from "./order-input.ts"
import type { Seller } from "./sale.ts"

const goodsOfItem = itemAttributes.pick({ title: true, categoryId: true, prices: true }).partial({ categoryId: true, prices: true })
const goodsOfBouquet = z.object({ title: z.string(), salePrice: z.number() })

export async function goodsOf(reader: Reader, { lines = [] }: Pick<OrderIn, "lines">): Promise<Goods> {
  const ids = lines.flatMap(({ item, bouquet }) => [item ?? [], bouquet ?? []].flat())
  const goods = { items: new Map<string, ReturnType<typeof itemOf>>(), bouquets: new Map<string, { title: string; salePrice: number }>() }
  if (ids.length === 0) return goods
  const rows = await reader.query(
    "SELECT type, id, attributes FROM orders.known_resource WHERE type = ANY ($1::text[]) AND id = ANY ($2::text[])",
    [[itemType, bouquetType], ids],
  )
  for (const { type, id, attributes } of rows) {
    const item = type === itemType ? goodsOfItem.safeParse(attributes) : undefined
    if (item?.success === true) goods.items.set(String(id), itemOf(item.data))
    const bouquet = type === bouquetType ? goodsOfBouquet.safeParse(attributes) : undefined
    if (bouquet?.success === true) goods.bouquets.set(String(id), bouquet.data)
  }
  return goods
}

const itemOf = ({ title, categoryId, prices }: z.output<typeof goodsOfItem>) => ({
  title,
  categoryId: categoryId ?? null,
  prices: prices ?? [],
})

export interface TermsFound {
  terms: CustomerTerms | "as before" | "none"
  /** For the answer's meta, where the request asked for them. */
  told?: "applied" | "none" | "unavailable"
}

/** An order is taken without its customer's discount where loyalty cannot be asked. */
export async function termsOf(
  { shop, peers, signal }: Seller,
  asked: Pick<OrderIn, "applyCustomerDiscount">,
  order: { id: string; customerId: string | null; hadCustomer: string | null },
): Promise<TermsFound> {
  const { applyCustomerDiscount } = asked
  if (applyCustomerDiscount === undefined) return { terms: order.customerId === order.hadCustomer ? "as before" : "none" }
  if (!applyCustomerDiscount) return { terms: "none" }
  if (order.customerId === null) return { terms: "none", told: "none" }
  const path = `/v1/customers/${order.customerId}/terms`
  try {
    const { discountRate } = await peers.ask({ service: "loyalty", method: "GET", path, shop: shop.id, answer: customerTerms, signal })
    const rate = Math.min(Math.max(discountRate, 0), 10_000)
    return { terms: { discountId: idFrom(`${order.id} terms`), rate }, told: rate === 0 ? "none" : "applied" }
  } catch (cause) {
    if (cause instanceof Refusal && cause.status === 404) return { terms: "none", told: "none" }
    return { terms: "none", told: "unavailable" }
  }
}

/** The same id for the same words (UUID version 8), so that doing it again makes no second one. */
export function idFrom(words: string): string {
  const hex = createHash("sha256").update(words).digest("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
