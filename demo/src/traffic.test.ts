import assert from "node:assert/strict"
import { test } from "node:test"
import { startPostgres } from "@conveyor/testbed/postgres"
import { Chance } from "../../packages/witness/src/chance.ts"
import type { Acknowledgement, Answer, RequestSpec } from "@conveyor/witness/scenario"
import pg from "pg"
import { expandedSchema, startCopy } from "../../florist/payments/test/platform.ts"
import type { HistoryVersion } from "./history.ts"
import { missingWrites } from "./lookup.ts"
import { takesBack } from "./seed-rows.ts"
import { seedFlorist } from "./seed.ts"
import { floristScenario } from "./traffic.ts"

const shops = 40

test("v1 and v2 answer all of it as it expects, every acknowledged write is found, and one that is taken away is missed", async () => {
  await using platform = await seededPlatform()
  const writes: Acknowledgement[] = []
  for (const version of ["v1", "v2"] as const) {
    const { failures, acknowledged } = await play(version, platform.directoryUrl)
    assert.deepEqual(failures, [])
    writes.push(...acknowledged)
  }
  assert.ok(writes.some(({ store }) => store === "payments.payment"))
  assert.ok(writes.some(({ store }) => store === "payments.receipt"))
  assert.deepEqual(await missingWrites({ directoryUrl: platform.directoryUrl, writes }), [])

  const lost = writes.find(({ store }) => store === "payments.payment")
  assert.ok(lost)
  for (const shard of platform.shards) await query(shard, "DELETE FROM payments.payment WHERE id = $1", [lost.key.split("/")[1]])
  assert.deepEqual(await missingWrites({ directoryUrl: platform.directoryUrl, writes }), [lost])
})

test("v3 fails only in the summaries of the shops that take nothing back, which its own tests do not know", async () => {
  await using platform = await seededPlatform()
  const { failures } = await play("v3", platform.directoryUrl)
  assert.ok(failures.length > 0)
  for (const { request, status } of failures) {
    const shop = Number(/summary\?shop=(\d+)/.exec(request)?.[1])
    assert.equal(status, 500, request)
    assert.equal(takesBack(shop), false, request)
  }
})

interface Failure {
  request: string
  status: number
}

async function play(version: HistoryVersion, directoryUrl: string): Promise<{ failures: Failure[]; acknowledged: Acknowledgement[] }> {
  await using payments = await startCopy({ version, directoryUrl })
  await using catalog = await startCopy({ version, directoryUrl, service: "catalog" })
  const { requests, page } = floristScenario({ shops })
  assert.ok(page)
  // A seed of its own: the same ids would be the same payments.
  const chance = new Chance(Number(version.slice(1)))
  const failures: Failure[] = []
  const acknowledged: Acknowledgement[] = []
  for (let i = 0; i < 400; i++) {
    const spec = chance.weighted(i % 4 === 0 ? page.calls : requests).make(chance)
    const answer = await ask(spec.path.startsWith("/api/v1/payments") ? payments.url : catalog.url, spec)
    if (!isExpected(spec, answer)) failures.push({ request: `${spec.method} ${spec.path}`, status: answer.status })
    const write = spec.acknowledged?.(answer)
    if (write !== undefined) acknowledged.push(write)
  }
  return { failures, acknowledged }
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

interface SeededPlatform extends AsyncDisposable {
  directoryUrl: string
  shards: string[]
}

async function seededPlatform(): Promise<SeededPlatform> {
  const names = ["s1", "s2"]
  const server = await startPostgres({ databases: ["directory", ...names] })
  const shards = names.map((name) => ({ name, url: server.url(name) }))
  const directoryUrl = server.url("directory")
  for (const { url } of shards) for (const statement of await expandedSchema()) await query(url, statement)
  await seedFlorist({ directoryUrl, shards, shops, rows: 1_000, seed: 1 })
  return { directoryUrl, shards: shards.map(({ url }) => url), [Symbol.asyncDispose]: () => server.stop() }
}

async function query(url: string, text: string, values: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text, values)
  } finally {
    await client.end()
  }
}
