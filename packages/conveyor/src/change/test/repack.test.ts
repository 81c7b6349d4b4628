import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import type { Change } from "../change.ts"
import type { ChangeEngine, ChangeStatus, Measured } from "../engine.ts"
import { changeOf, connected, engineFor, query, survivedChange, testRun } from "./testing.ts"

const slim = changeOf("0002-slim", "summary: slimmer\noperations:\n  - drop_column: { table: shop.item, column: pad }\n")
const none = { objections: [], lastReaderStoppedAt: undefined }

let server: PostgresServer
let made = 0

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function itemsWith(pad: string, rows: number, more = ""): Promise<{ url: string; engine: ChangeEngine }> {
  const name = `r${++made}`
  await server.createDatabase(name)
  const url = server.url(name)
  await query(
    url,
    `CREATE SCHEMA shop; CREATE TABLE shop.item (id int PRIMARY KEY, name text NOT NULL, pad text, touched int NOT NULL DEFAULT 0);
     ALTER TABLE shop.item SET (autovacuum_enabled = off);
     CREATE INDEX item_name ON shop.item (name);
     INSERT INTO shop.item SELECT i, 'rose ' || i, ${pad} FROM generate_series(1, ${rows}) i; ${more}`,
  )
  return { url, engine: engineFor([{ name, url }], { contract: { readers: "trust-release", softDropMs: 0 } }) }
}

async function contracted(engine: ChangeEngine, change: Change = slim): Promise<void> {
  await engine.expand(change, testRun())
  await engine.backfill(change, testRun())
  await engine.verify(change, testRun())
  await engine.contract(change, none, testRun())
}

const heapOf = async (url: string) => Number((await query(url, "SELECT pg_table_size('shop.item') AS bytes"))[0]?.["bytes"])
const rowsOf = (url: string) => query(url, "SELECT id, name, touched FROM shop.item ORDER BY id")

test("the room of a dropped column is free for new rows, and the table's file does not grow for it", async () => {
  const rows = 20_000
  const { url, engine } = await itemsWith("repeat('x', 200)", rows)
  await contracted(engine)
  const [rowsBefore, heapBefore] = [await rowsOf(url), await heapOf(url)]
  const seen: ChangeStatus[] = []
  const measured = await engine.repack(
    slim,
    testRun((status) => seen.push(status)),
  )
  assert.equal(measured.rows, rows)
  assert.deepEqual(await rowsOf(url), rowsBefore)
  assert.ok(measured.heapGrowth < 1.02 && measured.indexGrowth < 1.2, JSON.stringify(measured))
  await query(url, `INSERT INTO shop.item (id, name) SELECT i, 'tulip ' || i FROM generate_series(${rows + 1}, ${rows * 2}) i`)
  assert.ok((await heapOf(url)) < heapBefore * 1.02, `${heapBefore} -> ${await heapOf(url)}`)
  assert.ok(seen.some(({ shards: [shard] }) => shard?.repack === "running" && shard.rowsDone > 0 && shard.rowsDone < rows))
  const [status] = await engine.status([slim], testRun().signal)
  assert.deepEqual(
    status?.shards.map(({ phase, repack, rowsDone, rowsTotal }) => ({ phase, repack, rowsDone, rowsTotal })),
    [{ phase: "contracted", repack: "done", rowsDone: rows, rowsTotal: rows }],
  )
  await engine.close()
})

test("large values of a dropped column leave the disk", async () => {
  const { engine } = await itemsWith("(SELECT string_agg(md5(i || '-' || j), '') FROM generate_series(1, 150) j)", 1_000)
  await contracted(engine)
  const measured = await engine.repack(slim, testRun())
  assert.ok(measured.heapGrowth < 0.2, JSON.stringify(measured))
  await engine.close()
})

test("before contract nothing is repacked, and a change that drops no column has nothing to repack", async () => {
  const { engine } = await itemsWith("'x'", 10)
  await engine.expand(slim, testRun())
  await assert.rejects(engine.repack(slim, testRun()), { code: "repack-refused", message: /is expanded, not contracted/ })
  const index = changeOf("0003-index", "summary: x\noperations:\n  - create_index: { table: shop.item, name: i, columns: [touched] }\n")
  assert.deepEqual(await engine.repack(index, testRun()), { rows: 0, rowsPerSecond: 0, heapGrowth: 1, indexGrowth: 1 } satisfies Measured)
  await engine.close()
})

const touching = `
  CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := OLD.touched + 1; RETURN NEW; END';
  CREATE TRIGGER touch BEFORE UPDATE ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.touch();`

test("the application's triggers do not fire for it; where they could not be silenced it is refused", async () => {
  const { url, engine } = await itemsWith("repeat('x', 200)", 500, touching)
  await contracted(engine)
  await query(
    url,
    `DO $$ BEGIN CREATE ROLE keeper LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
     ALTER TABLE shop.item OWNER TO keeper; ALTER SCHEMA shop OWNER TO keeper; GRANT ALL ON SCHEMA conveyor TO keeper;
     GRANT ALL ON ALL TABLES IN SCHEMA conveyor TO keeper`,
  )
  const unprivileged = engineFor([{ name: "app", url: url.replace(/\/\/[^@/]*@/, "//keeper@").replace(/\/\/(?![^/]*@)/, "//keeper@") }])
  await assert.rejects(unprivileged.repack(slim, testRun()), { code: "repack-refused", message: /"touch" would fire .* GRANT SET/ })
  await unprivileged.close()
  assert.equal((await engine.repack(slim, testRun())).rows, 500)
  assert.deepEqual(await query(url, "SELECT max(touched)::int AS touched FROM shop.item"), [{ touched: 0 }])
  await engine.close()
})

test("a later change that derives from the same table goes first", async () => {
  const { engine } = await itemsWith("'x'", 50)
  await contracted(engine)
  const derive = changeOf(
    "0003-derive",
    "summary: x\noperations:\n  - derive_columns:\n      table: shop.item\n      from: { touched: int }\n      to: { moved: { type: int } }\n      up: { moved: touched }\n      down: { touched: moved }\n      lets_go: [default]\n",
  )
  await engine.expand(derive, testRun())
  await assert.rejects(engine.repack(slim, testRun()), { code: "repack-refused", message: /a later change derives/ })
  await engine.undo(derive, testRun())
  assert.equal((await engine.repack(slim, testRun())).rows, 50)
  await engine.close()
})

test("killed again and again beside clients that write, a repack carries on, writes no row twice and loses no write", async () => {
  const name = `r${++made}`
  await server.createDatabase(name)
  const url = server.url(name)
  const rows = 10_000
  await query(
    url,
    `CREATE SCHEMA app; CREATE TABLE app.payment (id int PRIMARY KEY, method text NOT NULL, total int NOT NULL DEFAULT 0);
     INSERT INTO app.payment (id, method) SELECT i, repeat('x', i % 200) FROM generate_series(1, ${rows}) i`,
  )
  const engine = engineFor([{ name: "app", url }], { contract: { readers: "trust-release", softDropMs: 0 } })
  await contracted(engine, survivedChange)
  await engine.close()
  const writing = new AbortController()
  const clients = [1, 2].map((client) => keepAdding(url, client, rows, writing.signal))
  let kills = 0
  try {
    for (let fence = 2; ; fence++) {
      const runner = spawn(
        process.execPath,
        [fileURLToPath(new URL("./testing-runner.ts", import.meta.url)), url, String(fence), "repack"],
        {
          stdio: "inherit",
        },
      )
      const ended = once(runner, "exit") as Promise<[number | null]>
      const isPartDone = untilMoved(url, (await progressOf(url)).done + 2_000, ended)
      if (await isPartDone) {
        runner.kill("SIGKILL")
        await ended
        kills++
      } else {
        assert.equal((await ended)[0], 0)
        break
      }
    }
  } finally {
    writing.abort()
    await Promise.allSettled(clients)
  }
  assert.ok(kills >= 3, `${kills} kills`)
  const added = (await Promise.all(clients)).reduce((sum, one) => sum + one, 0)
  assert.deepEqual(await query(url, "SELECT count(*)::int AS rows, sum(total)::int AS total FROM app.payment"), [{ rows, total: added }])
  const { changed } = await progressOf(url)
  assert.ok(changed <= rows, `${changed} of ${rows} rows were written`)
  const last = engineFor([{ name: "app", url }])
  const again = await last.repack(survivedChange, testRun(undefined, undefined, 1_000))
  assert.equal(again.rows, changed, "what is done is not done again")
  await last.close()
})

async function progressOf(url: string): Promise<{ done: number; changed: number }> {
  const [row] = await query(
    url,
    "SELECT coalesce(sum(rows_done), 0)::int AS done, coalesce(sum(rows_changed), 0)::int AS changed FROM conveyor.backfill WHERE operation = 'repack'",
  )
  return { done: Number(row?.["done"]), changed: Number(row?.["changed"]) }
}

/** False where the runner ended before. */
async function untilMoved(url: string, done: number, ended: Promise<unknown>): Promise<boolean> {
  const end = { isOver: false }
  void ended.then(() => (end.isOver = true))
  while (!end.isOver) {
    if ((await progressOf(url)).done >= done) return !end.isOver
    await delay(10)
  }
  return false
}

/** Adds 1 to some row, again and again; gives how often. */
function keepAdding(url: string, step: number, rows: number, signal: AbortSignal): Promise<number> {
  return connected(url, async (client) => {
    let added = 0
    for (let id = step; !signal.aborted; id = ((id + step * 7919) % rows) + 1) {
      await client.query("UPDATE app.payment SET total = total + 1 WHERE id = $1", [id])
      added++
      await delay(2)
    }
    return added
  })
}
