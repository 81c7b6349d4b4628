// Bouquets as stock tells of them: what a line shows, and what a separated bouquet is answered as. Called by followers, edits and separations.
import { bouquetSnapshot } from "@florist/kit/contracts/stock"
import type { BouquetSnapshot } from "@florist/kit/contracts/stock"
import { moment, reference, resource } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import type { Reader } from "@florist/kit/database"
import type { Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"

export const bouquetType = "bouquets"

export async function keepBouquet(tx: Transaction, { data }: Event): Promise<void> {
  const bouquet = bouquetSnapshot.parse(data)
  await tx.query(
    `INSERT INTO orders.known_resource (shop_id, type, id, revision, deleted, attributes) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (shop_id, type, id) DO UPDATE SET revision = excluded.revision, deleted = excluded.deleted, attributes = excluded.attributes
     WHERE known_resource.revision < excluded.revision`,
    [tx.shop, bouquetType, bouquet.id, bouquet.revision, bouquet.status === "deleted", JSON.stringify(bouquet)],
  )
}

export async function knownBouquet(reader: Reader, id: string): Promise<BouquetSnapshot | undefined> {
  const [row] = await reader.query("SELECT attributes FROM orders.known_resource WHERE type = $1 AND id = $2", [bouquetType, id])
  return row === undefined ? undefined : bouquetSnapshot.parse(row.attributes)
}

/** A bouquet that just went to the showcase, as the publication shows it; stock puts it there when it hears of it. */
export function separatedBouquet(
  { id, title, price, storeId }: { id: string; title: string; price: number; storeId: string },
  known: BouquetSnapshot | undefined,
  now: Date,
): Resource {
  const amount = toRoubles(known?.salePrice ?? price)
  const attributes = {
    docNo: known?.docNo ?? null,
    title: known?.title ?? title,
    amount,
    saleAmount: amount,
    status: "demonstrated",
    onWindowAt: moment(now),
    revision: known?.revision ?? 0,
  }
  return resource(bouquetType, id, attributes, { store: reference("stores", storeId) })
}
