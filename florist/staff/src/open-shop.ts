// Opens a shop: a place in the directory, its first store and its owner. Can be run again: what is there stays as it is. Called by the demo, by generators of
// data, and from a shell:
//   FLORIST_DIRECTORY_URL=postgres://... FLORIST_PASSWORD=... node staff/src/open-shop.ts --shop 17 --shard s1 --name Rose --city Tver --username anna
// The directory's URL is its owner's there: services may only read which shops there are.
import { createHash } from "node:crypto"
import { parseArgs } from "node:util"
import { PooledDatabase } from "@florist/kit/database"
import type { Reader, Row } from "@florist/kit/database"
import { openFleet } from "@florist/kit/fleet"
import type { Fleet } from "@florist/kit/fleet"
import { z } from "zod"
import { keepPassword } from "./password.ts"
import type { KeptPassword } from "./password.ts"
import { createStore } from "./store-rows.ts"
import { username } from "./username.ts"
import { createWorker } from "./worker-store.ts"

export interface ShopToOpen {
  id: number
  /** By its name in the directory. */
  shard: string
  name: string
  city: string
  store?: { id?: string; title?: string; address?: string }
  owner: { id?: string; userId?: string; firstName?: string; lastName?: string; username: string; password: string | KeptPassword }
}

export interface OpenedShop {
  id: number
  store: string
  owner: string
}

export interface Opening {
  /** Connected as whoever may write the directory. */
  directory: Reader
  /** Of the service staff: `openFleet({ service: "staff", ... })`. */
  fleet: Fleet
  now: Date
}

/** Anything that asks PostgreSQL as the driver's clients and pools do. */
export const readerOf = (client: { query(text: string, values: unknown[]): Promise<{ rows: Row[] }> }): Reader => ({
  query: async (text, values = []) => (await client.query(text, [...values])).rows,
})

/** @throws Error where the shop is on another shard; Refusal 409 where the user name is taken. */
export async function openShop({ directory, fleet, now }: Opening, shop: ShopToOpen): Promise<OpenedShop> {
  const name = username.parse(shop.owner.username)
  const store = shop.store?.id ?? idFor(shop.id, "store")
  const owner = shop.owner.id ?? idFor(shop.id, "owner")
  await enterDirectory(directory, shop)
  const opened = await fleet.shop(shop.id)
  const there = await opened.query("SELECT id FROM staff.worker WHERE shop_id = $1 AND id = $2", [shop.id, owner])
  if (there.length > 0) return { id: shop.id, store, owner }
  const { password: given } = shop.owner
  const password = typeof given === "string" ? await keepPassword(given) : given
  await opened.write(async (tx) => {
    const attributes = { title: shop.store?.title ?? shop.name, addressCity: shop.city, address: shop.store?.address ?? "" }
    await createStore(tx, { id: store, attributes, relationships: undefined }, now)
    const { firstName = shop.name, lastName = "", userId = idFor(shop.id, "user") } = shop.owner
    const worker = { id: owner, attributes: { firstName, lastName }, relationships: {} }
    const user = { id: userId, login: name, role: "owner" as const, password }
    await createWorker(tx, { worker, user }, { session: undefined, directory: fleet.directory, now })
  })
  return { id: shop.id, store, owner }
}

async function enterDirectory(directory: Reader, { id, shard, name, city }: ShopToOpen): Promise<void> {
  await directory.query("INSERT INTO directory.shop (id, shard, name, city) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING", [
    id,
    shard,
    name,
    city,
  ])
  const [there] = await directory.query("SELECT shard FROM directory.shop WHERE id = $1", [id])
  if (there?.shard !== shard) throw new Error(`Shop ${id} is on shard ${String(there?.shard)} already, not on ${shard}.`)
}

/** Always the same for a shop, so that opening it again finds what is there. A UUID of version 8. */
function idFor(shop: number, what: string): string {
  const hex = createHash("sha256").update(`florist shop ${shop} ${what}`).digest("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

async function main(): Promise<void> {
  const text = { type: "string" } as const
  const { values } = parseArgs({ options: { shop: text, shard: text, name: text, city: text, store: text, username: text } })
  const wanted = z
    .object({
      shop: z.coerce.number().int().positive(),
      shard: z.string(),
      name: z.string().min(1),
      city: z.string(),
      store: z.string().optional(),
      username: z.string(),
      FLORIST_DIRECTORY_URL: z.string(),
      FLORIST_PASSWORD: z.string().min(8),
    })
    .parse({ ...process.env, ...values })
  const directory = new PooledDatabase({ name: "The directory", url: wanted.FLORIST_DIRECTORY_URL, size: 1 })
  const fleet = openFleet({ service: "staff", directoryUrl: wanted.FLORIST_DIRECTORY_URL, poolSize: 1 })
  try {
    const opened = await openShop(
      { directory, fleet, now: new Date() },
      {
        id: wanted.shop,
        shard: wanted.shard,
        name: wanted.name,
        city: wanted.city,
        ...(wanted.store === undefined ? {} : { store: { title: wanted.store } }),
        owner: { username: wanted.username, password: wanted.FLORIST_PASSWORD },
      },
    )
    process.stdout.write(`${JSON.stringify(opened)}\n`)
  } finally {
    await Promise.all([fleet.close(), directory.close()])
  }
}

if (import.meta.main) await main()
