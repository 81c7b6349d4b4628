import assert from "node:assert/strict"
import { join } from "node:path"
import { test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import { engineFor, query, schemaOf, testRun } from "./testing.ts"
import { loadChanges } from "../files/load-changes.ts"
import { kinds } from "../operations/kinds.ts"

const folder = join(import.meta.dirname, "../../../../../examples/changes")
const evidence = { objections: [], lastReaderStoppedAt: undefined }

/** What an undo leaves behind, and says so. */
const stays = /^way qr$/

/** Rows that later examples find. */
const rowsAfter: Readonly<Record<string, string>> = {
  "0001": `INSERT INTO shop.customer (name, phone) SELECT 'Anna Petrova ' || i, '+7' || i FROM generate_series(1, 50) i;
           INSERT INTO shop.order (customer_id, amount) SELECT 1 + i % 50, i FROM generate_series(1, 200) i`,
  "0014": "UPDATE shop.customer SET email = 'a' || id WHERE id % 2 = 0; UPDATE shop.customer SET telegram = 't' || id WHERE id % 3 = 0",
}

test("every example starts, goes back without a trace, starts again, completes and contracts", async (t) => {
  const server = await startPostgres({ databases: ["shop_1", "shop_2"] })
  const shards = ["shop_1", "shop_2"].map((name) => ({ name, url: server.url(name) }))
  const engine = engineFor(shards)
  const run = testRun()
  try {
    for (const { url } of shards) await query(url, "CREATE EXTENSION pg_stat_statements; CREATE SCHEMA shop")
    for (const change of await loadChanges(folder)) {
      await t.test(change.name, async () => {
        const schemas = () => Promise.all(shards.map(async ({ url }) => (await schemaOf(url)).filter((line) => !stays.test(line))))
        const before = await schemas()
        const planned = await engine.plan([change], run.signal)
        assert.ok(planned.length > 0)
        await engine.expand(change, run)
        await engine.undo(change, run)
        assert.deepEqual(await schemas(), before)
        await engine.expand(change, run)
        await engine.backfill(change, run)
        assert.equal((await engine.verify(change, run)).mismatches, 0)
        await engine.undo(change, run)
        assert.deepEqual(await schemas(), before)
        await engine.expand(change, run)
        await engine.backfill(change, run)
        await engine.verify(change, run)
        const [ready] = await engine.status([change], run.signal)
        assert.equal(ready?.readiness, "ready")
        if (ready.contract !== "none") await engine.contract(change, evidence, run)
        const after = await engine.status([change], run.signal)
        assert.ok(["none", "done"].includes(after[0]?.contract ?? ""))
        assert.ok(
          (await schemas()).flat().every((line) => !line.includes("conveyor")),
          (await schemas()).flat().join("\n"),
        )
        for (const { url } of shards) await query(url, rowsAfter[change.name.slice(0, 4)] ?? "SELECT 1")
      })
    }
  } finally {
    await engine.close()
    await server.stop()
  }
})

test("there is an example of every operation", async () => {
  const shown = new Set((await loadChanges(folder)).flatMap(({ operations }) => operations.map(({ kind }) => kind)))
  assert.deepEqual(
    [...kinds.keys()].filter((kind) => !shown.has(kind)),
    [],
  )
})
