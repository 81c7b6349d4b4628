// All databases of the platform: the directory, and a pool for each shard that is asked for. Made once per process.
import { PooledDatabase } from "./database.ts"
import type { Database } from "./database.ts"
import { Directory } from "./directory.ts"
import type { Shop } from "./directory.ts"

/** A shop, and the database that keeps it. */
export interface OpenShop extends Shop {
  database: Database
}

export interface Fleet {
  /** @throws Refusal 404 for an unknown shop, 503 where the directory does not answer. */
  shop(id: number): Promise<OpenShop>
  /** Reads the directory and connects to every shard before the first request needs them. */
  warmUp(): Promise<void>
  close(): Promise<void>
}

export interface FleetOptions {
  directoryUrl: string
  poolSize: number
}

export function openFleet({ directoryUrl, poolSize }: FleetOptions): Fleet {
  const directoryDatabase = new PooledDatabase({ name: "The directory", url: directoryUrl, size: 2 })
  const directory = new Directory({ database: directoryDatabase })
  const shards = new Map<string, PooledDatabase>()

  function databaseOf({ name, url }: Shop["shard"]): PooledDatabase {
    const known = shards.get(url)
    if (known !== undefined) return known
    const opened = new PooledDatabase({ name: `Shard ${name}`, url, size: poolSize })
    shards.set(url, opened)
    return opened
  }

  return {
    async shop(id) {
      const shop = await directory.shop(id)
      return { ...shop, database: databaseOf(shop.shard) }
    },
    async warmUp() {
      const shards = await directory.shards()
      await Promise.all(shards.map((shard) => databaseOf(shard).warmUp()))
    },
    async close() {
      await Promise.all([directoryDatabase, ...shards.values()].map((database) => database.close()))
    },
  }
}
