// Which shard keeps which shop: the directory database, kept in memory and read again each minute. Called by the fleet.
import type { Reader, Row } from "./database.ts"
import { notFound } from "./refusal.ts"

export interface Shop {
  id: number
  name: string
  city: string
  shard: { name: string; url: string }
}

export interface DirectoryOptions {
  database: Reader
  now?: () => number
}

const freshForMs = 60_000
const selectShops = `
  SELECT shop.id, shop.name, shop.city, shard.name AS shard, shard.url
  FROM directory.shop JOIN directory.shard ON shard.name = shop.shard`

export class Directory {
  readonly #database: Reader
  readonly #now: () => number
  #shops = new Map<number, Shop>()
  #loadedAt = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined

  constructor({ database, now = Date.now }: DirectoryOptions) {
    this.#database = database
    this.#now = now
  }

  /** @throws Refusal 404 for a shop that nobody opened, 503 where the directory is needed and does not answer. */
  async shop(id: number): Promise<Shop> {
    if (this.#now() - this.#loadedAt >= freshForMs) {
      const loading = this.#load()
      // What is known serves on while it is read again, and also where that fails.
      if (this.#shops.has(id)) loading.catch(() => {})
      else await loading
    }
    return this.#shops.get(id) ?? (await this.#justOpened(id))
  }

  /** Every shard, also one that keeps no shop yet: whatever is done there is done from its first shop on. */
  async shards(): Promise<Shop["shard"][]> {
    const rows = await this.#database.query("SELECT name, url FROM directory.shard ORDER BY name")
    const byUrl = new Map(rows.map(({ name, url }) => [String(url), { name: String(name), url: String(url) }]))
    return [...byUrl.values()]
  }

  #load(): Promise<void> {
    this.#loading ??= this.#readAll().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #readAll(): Promise<void> {
    const rows = await this.#database.query(selectShops)
    this.#shops = new Map(rows.map(shopOf).map((shop) => [shop.id, shop]))
    this.#loadedAt = this.#now()
  }

  async #justOpened(id: number): Promise<Shop> {
    const [row] = await this.#database.query(`${selectShops} WHERE shop.id = $1`, [id])
    if (row === undefined) throw notFound(`shop ${id}`, { parameter: "shop" })
    const shop = shopOf(row)
    this.#shops.set(id, shop)
    return shop
  }
}

function shopOf(row: Row): Shop {
  return {
    id: Number(row.id),
    name: String(row.name),
    city: String(row.city),
    shard: { name: String(row.shard), url: String(row.url) },
  }
}
