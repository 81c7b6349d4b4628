// A person's hand on a schema change that is under way, by the command line, with users on the edge.
import assert from "node:assert/strict"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { after, before, test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import type { ChangeStatus } from "../src/change/engine.ts"
import { ask, kopecks, movedRows, plantFlowers, rows } from "./flower-shop.ts"
import { Installation } from "./installation.ts"

const name = "0001-kopecks"

let server: PostgresServer
let url: string
let installation: Installation

before(async () => {
  server = await startPostgres({ databases: ["shop"] })
  url = server.url("shop")
  await plantFlowers(url)
  await ask(url, "CREATE EXTENSION pg_stat_statements")
  installation = await Installation.start({ urls: { "shop-1": url } })
  assert.match(await installation.push("A first version"), /v1 serves all new pages/)
  installation.startUsers((await installation.status()).edge)
})
after(async () => {
  await installation.end()
  await server.stop()
})

test("a paused backfill moves no row until it is resumed; aborted, the schema is as before; pushed again, it is promoted, contracted and repacked", async () => {
  const columnsBefore = await columns()
  await installation.write(`changes/${name}.yml`, kopecks())
  const first = await installation.beginPush("Prices in kopecks")
  await installation.reached("backfill", "started")
  await installation.eventually("some rows are moved", async () => (await movedRows(url)) > 0)

  await installation.must("change", "pause", name)
  await installation.eventually("the backfill says why it waits", async () =>
    /paused/.test((await changeStatus())?.shards[0]?.pausedFor ?? ""),
  )
  const movedWhenPaused = await movedRows(url)
  assert.ok(movedWhenPaused < rows, `the pause came before the end: ${movedWhenPaused} rows`)
  await sleep(500)
  assert.equal(await movedRows(url), movedWhenPaused)

  await installation.must("change", "resume", name)
  await installation.eventually("rows move again", async () => (await movedRows(url)) > movedWhenPaused)

  const aborted = await installation.run("change", "abort", name)
  assert.equal(aborted.code, 0, aborted.out + aborted.error)
  assert.match(await first.output, /gave way to the abort/)
  assert.deepEqual(await columns(), columnsBefore)
  assert.equal((await installation.status()).current, "v1")

  assert.match(await installation.push("Prices in kopecks, again"), /serves all new pages/)
  assert.equal(await movedRows(url), rows)
  const refused = await installation.run("change", "abort", name)
  assert.equal(refused.code, 12)
  assert.match(refused.out, /v3, which needs it, is the current version/)

  const tooEarly = await installation.run("change", "repack", name)
  assert.equal(tooEarly.code, 12, tooEarly.out)

  await installation.must("retire", "v1")
  const contracted = await installation.run("change", "contract", name)
  assert.equal(contracted.code, 0, contracted.out + contracted.error)
  assert.equal(
    (await columns()).some((column) => column["column_name"] === "price"),
    false,
  )
  const repacked = await installation.run("change", "repack", name)
  assert.equal(repacked.code, 0, repacked.out + repacked.error)
  assert.match(repacked.out, /is repacked/)

  await installation.write("changes/0002-bad.yml", "summary: Bad\noperations:\n  - derive_column: { table: shop.flower }\n")
  assert.match(await installation.push("A mistake in a change file"), /[^/]changes\/0002-bad\.yml:3:\d+/, "the place is the repository's")

  const { requests } = await installation.endUsers()
  assert.equal(requests.failed, 0, JSON.stringify(requests.byFailure))
})

test("new, lint and plan work on the work tree alone: the SQL is shown, and nothing is changed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conveyor-work-tree-"))
  const config = join(folder, "conveyor.yml")
  try {
    await writeFile(config, `{ name: shop, services: { web: { start: x, routes: [/] } }, fleet: { shards: { shop-1: "${url}" } } }`)
    const { out } = await installation.run("change", "new", "stems", "--config", config)
    assert.match(out, /0001-stems\.yml/)
    assert.match(await readFile(join(folder, "changes", "0001-stems.yml"), "utf8"), /derive_columns/)
    assert.equal((await installation.run("change", "lint", "--config", config)).code, 0)

    await writeFile(
      join(folder, "changes", "0001-stems.yml"),
      "summary: Stems\noperations:\n  - add_column: { table: shop.flower, column: stems, type: int }\n",
    )
    const before = await columns()
    const plan = await installation.run("change", "plan", "--config", config)
    assert.equal(plan.code, 0, plan.error)
    assert.match(plan.out, /ALTER TABLE .*flower.* ADD COLUMN .*stems/)
    assert.match(plan.out, /lock ACCESS EXCLUSIVE/)
    assert.deepEqual(await columns(), before)

    await writeFile(
      join(folder, "changes", "0002-bad.yml"),
      'summary: Bad\noperations:\n  - sql: { summary: ids, expand: ["ALTER TABLE shop.flower ALTER COLUMN id TYPE int"], undo: [] }\n',
    )
    const lint = await installation.run("change", "lint", "--config", config)
    assert.equal(lint.code, 1, lint.out)
    assert.match(lint.out + lint.error, /0002-bad\.yml:3:\d+/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function changeStatus(): Promise<ChangeStatus | undefined> {
  return (JSON.parse(await installation.must("--json", "change", "status")) as ChangeStatus[]).find((each) => each.change === name)
}

function columns(): Promise<Record<string, unknown>[]> {
  return ask(
    url,
    `SELECT column_name, data_type, is_nullable, (SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'shop.flower'::regclass) AS triggers
    FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'flower' ORDER BY 1`,
  )
}
