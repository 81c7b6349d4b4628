import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import type { ConveyorError } from "../../kernel/errors/errors.ts"
import { changeOf, connected, engineFor, query, testRun } from "./testing.ts"

const change = changeOf(
  "0002-x",
  `summary: x
operations:
  - derive_columns:
      table: s.t
      from: { a: int }
      to: { b: { type: bigint, nullable: false } }
      up: { b: a * 2 }
      down: { a: b / 2 }
`,
)

let server: PostgresServer
let made = 0

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function freshShard(rows: number): Promise<{ name: string; url: string }> {
  const name = `p${++made}`
  await server.createDatabase(name)
  await query(
    server.url(name),
    `CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, a int NOT NULL, pad text); INSERT INTO s.t SELECT i, i, repeat('x', 40) FROM generate_series(1, ${rows}) i; ANALYZE s.t`,
  )
  return { name, url: server.url(name) }
}

/** Resolves when the backfill says that it waits, with the reason. */
function pauseSeen() {
  const { promise, resolve } = Promise.withResolvers<string>()
  const reasons = new Set<string>()
  const run = testRun(({ shards }) => {
    for (const { pausedFor } of shards) {
      if (pausedFor === undefined) continue
      reasons.add(pausedFor)
      resolve(pausedFor)
    }
  })
  return { run, reasons, first: promise }
}

test("a backfill that is paused waits and says so, in every process, and goes on after resume", async () => {
  const shard = await freshShard(2_000)
  const engine = engineFor([shard])
  const { run, first } = pauseSeen()
  await engine.expand(change, run)
  await engine.pause(change, run.signal)
  const work = engine.backfill(change, run)
  assert.match(await first, /paused by hand/)
  const other = engineFor([shard])
  const [status] = await other.status([change], run.signal)
  assert.match(status?.shards[0]?.pausedFor ?? "", /paused by hand/)
  assert.equal(status?.shards[0]?.phase, "backfilling")
  await other.resume(change, run.signal)
  assert.equal((await work).rows, 2_000)
  await engine.close()
  await other.close()
})

test("a backfill can be aborted while it waits, and undone", async () => {
  const shard = await freshShard(2_000)
  const engine = engineFor([shard])
  const stop = new AbortController()
  const { promise: waits, resolve } = Promise.withResolvers<void>()
  const run = testRun(({ shards }) => shards.some(({ pausedFor }) => pausedFor !== undefined) && resolve(), stop.signal)
  await engine.expand(change, run)
  await engine.pause(change, stop.signal)
  const work = engine.backfill(change, run)
  await waits
  stop.abort(new Error("enough"))
  await assert.rejects(work, /enough/)
  await engine.undo(change, testRun())
  assert.equal((await engine.status([change], new AbortController().signal))[0]?.shards[0]?.phase, "absent")
  await engine.close()
})

test("the application's latency and the hours of the day hold a backfill, with their reason", async () => {
  const shard = await freshShard(500)
  let p99Ms = 900
  const { run, first } = pauseSeen()
  const engine = engineFor([shard], { throttle: { foreground: () => Promise.resolve({ p99Ms, limitMs: 200 }) } })
  await engine.expand(change, run)
  const work = engine.backfill(change, run)
  assert.equal(await first, "the application's p99 is 900 ms, the limit 200 ms")
  p99Ms = 20
  await work
  await engine.undo(change, run)

  const hour = new Date().getHours()
  const at = (hours: number) => `${String((hour + hours) % 24).padStart(2, "0")}:00`
  const nightly = engineFor([shard], { throttle: { window: [at(2), at(3)], longestPauseMs: 100 } })
  await nightly.expand(change, run)
  await assert.rejects(nightly.backfill(change, run), (thrown: ConveyorError) => {
    assert.equal(thrown.code, "paused-too-long")
    assert.match(thrown.message, /waits for its window/)
    return true
  })
  await engine.close()
  await nightly.close()
})

test("a probe that fails stops the backfill: what cannot be seen may be at its worst", async () => {
  const shard = await freshShard(100)
  const engine = engineFor([shard], { throttle: { foreground: () => Promise.reject(new Error("no answer")), longestPauseMs: 100 } })
  await engine.expand(change, testRun())
  await assert.rejects(engine.backfill(change, testRun()), /the application's latency cannot be read: no answer/)
  await engine.close()
})

test("a transaction that is open for long holds the backfill, because VACUUM could free nothing", async () => {
  const shard = await freshShard(500)
  const { run, first } = pauseSeen()
  const engine = engineFor([shard], { throttle: { oldestTransactionMs: 100 } })
  await engine.expand(change, run)
  await connected(shard.url, async (client) => {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM s.t LIMIT 1")
    await delay(150)
    const work = engine.backfill(change, run)
    assert.match(await first, /the transaction of server process \d+ is open for .*: VACUUM frees nothing/)
    await client.query("COMMIT")
    await work
  })
  await engine.close()
})

test("a full disk is foreseen and refused before the first row", async () => {
  const shard = await freshShard(5_000)
  const engine = engineFor([shard], { disk: { probe: () => Promise.resolve({ freeBytes: 100_000, totalBytes: 1_000_000 }) } })
  await engine.expand(change, testRun())
  await assert.rejects(engine.backfill(change, testRun()), (thrown: ConveyorError) => {
    assert.equal(thrown.code, "disk-full")
    assert.match(thrown.hint ?? "", /no row was touched/)
    return true
  })
  assert.deepEqual(await query(shard.url, "SELECT count(b)::int AS filled FROM s.t"), [{ filled: 0 }])
  const blind = engineFor([shard], { disk: { probe: () => Promise.resolve(undefined), unknown: "refuse" } })
  await assert.rejects(blind.backfill(change, testRun()), { code: "disk-unknown" })
  await engine.close()
  await blind.close()
})

test("expand waits for a long read without the application waiting behind it, and goes on when it ends", async () => {
  const shard = await freshShard(500)
  const engine = engineFor([shard], { lock: { waitMs: 50, firstPauseMs: 100, longestPauseMs: 200 } })
  await connected(shard.url, async (reader) => {
    await reader.query("BEGIN; SELECT count(*) FROM s.t")
    const work = engine.expand(change, testRun())
    await connected(shard.url, async (app) => {
      // Each of these would wait for the reader's end behind a DDL that waits without a limit.
      await app.query("SET statement_timeout = '5s'")
      for (let i = 1; i <= 40; i++) {
        await app.query("UPDATE s.t SET pad = 'y' WHERE id = $1", [i])
        await delay(20)
      }
    })
    await reader.query("COMMIT")
    await work
  })
  await engine.close()
})

test("rows that an application holds do not stop the backfill, and are filled when it lets go", async () => {
  const shard = await freshShard(3_000)
  const { run, first } = pauseSeen()
  const engine = engineFor([shard], { batch: { firstRows: 20, strides: 2 } })
  await engine.expand(change, run)
  await connected(shard.url, async (holder) => {
    await holder.query("BEGIN; SELECT * FROM s.t WHERE id IN (10, 1500) FOR UPDATE")
    const work = engine.backfill(change, run)
    assert.match(await first, /hold rows that a transaction of the application has locked/)
    const [row] = await query<{ filled: number }>(shard.url, "SELECT count(b)::int AS filled FROM s.t")
    assert.ok((row?.filled ?? 0) > 1_000, `${row?.filled} rows`)
    await holder.query("COMMIT")
    await work
  })
  assert.deepEqual(await engine.verify(change, run), { rows: 3_000, mismatches: 0 })
  await engine.close()
})

test("a table that is rewritten while its backfill waits is gone over again, and no row is missed", async () => {
  const shard = await freshShard(4_000)
  const engine = engineFor([shard], { batch: { firstRows: 20, largestRows: 20, strides: 2 } })
  const { promise: begun, resolve: onBegun } = Promise.withResolvers<void>()
  const { promise: paused, resolve: onPaused } = Promise.withResolvers<void>()
  const run = testRun(({ shards }) => {
    if (shards.some(({ rowsDone }) => rowsDone > 1_000)) onBegun()
    if (shards.some(({ pausedFor }) => pausedFor !== undefined)) onPaused()
  })
  await engine.expand(change, run)
  const work = engine.backfill(change, run)
  await begun
  await engine.pause(change, run.signal)
  await paused
  // The rows come to stand in the opposite order.
  await query(shard.url, "CREATE INDEX upside_down ON s.t ((-id)); CLUSTER s.t USING upside_down")
  await engine.resume(change, run.signal)
  await work
  assert.deepEqual(await engine.verify(change, run), { rows: 4_000, mismatches: 0 })
  await engine.close()
})

test("a DDL lock that is never free ends with an error that says how to go on, and what is done stays", async () => {
  const shard = await freshShard(50)
  const engine = engineFor([shard], { lock: { waitMs: 20, attempts: 3 } })
  await connected(shard.url, async (reader) => {
    await reader.query("BEGIN; SELECT count(*) FROM s.t")
    await assert.rejects(engine.expand(change, testRun()), (thrown: ConveyorError) => {
      assert.equal(thrown.code, "lock-timeout")
      assert.match(thrown.hint ?? "", /pg_stat_activity/)
      return true
    })
    await reader.query("COMMIT")
  })
  const [status] = await engine.status([change], new AbortController().signal)
  assert.equal(status?.shards[0]?.phase, "expanding")
  assert.match(status?.shards[0]?.error ?? "", /did not get its lock/)
  await engine.expand(change, testRun())
  assert.equal((await engine.status([change], new AbortController().signal))[0]?.shards[0]?.error, undefined)
  await engine.close()
})

test("a new shard joins at the phase of the others, and keeps what they have", async () => {
  const shards = [await freshShard(200), await freshShard(300)]
  const [first] = shards
  assert.ok(first)
  const small = engineFor([first])
  const run = testRun()
  await small.expand(change, run)
  await small.backfill(change, run)
  await small.verify(change, run)
  const grown = engineFor(shards)
  assert.equal((await grown.status([change], run.signal))[0]?.readiness, "not-ready")
  await grown.expand(change, run)
  assert.equal((await grown.backfill(change, run)).rows, 500)
  await grown.verify(change, run)
  assert.deepEqual(
    (await grown.status([change], run.signal))[0]?.shards.map(({ phase }) => phase),
    ["verified", "verified"],
  )
  await small.close()
  await grown.close()
})
