import assert from "node:assert/strict"
import { appendFile, chown, cp, mkdtemp, readdir, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { serverOwner, startPostgres, startPostgresOn } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { systemClock } from "../../kernel/time/clock.ts"
import { until } from "../../kernel/time/until.ts"
import { changeOf, engineFor, query, testRun } from "./testing.ts"

const change = changeOf(
  "0002-x",
  "summary: x\noperations:\n  - derive_columns:\n      table: s.t\n      from: { a: int }\n      to: { b: { type: bigint } }\n      up: { b: a * 2 }\n      down: { a: b / 2 }\n",
)

/** A streaming replica of a server, from a copy of its files, that applies what it gets `delay` later. */
async function startReplica(primary: PostgresServer, delay: string): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-replica-"))
  const owner = await serverOwner()
  await primary.halt()
  await cp(primary.dataDirectory, join(folder, "data"), { recursive: true, preserveTimestamps: true })
  await primary.restart()
  await writeFile(join(folder, "data", "standby.signal"), "")
  await appendFile(
    join(folder, "data", "postgresql.conf"),
    `\nprimary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres application_name=shadow'\nrecovery_min_apply_delay = '${delay}'\n`,
  )
  if (owner !== undefined) await giveTo(folder, owner)
  return startPostgresOn(folder)
}

async function giveTo(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await chown(folder, uid, gid)
  for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), uid, gid)
}

test("a replica that lags slows the batches, and the reason names it", async () => {
  const primary = await startPostgres({ databases: ["app"] })
  let replica: PostgresServer | undefined
  try {
    const url = primary.url("app")
    await query(
      url,
      "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, a int NOT NULL); INSERT INTO s.t SELECT i, i FROM generate_series(1, 9000) i",
    )
    replica = await startReplica(primary, "1500ms")
    await until(
      async () => {
        const rows = await query(url, "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")
        return rows.length > 0 ? { done: true } : { notYet: rows }
      },
      { what: "the replica streams", everyMs: 50, withinMs: 20_000, clock: systemClock, signal: new AbortController().signal },
    )
    const reasons = new Set<string>()
    const run = testRun(({ shards }) => shards.forEach(({ pausedFor }) => pausedFor !== undefined && reasons.add(pausedFor)))
    const engine = engineFor([{ name: "app", url }], {
      batch: { firstRows: 30, largestRows: 60 },
      throttle: { replicaLagMs: 300, replicaLagBytes: undefined },
    })
    await engine.expand(change, run)
    await engine.backfill(change, run)
    assert.equal((await engine.verify(change, run)).mismatches, 0)
    assert.ok(
      [...reasons].some((reason) => /^replica shadow is .* behind$/.test(reason)),
      [...reasons].join("\n"),
    )
    await engine.close()
  } finally {
    if (replica !== undefined) await replica.stop()
    await primary.stop()
  }
})
