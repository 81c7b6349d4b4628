// The whole platform on one machine: a PostgreSQL server with a directory and shards, the schema, the services, and shops in it. Put up and taken down by
// `npm run florist` and by the tests that go over all services.
import { startPostgres } from "@conveyor/testbed/postgres"
import pg from "pg"
import { openFleet } from "../../../florist/kit/src/fleet.ts"
import { openShop, readerOf } from "../../../florist/staff/src/open-shop.ts"
import type { OpenedShop, ShopToOpen } from "../../../florist/staff/src/open-shop.ts"
import { applyChanges, prepareDirectory } from "./schema.ts"
import type { Shard } from "./schema.ts"
import { startServices } from "./services.ts"
import type { Services, ServicesOptions } from "./services.ts"

export type PlatformOptions = Omit<ServicesOptions, "directoryUrl" | "secret"> & {
  signal: AbortSignal
  /** How many databases keep shops. */
  shardCount?: number
  onStep?: (doing: string) => void
}

export interface Platform extends AsyncDisposable {
  services: Services
  directoryUrl: string
  shards: readonly Shard[]
  openShop(shop: ShopToOpen): Promise<OpenedShop>
}

const secret = "signs the sessions of a platform that lives for an hour"
const settings = { shared_buffers: "'128MB'", max_wal_size: "'1GB'" }

export async function startPlatform({ signal, shardCount = 2, onStep = () => {}, ...options }: PlatformOptions): Promise<Platform> {
  await using up = new AsyncDisposableStack()
  const names = Array.from({ length: shardCount }, (_, index) => `shop-${index + 1}`)
  onStep("starting PostgreSQL")
  const postgres = await startPostgres({ settings, databases: ["directory", ...names.map(databaseOf)] })
  up.defer(() => postgres.stop())
  signal.throwIfAborted()
  const shards = names.map((name) => ({ name, url: postgres.url(databaseOf(name)) }))
  const directoryUrl = postgres.url("directory")
  await prepareDirectory({ directoryUrl, shards })
  await applyChanges(shards, { signal, onChange: (name) => onStep(`bringing the databases to their schema: ${name}`) })
  onStep("starting the services")
  const services = await startServices({ ...options, directoryUrl, secret })
  up.defer(() => services.stop())
  signal.throwIfAborted()

  const directory = new pg.Pool({ connectionString: directoryUrl, max: 2 })
  const fleet = openFleet({ service: "staff", directoryUrl, poolSize: 1 })
  up.defer(() => directory.end())
  up.defer(() => fleet.close())
  const held = up.move()
  return {
    services,
    directoryUrl,
    shards,
    openShop: (shop) => openShop({ directory: readerOf(directory), fleet, now: new Date() }, shop),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

const databaseOf = (shard: string): string => shard.replaceAll("-", "_")
