// The whole platform for the bench: a PostgreSQL server with four shards, thousands of shops, the services, and Conveyor's edge in front of them.
// Called by the bench, which closes it.
import { startPostgres } from "@conveyor/testbed/postgres"
import pg from "pg"
import { routes } from "../../florist/gateway/src/routes.ts"
import { demoSecret, furnishShop } from "../../demo/src/model.ts"
import { cloneShops } from "../../demo/src/shop/clone.ts"
import { applyChanges, prepareDirectory } from "../../demo/src/shop/schema.ts"
import type { Shard } from "../../demo/src/shop/schema.ts"
import { serviceNames, startServices } from "../../demo/src/shop/services.ts"
import type { Services } from "../../demo/src/shop/services.ts"
import { settle } from "../../demo/src/shop/settle.ts"
import type { RoutingTable } from "../../packages/conveyor/src/edge/edge.ts"
import { embeddedEdge } from "../../packages/conveyor/src/edge/embedded/embedded-edge.ts"
import type { BenchContext } from "../report.ts"

export interface Stage {
  /** The edge. */
  url: string
  shops: number
  shards: readonly Shard[]
  services: Services
  /** Whose CPU time counts, by name; "postgres" is the whole server. */
  pids: ReadonlyMap<string, number>
  close(): Promise<void>
}

const shardNames = ["s1", "s2", "s3", "s4"]
/** As a small production server would be set. */
const settings = { fsync: "on", shared_buffers: "'512MB'", max_connections: "300", max_wal_size: "'4GB'", checkpoint_timeout: "'15min'" }

export async function setStage(shops: number, { log, signal }: BenchContext): Promise<Stage> {
  await using opened = new AsyncDisposableStack()
  const postgres = await startPostgres({ settings, databases: ["directory", ...shardNames] })
  opened.defer(() => postgres.stop())
  const shards = shardNames.map((name) => ({ name, url: postgres.url(name) }))
  const directoryUrl = postgres.url("directory")
  await prepareDirectory({ directoryUrl, shards })
  log("bringing four shards to their schema")
  await applyChanges(shards, { signal })
  const services = await startServices({ directoryUrl, secret: demoSecret, logLevel: "error", shops: [1] })
  opened.defer(() => services.stop())

  log(`${shops} shops: one on each shard is furnished through the API, the others are copies`)
  await fill({ url: services.url, directoryUrl, shards, shops, signal })
  const under = await embeddedEdge()
  opened.defer(() => under.close())
  await under.edge.apply(tableOf(services), signal)
  const kept = opened.move()
  return {
    url: under.url,
    shops,
    shards,
    services,
    pids: new Map([["edge", under.running.identity.pid], ...services.pids, ["postgres", postgres.pid]]),
    close: () => kept.disposeAsync(),
  }
}

/** Each path straight to its service, as conveyor.yml has it. */
function tableOf({ addresses }: Services): RoutingTable {
  const targets = Object.fromEntries(
    serviceNames.map((name) => [name, [{ copy: name, host: "127.0.0.1", port: Number(new URL(addresses[name] ?? "").port) }]]),
  )
  return {
    epoch: 0,
    generation: 1,
    current: "v1",
    routes: Object.entries(routes).flatMap(([service, prefixes]) => prefixes.map((prefix) => ({ prefix, service }))),
    versions: { v1: { release: "bench", targets } },
  }
}

interface Filling {
  url: string
  directoryUrl: string
  shards: readonly Shard[]
  shops: number
  signal: AbortSignal
}

async function fill({ url, directoryUrl, shards, shops, signal }: Filling): Promise<void> {
  const numbers = Array.from({ length: shops }, (_, n) => n + 1)
  for (const [index, shard] of shards.entries()) {
    const [model = 0, ...others] = numbers.filter((shop) => shop % shards.length === index)
    const place = { directoryUrl, shard: shard.name, name: "Rose Corner", city: "Tver" }
    await furnishShop({ edge: url, shop: model, ...place, signal })
    await settle([shard], { signal })
    await enterDirectory(directoryUrl, shard.name, others)
    await cloneShops({ url: shard.url, model, shops: others })
  }
}

async function enterDirectory(directoryUrl: string, shard: string, shops: readonly number[]): Promise<void> {
  const client = new pg.Client({ connectionString: directoryUrl })
  await client.connect()
  try {
    await client.query(
      "INSERT INTO directory.shop (id, shard, name, city) SELECT id, $1, 'Rose Corner', 'Tver' FROM unnest($2::bigint[]) AS shops(id)",
      [shard, shops],
    )
  } finally {
    await client.end()
  }
}
