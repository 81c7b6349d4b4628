// kill -9 of the control plane in the middle of a release, with users on the edge: the next control plane carries on,
// and the users notice nothing.
import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { kopecks, movedRows, plantFlowers, rows } from "./flower-shop.ts"
import { Installation } from "./installation.ts"

let server: PostgresServer
let databases = 0

before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

test("killed during the backfill, the next control plane moves every row once and promotes", async () => {
  await withInstallation(async (installation, urls) => {
    await installation.write("changes/0001-kopecks.yml", kopecks())
    const { output } = await installation.beginPush("Prices in kopecks")
    await installation.reached("backfill", "started")
    await installation.eventually("some rows are moved", async () => (await movedOn(urls)) > 0)
    await installation.killControlPlane()
    const movedAtKill = await movedOn(urls)
    assert.ok(movedAtKill < rows * urls.length, `the kill came before the end: ${movedAtKill} rows`)

    await installation.up()
    assert.equal(await installation.ended(), "promoted")
    assert.equal(await movedOn(urls), rows * urls.length)
    assert.match(await output, /serves all new pages/)
  })
})

test("killed during the switch, the next control plane finishes it", async () => {
  await withInstallation(async (installation) => {
    const { output } = await installation.beginPush("A second version")
    await installation.reached("start", "succeeded")
    await installation.stopAt("switch", "started")
    await installation.killControlPlane()
    assert.equal(await installation.has("switch", "succeeded"), false)

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
  await plantFlowers(server.url(name))
  return server.url(name)
}

async function movedOn(urls: readonly string[]): Promise<number> {
  const counts = await Promise.all(urls.map((url) => movedRows(url)))
  return counts.reduce((sum, n) => sum + n, 0)
}
