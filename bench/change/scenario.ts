// The change engine's figures: a backfill of a million rows with seven indexes beside 200 transactions a second, against
// one UPDATE and against batches without VACUUM; what the sync trigger costs a write; expand on 48 shards.
// Called by `npm run bench -- change`.
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { createChangeEngine } from "../../packages/conveyor/src/change/create-engine.ts"
import type { ChangeEngine, ChangeRun } from "../../packages/conveyor/src/change/engine.ts"
import type { PolicyChoices } from "../../packages/conveyor/src/change/policy.ts"
import type { ShardSpec } from "../../packages/conveyor/src/change/fleet/shard.ts"
import { systemClock } from "../../packages/conveyor/src/kernel/time/clock.ts"
import { silentLogger } from "../../packages/conveyor/src/kernel/logger.ts"
import { percentile, startForeground } from "./foreground.ts"
import type { Foreground } from "./foreground.ts"
import { change, derivation, fillTable, handMadeColumns, sizeOf, withClient } from "./table.ts"

export interface BenchOptions {
  rows: number
  /** Transactions of the application in a second. */
  perSecond: number
  log: (line: string) => void
}

export interface BackfillFigures {
  name: string
  rowsPerSecond: number
  heapGrowth: number
  indexGrowth: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export interface ChangeFigures {
  /** No backfill: the application alone. */
  baseline: BackfillFigures
  backfills: readonly BackfillFigures[]
  /** Microseconds a row, over many rows in one statement. */
  triggerCost: { insertUs: number; insertWithSyncUs: number; updateUs: number; updateWithSyncUs: number }
  fleet: { oneShardMs: number; shards: number; allMs: number }
  /** Each promise with its figure. */
  ratios: readonly { what: string; value: number; limit: number; holds: boolean }[]
}

export async function benchChange({ rows, perSecond, log }: BenchOptions): Promise<ChangeFigures> {
  const server = await startPostgres({ settings: { shared_buffers: "'256MB'", max_wal_size: "'4GB'" } })
  try {
    await server.createDatabase("payments_template")
    log(`filling ${rows} rows with 7 indexes`)
    await fillTable(server.url("payments_template"), rows)
    const measure = (name: string, work: Work) => measured({ server, name, rows, perSecond, log }, work)

    const baseline = await measure("no backfill", async () => {
      await new Promise((resolve) => setTimeout(resolve, 15_000))
      return Number.NaN
    })
    const single = await measure("one UPDATE", bySingleUpdate)
    const unvacuumed = await measure("batches without VACUUM", byEngine({ batch: { rest: 0, strides: 1, vacuumEvery: 0 } }))
    const ordered = await measure("batches with VACUUM, page after page", byEngine({ batch: { rest: 0, strides: 1 } }))
    const strided = await measure("the engine, unthrottled", byEngine({ batch: { rest: 0 } }))
    const limitMs = baseline.p99Ms * 1.5
    const throttled = await measure("the engine, held to the application's p99", (url, foreground) => {
      const probe = () => Promise.resolve({ p99Ms: foreground.p99(2_000), limitMs })
      return byEngineFor(throttledMs, { batch: { firstRows: 50, targetMs: 10, rest: 2 }, throttle: { everyMs: 200, foreground: probe } })(
        url,
        rows,
      )
    })
    const triggerCost = await measureTrigger(server)
    const fleet = await measureFleet(server, 48)
    const ratios = [
      { what: "rows/s unthrottled, against one UPDATE (at least)", value: strided.rowsPerSecond / single.rowsPerSecond, limit: 1 },
      { what: "heap after/before (at most)", value: strided.heapGrowth, limit: 1.15 },
      { what: "indexes after/before (at most)", value: strided.indexGrowth, limit: 1.3 },
      { what: "p99 throttled, against no backfill (at most)", value: throttled.p99Ms / baseline.p99Ms, limit: 1.5 },
      { what: "expand on 48 shards, against 3x one shard + 5 s (at most)", value: fleet.allMs / (3 * fleet.oneShardMs + 5_000), limit: 1 },
    ].map((ratio) => ({ ...ratio, holds: ratio.what.includes("at least") ? ratio.value >= ratio.limit : ratio.value <= ratio.limit }))
    for (const { what, value, limit, holds } of ratios) log(`${holds ? "holds" : "FAILS"}  ${value.toFixed(2)} (${limit})  ${what}`)
    return { baseline, backfills: [single, unvacuumed, ordered, strided, throttled], triggerCost, fleet, ratios }
  } finally {
    await server.stop()
  }
}

/** Gives how long it took, in ms; NaN where no rows were worked on. */
type Work = (url: string, foreground: Foreground) => Promise<number>

interface Bench {
  server: PostgresServer
  name: string
  rows: number
  perSecond: number
  log: (line: string) => void
}

async function measured({ server, name, rows, perSecond, log }: Bench, work: Work): Promise<BackfillFigures> {
  const admin = server.url("postgres")
  await withClient(admin, (client) => client.query("CREATE DATABASE payments_bench TEMPLATE payments_template STRATEGY file_copy"))
  const url = server.url("payments_bench")
  await withClient(url, (client) => client.query("CHECKPOINT; SELECT count(*) FROM payments.payment"))
  const foreground = await startForeground({ url, perSecond, rows })
  try {
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    foreground.take()
    const before = await sizeOf(url)
    const ms = await work(url, foreground)
    const latencies = foreground.take()
    const after = await sizeOf(url)
    const figures: BackfillFigures = {
      name,
      rowsPerSecond: Number.isNaN(ms) ? 0 : (rows / ms) * 1_000,
      heapGrowth: after.heapBytes / before.heapBytes,
      indexGrowth: after.indexBytes / before.indexBytes,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: percentile(latencies, 1),
    }
    log(
      `${name.padEnd(44)} ${Math.round(figures.rowsPerSecond).toString().padStart(6)} rows/s  heap ${figures.heapGrowth.toFixed(2)}x  indexes ${figures.indexGrowth.toFixed(2)}x  p50 ${figures.p50Ms.toFixed(1)} ms  p99 ${figures.p99Ms.toFixed(1)} ms  max ${figures.maxMs.toFixed(0)} ms`,
    )
    return figures
  } finally {
    await foreground.stop()
    await withClient(admin, (client) => client.query("DROP DATABASE payments_bench WITH (FORCE)"))
  }
}

async function bySingleUpdate(url: string): Promise<number> {
  return withClient(url, async (client) => {
    await client.query(handMadeColumns)
    const beganAt = performance.now()
    await client.query(`UPDATE payments.payment SET ${derivation}`)
    return performance.now() - beganAt
  })
}

function byEngine(policy: PolicyChoices): Work {
  return async (url) => {
    const { engine, run } = engineOn([{ name: "bench", url }], policy)
    await engine.expand(change, run)
    const beganAt = performance.now()
    await engine.backfill(change, run)
    const ms = performance.now() - beganAt
    await engine.verify(change, run)
    await engine.close()
    return ms
  }
}

/** As much as it gets done in a time: what is held back takes as long as the application's load lasts. */
function byEngineFor(ms: number, policy: PolicyChoices): (url: string, rows: number) => Promise<number> {
  return async (url, rows) => {
    const { engine, run } = engineOn([{ name: "bench", url }], policy)
    await engine.expand(change, run)
    const beganAt = performance.now()
    const signal = AbortSignal.timeout(ms)
    await engine.backfill(change, { ...run, signal }).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown
    })
    const took = performance.now() - beganAt
    const [status] = await engine.status([change], run.signal)
    await engine.close()
    return (took * rows) / Math.max(1, status?.shards[0]?.rowsDone ?? 0)
  }
}

const throttledMs = 60_000

function engineOn(shards: readonly ShardSpec[], policy: PolicyChoices = {}): { engine: ChangeEngine; run: ChangeRun } {
  const engine = createChangeEngine({ shards, clock: systemClock, logger: silentLogger, policy })
  return { engine, run: { signal: new AbortController().signal, fence: 1, onProgress: () => {} } }
}

const triggerRows = 100_000

/** By turns with and without the triggers, the best of three: the table grows, and the machine has other things to do. */
async function measureTrigger(server: PostgresServer): Promise<ChangeFigures["triggerCost"]> {
  await server.createDatabase("trigger_cost")
  const url = server.url("trigger_cost")
  await fillTable(url, 1_000)
  const { engine, run } = engineOn([{ name: "trigger", url }])
  await engine.expand(change, run)
  await engine.backfill(change, run)
  await engine.close()
  const best = { plain: [Infinity, Infinity], synced: [Infinity, Infinity] }
  for (let turn = 1; turn <= 6; turn++) {
    const kind = turn % 2 === 0 ? "synced" : "plain"
    const action = kind === "synced" ? "ENABLE" : "DISABLE"
    await withClient(url, (client) => client.query(`ALTER TABLE payments.payment ${action} TRIGGER USER`))
    const cost = await writeCost(url, turn * 1_000_000)
    best[kind] = best[kind].map((known, i) => Math.min(known, cost[i] ?? known))
  }
  const [insertUs = 0, updateUs = 0] = best.plain
  const [insertWithSyncUs = 0, updateWithSyncUs = 0] = best.synced
  return { insertUs, insertWithSyncUs, updateUs, updateWithSyncUs }
}

async function writeCost(url: string, from: number): Promise<[insertUs: number, updateUs: number]> {
  return withClient(url, async (client) => {
    const insertMs = await timed(() =>
      client.query(
        `INSERT INTO payments.payment (id, shop_id, order_id, amount, method, cashier, status, created_at)
         SELECT ${from} + i, i % 8500, md5(i::text)::uuid, i, 'card', 'cashier', 'paid', now() FROM generate_series(1, ${triggerRows}) i`,
      ),
    )
    const updateMs = await timed(() =>
      client.query(`UPDATE payments.payment SET method = 'qr' WHERE id > ${from} AND id <= ${from + triggerRows}`),
    )
    return [(insertMs / triggerRows) * 1_000, (updateMs / triggerRows) * 1_000]
  })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganAt = performance.now()
  await work()
  return performance.now() - beganAt
}

async function measureFleet(server: PostgresServer, count: number): Promise<ChangeFigures["fleet"]> {
  const shards: ShardSpec[] = []
  await server.createDatabase("shard_template")
  await fillTable(server.url("shard_template"), 100)
  for (let i = 0; i <= count; i++) {
    await withClient(server.url("postgres"), (client) => client.query(`CREATE DATABASE shard_${i} TEMPLATE shard_template`))
    shards.push({ name: `shard_${i}`, url: server.url(`shard_${i}`) })
  }
  const one = engineOn(shards.slice(0, 1))
  const oneShardMs = await timed(() => one.engine.expand(change, one.run))
  const all = engineOn(shards.slice(1))
  const allMs = await timed(() => all.engine.expand(change, all.run))
  await one.engine.close()
  await all.engine.close()
  return { oneShardMs, shards: count, allMs }
}
