// Two fleets under one commit: each change comes to the databases whose folder it is in, and to no other.
import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import { kopecks, movedRows, plantFlowers } from "./flower-shop.ts"
import { Installation } from "./installation.ts"

const few = 200

test("a commit with a change for each of two fleets is promoted, and each fleet has its own change alone", async () => {
  const server = await startPostgres({ databases: ["shop", "accounts"] })
  const urls = { shops: server.url("shop"), accounts: server.url("accounts") }
  let installation: Installation | undefined
  try {
    await plantFlowers(urls.shops, "shop.flower", few)
    await plantFlowers(urls.accounts, "shop.account", few)
    installation = await Installation.start({ urls: {} })
    const config = await readFile(join(installation.repository, "conveyor.yml"), "utf8")
    const fleets = `fleets:\n  shops: { shards: { shop-1: "${urls.shops}" } }\n  accounts: { changes: db, shards: { accounts-1: "${urls.accounts}" } }\n`
    await installation.write("conveyor.yml", config + fleets)
    await installation.write("changes/shops/0001-kopecks.yml", kopecks("shop.flower"))
    await installation.write("db/0002-balances.yml", kopecks("shop.account"))
    assert.match(await installation.push("Prices and balances in kopecks"), /v1 serves all new pages/)

    assert.deepEqual([await movedRows(urls.shops), await movedRows(urls.accounts, "shop.account")], [few, few])
    const { changes } = await installation.status()
    assert.deepEqual(
      changes.map(({ change, shards }) => [change, shards.map(({ shard }) => shard)]),
      [
        ["0001-kopecks", ["shop-1"]],
        ["0002-balances", ["accounts-1"]],
      ],
    )
  } finally {
    await installation?.end()
    await server.stop()
  }
})
