import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import pg from "pg"
import type { ConveyorError } from "../../kernel/errors/errors.ts"
import type { ChangeStatus } from "../engine.ts"
import { changeOf, engineFor, query, testRun } from "../test/testing.ts"

const indexed = changeOf("0002-index", "summary: x\noperations:\n  - create_index: { table: s.t, name: t_a, columns: [a] }\n")

let server: PostgresServer
let made = 0

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function tableWith(rows: number): Promise<string> {
  const name = `w${++made}`
  await server.createDatabase(name)
  await query(
    server.url(name),
    `CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, a int); INSERT INTO s.t SELECT i, i FROM generate_series(1, ${rows}) i`,
  )
  return server.url(name)
}

/** A transaction that stays open on the table until `end`. */
async function openTransaction(url: string): Promise<{ pid: number; end: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: url, application_name: "monthly report" })
  await client.connect()
  await client.query("BEGIN; UPDATE s.t SET a = a WHERE id = 1")
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")
  return {
    pid: rows[0]?.pid ?? 0,
    end: async () => {
      await client.query("COMMIT")
      await client.end()
    },
  }
}

const indexes = (url: string) =>
  query(
    url,
    "SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 's.t'::regclass AND NOT indisprimary",
  )

test("an index that waits for a transaction says for whose, and is built when that ends", async () => {
  const url = await tableWith(1_000)
  const engine = engineFor([{ name: "app", url }])
  const seen: ChangeStatus[] = []
  await engine.expand(indexed, testRun())
  const holder = await openTransaction(url)
  const building = engine.backfill(
    indexed,
    testRun((status) => seen.push(status)),
  )
  const pausedFor = async () => (await engine.status([indexed], testRun().signal))[0]?.shards[0]?.pausedFor
  let reason = await pausedFor()
  for (; reason === undefined; reason = await pausedFor()) await delay(20)
  assert.match(
    reason,
    new RegExp(`index t_a.*waiting for writers.*server process ${holder.pid} \\(monthly report\\), whose transaction is open for`),
  )
  assert.ok(seen.some(({ shards: [shard] }) => shard?.pausedFor === reason))
  await holder.end()
  await building
  assert.equal(await pausedFor(), undefined)
  assert.equal(seen.at(-1)?.shards[0]?.pausedFor, undefined)
  assert.deepEqual(await indexes(url), [{ name: "s.t_a", valid: true }])
  await engine.close()
})

test("it does not wait for ever: after its tries it tells who was in the way, and the same command carries on later", async () => {
  const url = await tableWith(1_000)
  const engine = engineFor([{ name: "app", url }], { lock: { longWaitMs: 400, longAttempts: 2 } })
  await engine.expand(indexed, testRun())
  const holder = await openTransaction(url)
  await assert.rejects(engine.backfill(indexed, testRun()), (thrown: ConveyorError) => {
    assert.equal(thrown.code, "lock-timeout")
    assert.match(
      thrown.message,
      new RegExp(`index t_a" did not get its lock on shard app in 2 tries of 400 ms; last seen: .*server process ${holder.pid} `),
    )
    return true
  })
  await holder.end()
  await engine.backfill(indexed, testRun())
  assert.deepEqual(await indexes(url), [{ name: "s.t_a", valid: true }])
  await engine.close()
})
