// The demo's traffic against the services of each version, as processes, on the schema between expand and contract.
import assert from "node:assert/strict"
import { mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import type { Acknowledgement, Answer, RequestSpec } from "@conveyor/witness/scenario"
import pg from "pg"
import { Chance } from "../../packages/witness/src/chance.ts"
import { layOut } from "./history.ts"
import type { HistoryVersion } from "./history.ts"
import { missingWrites } from "./lookup.ts"
import { demoSecret, ownersSessions } from "./model.ts"
import { takesBack } from "./seed-rows.ts"
import { seedDirectory, seedShards } from "./seed.ts"
import type { SeedProgress } from "./seed.ts"
import { applyChanges } from "./shop/schema.ts"
import type { Shard } from "./shop/schema.ts"
import { serviceNames, startServices } from "./shop/services.ts"
import type { Services } from "./shop/services.ts"
import { floristScenario } from "./traffic.ts"

const shops = 40
const rows = 1_000
const root = join(import.meta.dirname, "../..")
const signal = new AbortController().signal

interface Put {
  folder: string
  shards: readonly Shard[]
  directoryUrl: string
  progress: SeedProgress[]
  takeDown(): Promise<void>
}

let platform: Put
before(async () => {
  platform = await putUp()
})
after(() => platform.takeDown())

test("the fleet holds exactly what was asked for, each shop on the shard that the directory names", async () => {
  let payments = 0
  for (const { name, url } of platform.shards) {
    const named = await query(platform.directoryUrl, `SELECT id FROM directory.shop WHERE shard = '${name}' ORDER BY id`)
    assert.deepEqual(await query(url, "SELECT DISTINCT shop_id AS id FROM payments.sale ORDER BY 1"), named)
    assert.deepEqual(await query(url, "SELECT DISTINCT shop_id AS id FROM staff.store ORDER BY 1"), named)
    payments += (await query(url, "SELECT FROM payments.payment WHERE line = 0")).length
  }
  assert.equal(payments, rows)
  assert.deepEqual(platform.progress.at(-1), { rows, of: rows })
})

test("v1 and v2 answer all of it as it expects, every acknowledged write is found, and one that is taken away is missed", async () => {
  const writes: Acknowledgement[] = []
  for (const version of ["v1", "v2"] as const) {
    const { failures, acknowledged } = await play(version)
    assert.deepEqual(failures, [])
    writes.push(...acknowledged)
  }
  for (const table of ["orders.sale_order", "payments.payment", "payments.receipt"])
    assert.ok(
      writes.some(({ store }) => store === table),
      table,
    )
  assert.deepEqual(await missingWrites({ directoryUrl: platform.directoryUrl, writes }), [])

  const lost = writes.find(({ store }) => store === "payments.payment")
  assert.ok(lost)
  for (const { url } of platform.shards) await query(url, "DELETE FROM payments.payment WHERE id = $1", [lost.key.split("/")[1]])
  assert.deepEqual(await missingWrites({ directoryUrl: platform.directoryUrl, writes }), [lost])
})

test("v3 fails only in the summaries of the shops that take nothing back, which its own tests do not know", async () => {
  const { failures } = await play("v3")
  assert.ok(failures.length > 0)
  for (const { request, status, shop } of failures) {
    assert.match(request, /^GET \/api\/v1\/payments\/summary/)
    assert.equal(status, 500, request)
    assert.equal(takesBack(shop), false, `shop ${shop}`)
  }
})

interface Failure {
  request: string
  shop: number
  status: number
  body: string
}

async function play(version: HistoryVersion): Promise<{ failures: Failure[]; acknowledged: Acknowledgement[] }> {
  await using services = await startVersion(version)
  assert.deepEqual(await statuses(services), Object.fromEntries(serviceNames.map((name) => [name, 200])), "every copy says that it is well")
  const sessions = await ownersSessions(shops)
  const { requests, page } = floristScenario({ shops, sessions })
  assert.ok(page)
  // A seed of its own: the same ids would be the same orders.
  const chance = new Chance(Number(version.slice(1)))
  const failures: Failure[] = []
  const acknowledged: Acknowledgement[] = []
  for (let i = 0; i < 400; i++) {
    const spec = chance.weighted(i % 4 === 0 ? page.calls : requests).make(chance)
    const answer = await ask(services.url, spec)
    const shop = sessions.findIndex((session) => session !== "" && spec.headers?.["authorization"] === `Bearer ${session}`)
    if (!isExpected(spec, answer)) {
      failures.push({ request: `${spec.method} ${spec.path}`, shop, status: answer.status, body: answer.body.toString().slice(0, 300) })
    } else {
      const write = spec.acknowledged?.(answer)
      if (write !== undefined) acknowledged.push(write)
    }
  }
  return { failures, acknowledged }
}

/** As Conveyor asks each new copy. */
async function statuses({ addresses }: Services): Promise<Record<string, number>> {
  const asked = serviceNames.map(async (name) => {
    const headers = { "content-type": "application/json" }
    const answer = await fetch(`${addresses[name]}/api/v1/status`, { method: "POST", headers, body: '{"client":"1"}' })
    return [name, answer.status] as const
  })
  return Object.fromEntries(await Promise.all(asked))
}

function isExpected(spec: RequestSpec, answer: Answer): boolean {
  if (!(spec.expect ?? [200, 201, 204]).includes(answer.status)) return false
  spec.check?.(answer)
  return true
}

async function ask(url: string, { method, path, headers = {}, body }: RequestSpec): Promise<Answer> {
  const whole = typeof body === "object" && "pieces" in body ? new Blob(body.pieces.map((piece) => new Uint8Array(piece))) : body
  const init = whole === undefined ? {} : { body: typeof whole === "string" || whole instanceof Blob ? whole : new Uint8Array(whole) }
  const answer = await fetch(url + path, { method, headers, ...init, signal: AbortSignal.timeout(15_000) })
  return { status: answer.status, headers: new Map(answer.headers), body: Buffer.from(await answer.arrayBuffer()) }
}

async function startVersion(version: HistoryVersion): Promise<Services> {
  const folder = join(platform.folder, version)
  await layOut(version, folder)
  await symlink(join(root, "node_modules"), join(folder, "node_modules"))
  return startServices({ directoryUrl: platform.directoryUrl, secret: demoSecret, folder, logLevel: "silent", shops: [1] })
}

async function putUp(): Promise<Put> {
  const folder = await mkdtemp(join(tmpdir(), "florist-traffic-"))
  const server = await startPostgres({ databases: ["directory", "s1", "s2"], settings: { max_connections: "400" } })
  const shards = ["s1", "s2"].map((name) => ({ name, url: server.url(name) }))
  const directoryUrl = server.url("directory")
  const progress: SeedProgress[] = []
  const seed = { directoryUrl, shards, shops, rows, seed: 1, onProgress: (each: SeedProgress) => progress.push(each) }
  const takeDown = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await seedDirectory(seed)
    await applyChanges(shards, { signal, until: "expanded" })
    platform = { folder, shards, directoryUrl, progress, takeDown }
    await using first = await startVersion("v1")
    await seedShards({ ...seed, edge: first.url, signal })
    await first.stop()
    await rm(join(folder, "v1"), { recursive: true })
    return platform
  } catch (thrown) {
    await takeDown()
    throw thrown
  }
}

async function query(url: string, text: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}
