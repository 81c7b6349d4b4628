// Customers as loyalty publishes them, with the words by which orders are searched for. Called by followers and the list.
import type { Consumption } from "@florist/kit/relay"
import { follow } from "@florist/kit/known"
import { z } from "zod"

export const customerType = "customers"

const words = z.object({
  title: z.string().nullish(),
  phone: z.string().nullish(),
  countryCode: z.union([z.string(), z.number()]).nullish(),
  bonusCard: z.string().nullish(),
})

export const followCustomers = (): Consumption =>
  follow("orders", "loyalty", [customerType], async (tx, { id, deleted, attributes }) => {
    if (deleted) {
      await tx.query("DELETE FROM orders.known_customer WHERE id = $1", [id])
      return
    }
    await tx.query(
      `INSERT INTO orders.known_customer (shop_id, id, words) VALUES ($1, $2, $3)
       ON CONFLICT (shop_id, id) DO UPDATE SET words = excluded.words`,
      [tx.shop, id, searchWords(attributes)],
    )
  })

/** "anna karenina 79161234567 5268459" */
function searchWords(attributes: Record<string, unknown>): string {
  const { data = {} } = words.safeParse(attributes)
  const { title, countryCode, phone, bonusCard } = data
  return [title ?? "", `${countryCode ?? ""}${phone ?? ""}`.replaceAll(/\D/g, ""), bonusCard ?? ""].join(" ").toLowerCase()
}
