// Kills a runner, or the server under it, again and again, beside a client that never stops writing, and then asks
// whether anything was missed, done twice or lost. Used by the quick and the long fault tests.
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import pg from "pg"
import { isConnectionLost } from "../fleet/session.ts"
import { engineFor, query, survivedChange, testRun } from "./testing.ts"

export interface FaultPlan {
  server: PostgresServer
  database: string
  rows: number
  kills: number
  victim: "runner" | "server"
}

export async function surviveKills({ server, database, rows, kills, victim }: FaultPlan): Promise<void> {
  await server.createDatabase(database)
  const url = server.url(database)
  await query(
    url,
    `CREATE SCHEMA app;
     CREATE TABLE app.payment (id int PRIMARY KEY, method text NOT NULL, version int NOT NULL DEFAULT 0);
     INSERT INTO app.payment (id, method) SELECT -i, repeat('x', i % 9) FROM generate_series(1, ${rows}) i;
     CREATE FUNCTION app.count_version() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := OLD.version + 1; RETURN NEW; END';
     CREATE TRIGGER count_version BEFORE UPDATE ON app.payment FOR EACH ROW EXECUTE FUNCTION app.count_version()`,
  )
  const writing = new AbortController()
  const client = keepInserting(url, writing.signal)
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const outcome = await runUntilKilled(server, url, kill, victim)
      if (outcome === "finished") await startOver(url, kill)
    }
    await finish(url, kills + 2)
  } finally {
    writing.abort()
    await Promise.allSettled([client])
  }
  await lookForLosses(url, await client)
}

async function finish(url: string, fence: number): Promise<void> {
  const engine = engineFor([{ name: "app", url }])
  const run = testRun(undefined, new AbortController().signal, fence)
  await engine.expand(survivedChange, run)
  await engine.backfill(survivedChange, run)
  assert.equal((await engine.verify(survivedChange, run)).mismatches, 0)
  await engine.close()
}

async function lookForLosses(url: string, acknowledged: number): Promise<void> {
  const [found] = await query<{ missed: string; again: string; kept: string; invalid: string }>(
    url,
    `SELECT (count(*) FILTER (WHERE code IS DISTINCT FROM length(method)))::text AS missed, (count(*) FILTER (WHERE id < 0 AND version > 1))::text AS again,
            (count(*) FILTER (WHERE id > 0))::text AS kept, (SELECT count(*)::text FROM pg_index WHERE NOT indisvalid) AS invalid FROM app.payment`,
  )
  assert.deepEqual({ ...found, kept: Number(found?.kept) >= acknowledged }, { missed: "0", again: "0", kept: true, invalid: "0" })
}

async function runUntilKilled(
  server: PostgresServer,
  url: string,
  fence: number,
  victim: FaultPlan["victim"],
): Promise<"killed" | "finished"> {
  const runner = spawn(process.execPath, [fileURLToPath(new URL("./testing-runner.ts", import.meta.url)), url, String(fence)], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  let errors = ""
  runner.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()))
  const ended = once(runner, "exit") as Promise<[number | null]>
  // Long enough to reach each phase some time, whatever the machine.
  const moment = delay(300 + Math.random() * 1_500).then(() => "now" as const)
  const first = await Promise.race([ended, moment])
  if (first !== "now") {
    assert.equal(first[0], 0, errors)
    return "finished"
  }
  if (victim === "server") {
    await server.crash()
    await delay(Math.random() * 200)
    await server.restart()
  }
  runner.kill("SIGKILL")
  await ended
  return "killed"
}

/** The rows as they were, so that the next kill has something to hit. */
async function startOver(url: string, fence: number): Promise<void> {
  const engine = engineFor([{ name: "app", url }])
  await engine.undo(survivedChange, testRun(undefined, new AbortController().signal, fence))
  await query(
    url,
    `ALTER TABLE app.payment DISABLE TRIGGER count_version; UPDATE app.payment SET version = 0 WHERE id < 0; ALTER TABLE app.payment ENABLE TRIGGER count_version`,
  )
  await engine.close()
}

/** Counts the inserts that the server acknowledged; a lost connection is no acknowledgement. */
async function keepInserting(url: string, signal: AbortSignal): Promise<number> {
  let acknowledged = 0
  let id = 0
  while (!signal.aborted) {
    const client = new pg.Client({ connectionString: url })
    client.on("error", () => {})
    try {
      await client.connect()
      while (!signal.aborted) {
        await client.query("INSERT INTO app.payment (id, method) VALUES ($1, 'xx')", [++id])
        acknowledged++
        await delay(2)
      }
    } catch (thrown) {
      if (!isConnectionLost(thrown)) throw thrown
      await delay(20)
    } finally {
      await client.end().catch(() => {})
    }
  }
  return acknowledged
}
