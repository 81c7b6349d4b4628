import assert from "node:assert/strict"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { serverOwner, startPostgres } from "@conveyor/testbed/postgres"
import { freePort } from "../../kernel/process/free-port.ts"
import { systemClock } from "../../kernel/time/clock.ts"
import { until } from "../../kernel/time/until.ts"
import { changeOf, connected, engineFor, query, testRun } from "./testing.ts"

const change = changeOf(
  "0002-x",
  "summary: x\noperations:\n  - derive_columns:\n      table: s.t\n      from: { a: int }\n      to: { b: { type: bigint, nullable: false } }\n      up: { b: a * 2 }\n      down: { a: b / 2 }\n",
)

interface Pooler {
  url: string
  stop(): Promise<void>
}

/** Every transaction may meet another server connection: nothing of a session survives it. */
async function startPooler(port: number, database: string): Promise<Pooler> {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-pooler-"))
  const owner = await serverOwner()
  const listen = await freePort()
  const file = join(folder, "pgbouncer.ini")
  await writeFile(
    file,
    `[databases]\n${database} = host=127.0.0.1 port=${port} dbname=${database} user=postgres
[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${listen}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 100\n`,
  )
  if (owner !== undefined) for (const path of [folder, file]) await chown(path, owner.uid, owner.gid)
  const child = spawn("pgbouncer", [file], { ...owner, stdio: "ignore" })
  const gone = once(child, "exit")
  const url = `postgres://postgres@127.0.0.1:${listen}/${database}`
  await until(async () => ({ done: await query(url, "SELECT 1") }), {
    what: "the pooler answers",
    everyMs: 50,
    withinMs: 20_000,
    clock: systemClock,
    signal: new AbortController().signal,
  })
  return {
    url,
    async stop() {
      child.kill("SIGKILL")
      await gone
      await rm(folder, { recursive: true })
    },
  }
}

function isInstalled(): boolean {
  try {
    execFileSync("pgbouncer", ["--version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** Writes to rows of its own through the pooler; what it reads in between is what it wrote. */
async function keepWriting(url: string, column: "a" | "b", from: number, signal: AbortSignal): Promise<void> {
  await connected(url, async (client) => {
    for (let n = 0; !signal.aborted; n++) {
      const id = from + (n % 20)
      const value = 2 * n
      await client.query(`INSERT INTO s.t (id, ${column}) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET ${column} = EXCLUDED.${column}`, [
        id,
        value,
      ])
      const { rows } = await client.query<{ value: string }>(`SELECT ${column}::text AS value FROM s.t WHERE id = $1`, [id])
      assert.equal(rows[0]?.value, String(value))
    }
  })
}

test(
  "both versions write through a transaction pooler in every phase",
  { skip: isInstalled() ? false : "pgbouncer is not installed" },
  async () => {
    const server = await startPostgres({ databases: ["app"] })
    const pooler = await startPooler(server.port, "app")
    const [olds, news] = [new AbortController(), new AbortController()]
    try {
      await query(
        server.url("app"),
        "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, a int NOT NULL); INSERT INTO s.t SELECT -i, i FROM generate_series(1, 5000) i",
      )
      const engine = engineFor([{ name: "app", url: server.url("app") }], { contract: { readers: "trust-release" } })
      const run = testRun()
      const oldClients = [1_000, 2_000, 3_000].map((from) => keepWriting(pooler.url, "a", from, olds.signal))
      await engine.expand(change, run)
      await engine.backfill(change, run)
      await engine.verify(change, run)
      const newClients = [4_000, 5_000, 6_000].map((from) => keepWriting(pooler.url, "b", from, news.signal))
      await delay(500)
      assert.equal((await engine.verify(change, run)).mismatches, 0)
      olds.abort()
      await Promise.all(oldClients)
      await engine.contract(change, { objections: [], lastReaderStoppedAt: undefined }, run)
      await delay(100)
      news.abort()
      await Promise.all(newClients)
      await engine.close()
    } finally {
      olds.abort()
      news.abort()
      await pooler.stop()
      await server.stop()
    }
  },
)
