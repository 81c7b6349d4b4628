// kill -9 of the control plane in the middle of a release, with users on the edge: the next control plane carries on,
// and the users notice nothing.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import pg from "pg"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { Installation } from "./installation.ts"

const rows = 60_000
const change = `summary: Prices in kopecks
operations:
  - derive_columns:
      table: shop.flower
      from: { price: "numeric(12,2)" }
      to: { kopecks: { type: bigint, nullable: false } }
      up: { kopecks: "(price * 100)::bigint" }
      down: { price: "(kopecks / 100.0)::numeric(12, 2)" }
`

let server: PostgresServer
let databases = 0

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

test("killed during the backfill, the next control plane moves every row once and promotes", async () => {
  await withInstallation(async (installation, urls) => {
    await installation.write("changes/0001-kopecks.yml", change)
    const { output } = await installation.beginPush("Prices in kopecks")
    await installation.reached("backfill", "started")
    await installation.eventually("some rows are moved", async () => (await movedRows(urls)) > 0)
    await installation.killControlPlane()
    const movedAtKill = await movedRows(urls)
    assert.ok(movedAtKill < rows * urls.length, `the kill came before the end: ${movedAtKill} rows`)

    await installation.up()
    assert.equal(await installation.ended(), "promoted")
    assert.equal(await movedRows(urls), rows * urls.length)
    assert.match(await output, /serves all new pages/)
  })
})

test("killed during the switch, the next control plane finishes it", async () => {
  await withInstallation(async (installation) => {
    const { output } = await installation.beginPush("A second version")
    await installation.reached("verify", "succeeded")
    // An edge that does not answer holds the switch open for the kill.
    await installation.signalEdge("SIGSTOP")
    try {
      await installation.reached("switch", "started")
      await installation.killControlPlane()
    } finally {
      await installation.signalEdge("SIGCONT")
    }

    await installation.up()
    assert.equal(await installation.ended(), "promoted")
    assert.match(await output, /serves all new pages/)
  })
})

/** Two shards with rows, a first version that serves, users that come; at the end no user was failed and nothing is left. */
async function withInstallation(body: (installation: Installation, urls: readonly string[]) => Promise<void>): Promise<void> {
  const urls = [await newShard(), await newShard()]
  const installation = await Installation.start({ urls: { "shop-1": urls[0] ?? "", "shop-2": urls[1] ?? "" } })
  try {
    assert.match(await installation.push("A first version"), /v1 serves all new pages/)
    installation.startUsers((await installation.status()).edge)
    await body(installation, urls)

    const { requests, streams } = await installation.endUsers()
    assert.equal(requests.failed, 0, JSON.stringify(requests.byFailure))
    assert.ok(requests.total > 0)
    assert.equal(streams.cut, 0)
    const { current, versions } = await installation.status()
    assert.equal(current, "v2")
    for (const { name, copies } of versions) assert.equal(copies.length, 2, `${name} has its two copies and no stray`)
  } finally {
    await installation.end()
  }
}

async function newShard(): Promise<string> {
  const name = `shard_${databases++}`
  await server.createDatabase(name)
  const url = server.url(name)
  await ask(url, `CREATE SCHEMA shop; CREATE TABLE shop.flower (id bigint PRIMARY KEY, price numeric(12, 2) NOT NULL)`)
  await ask(url, `INSERT INTO shop.flower SELECT n, n % 1000 + 0.5 FROM generate_series(1, ${rows}) n; ANALYZE shop.flower`)
  return url
}

/** Rows whose new column is filled and right, on all shards. */
async function movedRows(urls: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    urls.map(async (url) => {
      const rows = await ask(
        url,
        "SELECT count(*)::int AS n FROM shop.flower WHERE to_jsonb(flower) ->> 'kopecks' = ((price * 100)::bigint)::text",
      )
      return Number(rows[0]?.["n"] ?? 0)
    }),
  )
  return counts.reduce((sum, n) => sum + n, 0)
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
