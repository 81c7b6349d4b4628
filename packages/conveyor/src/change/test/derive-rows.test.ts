import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import fc from "fast-check"
import type { ChangeEngine } from "../engine.ts"
import type { ShardSpec } from "../fleet/shard.ts"
import { changeOf, connected, engineFor, query, testRun } from "./testing.ts"

const change = changeOf(
  "0002-tenders",
  `summary: payments of an order become rows
operations:
  - create_table:
      table: app.tender
      columns: { order_id: { type: int, nullable: false }, kind: { type: text, nullable: false }, amount: { type: int }, ref: { type: text } }
      primary_key: [order_id, kind]
      foreign_keys: [{ columns: [order_id], references: app.order, to: [id] }]
  - derive_rows:
      from: app.order
      to: app.tender
      parent: { order_id: id }
      columns: { cash: int, card: int, card_ref: text }
      slots:
        cash: { is: { kind: "'cash'" }, values: { amount: cash } }
        card: { is: { kind: "'card'" }, values: { amount: card, ref: card_ref } }
`,
)

let server: PostgresServer
let shard: ShardSpec
let engine: ChangeEngine
const run = testRun()

before(async () => {
  server = await startPostgres({ databases: ["app"] })
  shard = { name: "app", url: server.url("app") }
  engine = engineFor([shard], { batch: { firstRows: 20 }, contract: { readers: "trust-release", softDropMs: 1 } })
})
after(async () => {
  await engine.close()
  await server.stop()
})

async function freshTable(rows: number): Promise<void> {
  await query(
    shard.url,
    `DROP SCHEMA IF EXISTS conveyor CASCADE; DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;
     CREATE TABLE app.order (id int PRIMARY KEY, cash int, card int, card_ref text, note text);
     INSERT INTO app.order SELECT i, CASE WHEN i % 2 = 0 THEN i END, CASE WHEN i % 3 = 0 THEN i END, CASE WHEN i % 6 = 0 THEN 'r' || i END FROM generate_series(1, ${rows}) i`,
  )
}

/** Both sides in one form: each kind with its amount and reference. */
const oldSide = "SELECT id, cash, card, card_ref FROM app.order ORDER BY id"
const newSide = `SELECT o.id, (SELECT amount FROM app.tender WHERE order_id = o.id AND kind = 'cash') AS cash,
  (SELECT amount FROM app.tender WHERE order_id = o.id AND kind = 'card') AS card, (SELECT ref FROM app.tender WHERE order_id = o.id AND kind = 'card') AS card_ref FROM app.order o ORDER BY o.id`

const amount = fc.option(fc.integer({ min: 0, max: 99 }))
const id = fc.integer({ min: 1, max: 5 })
const oldWrite = fc.oneof(
  fc
    .tuple(id, amount, amount)
    .map(
      ([n, cash, card]) =>
        `INSERT INTO app.order (id, cash, card) VALUES (${n}, ${cash}, ${card}) ON CONFLICT (id) DO UPDATE SET cash = EXCLUDED.cash, card = EXCLUDED.card`,
    ),
  fc.tuple(id, amount).map(([n, cash]) => `UPDATE app.order SET cash = ${cash} WHERE id = ${n}`),
  fc.tuple(id, amount).map(([n, card]) => `UPDATE app.order SET card = ${card}, card_ref = 'x' WHERE id = ${n}`),
  id.map((n) => `UPDATE app.order SET note = 'n' WHERE id = ${n}`),
  id.map((n) => `DELETE FROM app.order WHERE id = ${n}`),
)
const newWrite = fc.oneof(
  id.map((n) => `INSERT INTO app.order (id) VALUES (${n}) ON CONFLICT DO NOTHING`),
  fc
    .tuple(id, fc.constantFrom("cash", "card", "qr"), fc.integer({ min: 0, max: 99 }))
    .map(
      ([n, kind, sum]) =>
        `INSERT INTO app.tender (order_id, kind, amount) SELECT id, '${kind}', ${sum} FROM app.order WHERE id = ${n} ON CONFLICT (order_id, kind) DO UPDATE SET amount = EXCLUDED.amount`,
    ),
  fc
    .tuple(id, fc.integer({ min: 0, max: 99 }))
    .map(([n, sum]) => `UPDATE app.tender SET amount = ${sum} WHERE order_id = ${n} AND kind = 'cash'`),
  id.map(
    (n) =>
      `UPDATE app.tender SET kind = 'card' WHERE order_id = ${n} AND kind = 'cash' AND NOT EXISTS (SELECT FROM app.tender WHERE order_id = ${n} AND kind = 'card')`,
  ),
  fc
    .tuple(id, fc.constantFrom("cash", "card", "qr"))
    .map(([n, kind]) => `DELETE FROM app.tender WHERE order_id = ${n} AND kind = '${kind}'`),
)

test("columns and rows say the same after any writes of either version, before and after the backfill", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(oldWrite, { maxLength: 10 }),
      fc.array(fc.oneof(oldWrite, newWrite), { maxLength: 25 }),
      async (early, late) => {
        await freshTable(8)
        await engine.expand(change, run)
        for (const sql of early) await query(shard.url, sql)
        await engine.backfill(change, run)
        assert.equal((await engine.verify(change, run)).mismatches, 0)
        await connected(shard.url, async (client) => {
          for (const sql of late) {
            await client.query(sql)
            assert.deepEqual((await client.query(newSide)).rows, (await client.query(oldSide)).rows, sql)
          }
        })
        assert.equal((await engine.verify(change, run)).mismatches, 0)
      },
    ),
    { numRuns: 15, interruptAfterTimeLimit: 20_000 },
  )
})

test("old clients write beside expand, backfill and contract without an error, and nothing is missed", async () => {
  await freshTable(4_000)
  const stop = new AbortController()
  const client = (offset: number) =>
    connected(shard.url, async (app) => {
      for (let n = 0; !stop.signal.aborted; n++) {
        const order = 1 + ((n * 7 + offset * 1_000) % 4_000)
        await app.query("UPDATE app.order SET cash = $2, note = 'w' WHERE id = $1", [order, n % 5 === 0 ? null : n])
        if (n % 3 === 0) await app.query("UPDATE app.order SET note = 'touched' WHERE id = $1", [4_001 - order])
        await delay(1)
      }
    })
  const clients = [0, 1, 2].map(client)
  try {
    await engine.expand(change, run)
    await engine.backfill(change, run)
    assert.equal((await engine.verify(change, run)).mismatches, 0)
    await delay(200)
    assert.equal((await engine.verify(change, run)).mismatches, 0)
  } finally {
    stop.abort()
  }
  await Promise.all(clients)
  const [expected, found] = [await query(shard.url, oldSide), await query(shard.url, newSide)]
  assert.deepEqual(found, expected)
  await engine.contract(change, { objections: [], lastReaderStoppedAt: undefined }, run)
  await query(shard.url, "INSERT INTO app.order (id) VALUES (9000); INSERT INTO app.tender VALUES (9000, 'qr', 5)")
  assert.deepEqual(
    await query(
      shard.url,
      "SELECT count(*)::int AS columns FROM information_schema.columns WHERE table_schema = 'app' AND table_name = 'order'",
    ),
    [{ columns: 2 }],
  )
})

test("a table without a unique key over the slot's columns is refused before a trigger could fail", async () => {
  await freshTable(3)
  const loose = changeOf(
    "0002-loose",
    `summary: x
operations:
  - create_table: { table: app.tender, columns: { order_id: { type: int }, kind: { type: text }, amount: { type: int } } }
  - derive_rows: { from: app.order, to: app.tender, parent: { order_id: id }, columns: { cash: int }, slots: { cash: { is: { kind: "'cash'" }, values: { amount: cash } } } }
`,
  )
  await assert.rejects(engine.expand(loose, run), /app.tender has no primary key or unique constraint over exactly order_id, kind/)
  await engine.undo(loose, run)
})
