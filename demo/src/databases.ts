// The fleet that the demo plays on: two real PostgreSQL servers, four shards on them, and the directory of shops.
import pg from "pg"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"

export interface Databases {
  directoryUrl: string
  shards: readonly { name: string; url: string }[]
  /** "18.4" */
  version: string
  stop(): Promise<void>
}

// As a small production server would be set: durable, and with the statistics that the contract gate reads.
// Eight services, each in two or three versions, keep connections open.
const settings = { fsync: "on", max_connections: "500", shared_buffers: "'128MB'", max_wal_size: "'1GB'", checkpoint_timeout: "'5min'" }

export async function startDatabases(): Promise<Databases> {
  const servers: PostgresServer[] = []
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  try {
    for (const databases of [
      ["directory", "shop_1", "shop_2"],
      ["shop_3", "shop_4"],
    ])
      servers.push(await startPostgres({ settings, databases }))
  } catch (thrown) {
    await stop()
    throw thrown
  }
  const [first, second] = servers as [PostgresServer, PostgresServer]
  const shards = [
    { name: "shop-1", url: first.url("shop_1") },
    { name: "shop-2", url: first.url("shop_2") },
    { name: "shop-3", url: second.url("shop_3") },
    { name: "shop-4", url: second.url("shop_4") },
  ]
  const directoryUrl = first.url("directory")
  return { directoryUrl, shards, version: await versionOf(directoryUrl), stop }
}

async function versionOf(url: string): Promise<string> {
  const [row] = await ask<{ server_version: string }>(url, "SHOW server_version")
  return row?.server_version ?? "unknown"
}

async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}
