// Bouquets as stock tells of them: what a line shows, and what a separated bouquet is answered as. Called by followers, edits and separations.
import { bouquetSnapshot } from "@florist/kit/contracts/stock"
import type { BouquetSnapshot } from "@florist/kit/contracts/stock"
import { moment, oneOut, reference, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { toRoubles } from "@florist/kit/money"
import type { Reader } from "@florist/kit/database"
import type { Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"

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
    height: 0,
    width: 0,
    description: "",
    amount,
    saleAmount: amount,
    trueSaleAmount: amount,
    status: "demonstrated",
    onWindowAt: moment(now),
    createdAt: moment(known?.assembledAt),
    updatedAt: moment(now),
    completedAt: moment(known?.assembledAt),
    public: false,
    discount: 0,
    discountType: "absolute",
    markup: 0,
    markupType: "absolute",
    revision: known?.revision ?? 0,
    ...ofCategories,
  }
  const none = { data: null }
  return resource(bouquetType, id, attributes, {
    store: reference("stores", storeId),
    createdBy: reference("workers", known?.floristId),
    updatedBy: none,
    logo: none,
    specWithVar: none,
    image: none,
  })
}

/** The schema of this answer is published as a category's, its example as a bouquet. */
const ofCategories = { color: null, countPublicItems: 0, deleted: false, path: [], pathIds: [] }

const momentOut = z.string().nullable()
export const separatedBouquetOut = resourceOut(
  bouquetType,
  {
    docNo: z.string().nullable(),
    title: z.string(),
    height: z.number(),
    width: z.number(),
    description: z.string(),
    amount: z.number(),
    saleAmount: z.number(),
    trueSaleAmount: z.number(),
    status: z.string(),
    onWindowAt: momentOut,
    createdAt: momentOut,
    updatedAt: momentOut,
    completedAt: momentOut,
    public: z.boolean(),
    discount: z.number(),
    discountType: z.string(),
    markup: z.number(),
    markupType: z.string(),
    revision: z.int(),
    color: z.string().nullable(),
    countPublicItems: z.int(),
    deleted: z.boolean(),
    path: z.array(z.string()),
    pathIds: z.array(z.string()),
  },
  { store: oneOut, createdBy: oneOut, updatedBy: oneOut, logo: oneOut, specWithVar: oneOut, image: oneOut },
)
