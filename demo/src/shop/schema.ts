// Brings empty databases to the schema that Florist's services need, by the same engine that Conveyor migrates with. Called by whoever starts a platform.
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { createChangeEngine } from "../../../packages/conveyor/src/change/create-engine.ts"
import { loadChanges } from "../../../packages/conveyor/src/change/files/load-changes.ts"
import { systemClock } from "../../../packages/conveyor/src/kernel/time/clock.ts"
import { silentLogger } from "../../../packages/conveyor/src/kernel/logger.ts"

export interface Shard {
  name: string
  url: string
}

export interface PlatformDatabases {
  directoryUrl: string
  shards: readonly Shard[]
}

const florist = fileURLToPath(new URL("../../../florist", import.meta.url))

/** Roles on each server, the directory's tables, the shards in it, and what Conveyor's contract looks at. Can be run again. */
export async function prepareDirectory({ directoryUrl, shards }: PlatformDatabases): Promise<void> {
  const roles = await readFile(`${florist}/roles.sql`, "utf8")
  for (const url of new Set([directoryUrl, ...shards.map((shard) => shard.url)])) await withClient(url, (client) => client.query(roles))
  for (const { url } of shards) await withClient(url, (client) => client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))
  await withClient(directoryUrl, async (client) => {
    await client.query(await readFile(`${florist}/directory.sql`, "utf8"))
    for (const { name, url } of shards)
      await client.query("INSERT INTO directory.shard VALUES ($1, $2) ON CONFLICT DO NOTHING", [name, url])
  })
}

export interface Applying {
  signal: AbortSignal
  onChange?: (name: string) => void
  /** "contracted" where nothing runs that could need what is old, "expanded" where old and new versions shall both run. */
  until?: "expanded" | "contracted"
}

/** Every change, expanded and filled, and contracted where it may be. */
export async function applyChanges(
  shards: readonly Shard[],
  { signal, onChange = () => {}, until = "contracted" }: Applying,
): Promise<void> {
  const engine = createChangeEngine({
    shards,
    clock: systemClock,
    logger: silentLogger,
    // Empty databases have no readers to wait for, and no traffic to spare.
    policy: { batch: { rest: 0 }, throttle: { oldestTransactionMs: undefined }, contract: { observeMs: 0, softDropMs: 0 } },
  })
  const run = { signal, fence: 1, onProgress: () => {} }
  try {
    for (const change of await loadChanges(`${florist}/changes`)) {
      onChange(change.name)
      await engine.expand(change, run)
      await engine.backfill(change, run)
      await engine.verify(change, run)
      if (until === "contracted") await engine.contract(change, { objections: [], lastReaderStoppedAt: undefined }, run)
    }
  } finally {
    await engine.close()
  }
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
