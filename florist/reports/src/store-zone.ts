// The time zone of each store, which its days go by. Where a store's own zone becomes known after things happened there, the shop's projections are rebuilt, because its days
// were counted by another clock. Called for each change of a store.
import type { Reader } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { lockProjections } from "./fact.ts"
import { isZone, standardZone } from "./calendar.ts"
import { ask } from "./task.ts"

/** A store's attribute `timezone` is a name as "Asia/Yekaterinburg"; without one its days are Moscow's. */
export async function keepZone(tx: Transaction, store: string, attributes: Readonly<Record<string, unknown>>): Promise<void> {
  const { timezone } = attributes
  if (!isZone(timezone)) return
  await lockProjections(tx)
  const before = await zoneOf(tx, tx.shop, store)
  if (before === timezone) return
  await tx.query(
    "INSERT INTO reports.store_zone (shop_id, store_id, zone) VALUES ($1, $2, $3) ON CONFLICT (shop_id, store_id) DO UPDATE SET zone = excluded.zone",
    [tx.shop, store, timezone],
  )
  const [anything] = await tx.query("SELECT 1 FROM reports.fact WHERE shop_id = $1 LIMIT 1", [tx.shop])
  if (anything !== undefined) await ask(tx, tx.shop, "rebuild", "")
}

async function zoneOf(reader: Reader, shop: number, store: string): Promise<string> {
  const [row] = await reader.query("SELECT zone FROM reports.store_zone WHERE shop_id = $1 AND store_id = $2", [shop, store])
  return typeof row?.zone === "string" ? row.zone : standardZone
}
