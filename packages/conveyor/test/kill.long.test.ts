// kill -9 of the control plane at random moments, again and again, over many releases with and without changes of the
// schema, with users on the edge. Prints its seed; SEED=n plays the same moments again.
import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { test } from "node:test"
import type { TestContext } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { PostgresServer } from "@conveyor/testbed/postgres"
import { kopecks, movedRows, plantFlowers } from "./flower-shop.ts"
import { Installation } from "./installation.ts"

const releases = Number(process.env["RELEASES"] ?? 12)
const killsEach = 3
const rows = 20_000
const seed = Number(process.env["SEED"] ?? Date.now() % 100_000)

test(`${releases} releases with ${killsEach} kills each (seed ${seed}): every one ends, users notice nothing, nothing is left over`, async (context) => {
  const server = await startPostgres({ databases: ["shop_1", "shop_2"] })
  try {
    await releaseAndKill(server, context)
  } finally {
    await server.stop()
  }
})

async function releaseAndKill(server: PostgresServer, context: TestContext): Promise<void> {
  const random = randomFrom(seed)
  const urls = [server.url("shop_1"), server.url("shop_2")]
  for (const url of urls) {
    for (let n = 2; n <= releases; n += 2) await plantFlowers(url, tableOf(n), rows)
  }
  const installation = await Installation.start({ urls: { "shop-1": urls[0] ?? "", "shop-2": urls[1] ?? "" } })
  try {
    assert.match(await installation.push("The first version"), /serves all new pages/)
    installation.startUsers((await installation.status()).edge)
    for (let n = 1; n <= releases; n++) {
      if (n % 2 === 0) await installation.write(`changes/${String(n).padStart(4, "0")}-kopecks.yml`, kopecks(tableOf(n)))
      await installation.beginPush(`Release ${n}`)
      for (let kill = 0; kill < killsEach; kill++) {
        await sleep(random() * 2_500)
        await installation.killControlPlane()
        await installation.up()
      }
      const state = await installation.ended()
      context.diagnostic(`release ${n}: ${state}`)
      assert.equal(state, "promoted")
      await consistent(installation, urls)
    }
    const { requests, streams } = await installation.endUsers()
    context.diagnostic(`${requests.failed} failed of ${requests.total}`)
    assert.equal(requests.failed, 0, JSON.stringify(requests.byFailure))
    assert.equal(streams.cut, 0)
  } finally {
    await installation.end()
  }
}

/** The newest version serves, the one before is warm, each with its two copies; every change is ready; every row agrees. */
async function consistent(installation: Installation, urls: readonly string[]): Promise<void> {
  // What was being stopped when the kill came is stopped by the keeper, a moment after the run has ended.
  await installation.eventually("nothing is left over", async () =>
    (await installation.status()).versions.every((version) => version.state !== "stopping"),
  )
  const { current, versions, changes, runs } = await installation.status()
  assert.equal(current, runs.at(-1)?.version)
  const running = versions.filter((version) => version.copies.length > 0)
  assert.deepEqual(
    running.map((version) => version.state),
    ["warm", "current"],
  )
  for (const { name, copies } of running) {
    assert.deepEqual(
      copies.map((copy) => copy.state),
      ["running", "running"],
      `${name} has its two copies`,
    )
  }
  assert.deepEqual(
    changes.filter((change) => change.readiness !== "ready"),
    [],
  )
  for (const url of urls) {
    for (const { change } of changes) {
      const table = tableOf(Number(change.slice(0, 4)))
      assert.equal(await movedRows(url, table), rows, table)
    }
  }
}

const tableOf = (n: number) => `shop.flower_${n}`

function randomFrom(start: number): () => number {
  let state = start
  // Mulberry32.
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
