// All databases of the platform: the directory, and a pool for each shard that is asked for. Made once per process.
import { PooledDatabase } from "./database.ts"
import type { Reader } from "./database.ts"
import { Directory } from "./directory.ts"
import type { Shop } from "./directory.ts"
import { openTransaction } from "./transaction.ts"
import type { Transaction } from "./transaction.ts"

/** A shop, and the database that keeps it. Every statement sees this shop's rows alone. */
export interface OpenShop extends Shop, Reader {
  /** All or nothing. May run `work` again, so it changes nothing but the database. */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

export interface Fleet {
  /** @throws Refusal 404 for an unknown shop, 503 where the directory does not answer. */
  shop(id: number): Promise<OpenShop>
  /** Every shard that keeps a shop, for work that goes over all shops. */
  shards(): Promise<PooledDatabase[]>
  /** The directory's own tables. */
  readonly directory: Reader
  /** Reads the directory and connects to every shard before the first request needs them. */
  warmUp(): Promise<void>
  close(): Promise<void>
}

export interface FleetOptions {
  /** The service that asks: its schema, and the role it connects as. */
  service: string
  directoryUrl: string
  poolSize: number
}

export function openFleet({ service, directoryUrl, poolSize }: FleetOptions): Fleet {
  const directoryDatabase = new PooledDatabase({ name: "The directory", url: asRole(directoryUrl, service), size: 2 })
  const directory = new Directory({ database: directoryDatabase })
  const shards = new Map<string, PooledDatabase>()

  function databaseOf({ name, url }: Shop["shard"]): PooledDatabase {
    const known = shards.get(url)
    if (known !== undefined) return known
    const opened = new PooledDatabase({ name: `Shard ${name}`, url: asRole(url, service), size: poolSize })
    shards.set(url, opened)
    return opened
  }

  const allShards = async () => (await directory.shards()).map(databaseOf)

  return {
    directory: directoryDatabase,
    shards: allShards,
    async shop(id) {
      const shop = await directory.shop(id)
      const database = databaseOf(shop.shard)
      return {
        ...shop,
        query: (text, values) => database.queryAs(id, text, values),
        write: (work) => database.transaction(id, (reader) => openTransaction({ service, shop: id, reader }, work)),
      }
    },
    async warmUp() {
      await Promise.all((await allShards()).map((shard) => shard.warmUp()))
    },
    async close() {
      await Promise.all([directoryDatabase, ...shards.values()].map((database) => database.close()))
    },
  }
}

/** Each service connects as a role of its own, which may touch its own schema only. */
function asRole(url: string, service: string): string {
  const as = new URL(url)
  as.username = `florist_${service}`
  return as.href
}
