import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { systemClock } from "../../kernel/time/clock.ts"
import type { Logger } from "../../kernel/logger.ts"
import { createChangeEngine } from "../create-engine.ts"
import type { ChangeEngine } from "../engine.ts"
import type { ShardSpec } from "../fleet/shard.ts"
import { query, schemaOf, survivedChange, testPolicy, testRun } from "./testing.ts"

let server: PostgresServer

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

/** An engine that gives up as soon as it has taken `steps` steps. */
function engineThatStops(shard: ShardSpec, steps: number, stop: AbortController): ChangeEngine {
  let taken = 0
  const logger: Logger = {
    info: (_, message) => {
      if (message === "step done" && ++taken >= steps) stop.abort(new Error("stopped"))
    },
    warn() {},
    error() {},
    child: () => logger,
  }
  return createChangeEngine({
    shards: [shard],
    clock: systemClock,
    logger,
    policy: { ...testPolicy, batch: { rest: 0 }, contract: { readers: "trust-release", softDropMs: 1 } },
  })
}

async function throughAll(engine: ChangeEngine, signal: AbortSignal): Promise<void> {
  const run = testRun(undefined, signal)
  await engine.expand(survivedChange, run)
  await engine.backfill(survivedChange, run)
  await engine.verify(survivedChange, run)
  await engine.contract(survivedChange, { objections: [], lastReaderStoppedAt: undefined }, run)
}

test("stopped after any one of its steps, a change carries on to the same end, or goes back to the same beginning", async () => {
  const ends: string[][] = []
  for (let steps = 1; ; steps += atOnce) {
    const group = await Promise.all(Array.from({ length: atOnce }, (_, i) => stoppedAfter(steps + i)))
    for (const [i, { end }] of group.entries()) {
      ends.push(end)
      assert.deepEqual(end, ends[0], `finished after a stop at step ${steps + i}`)
    }
    if (group.some(({ wasStopped }) => !wasStopped)) break
  }
  assert.ok(ends.length > 15, `${ends.length} steps`)
})

/** Each on a database of its own: they spend most of their time waiting for the server. */
const atOnce = 4

async function stoppedAfter(steps: number): Promise<{ wasStopped: boolean; end: string[] }> {
  const name = `stop_${steps}`
  await server.createDatabase(name)
  const shard = { name, url: server.url(name) }
  await query(
    shard.url,
    "CREATE SCHEMA app; CREATE TABLE app.payment (id int PRIMARY KEY, method text NOT NULL); INSERT INTO app.payment SELECT i, 'xx' FROM generate_series(1, 50) i",
  )
  const begin = await schemaOf(shard.url)
  const stop = new AbortController()
  const stopping = engineThatStops(shard, steps, stop)
  const wasStopped = await throughAll(stopping, stop.signal).then(
    () => false,
    () => true,
  )
  await stopping.close()
  const engine = engineThatStops(shard, Number.POSITIVE_INFINITY, new AbortController())
  const [status] = await engine.status([survivedChange], new AbortController().signal)
  // Every other time it goes on from where it stands.
  if (status?.contract === "pending" && steps % 2 === 0) {
    await engine.undo(survivedChange, testRun())
    assert.deepEqual(await schemaOf(shard.url), begin, `undone after ${steps} steps`)
  }
  await throughAll(engine, new AbortController().signal)
  await engine.close()
  return { wasStopped, end: await schemaOf(shard.url) }
}
