// What users notice when a part of the edge is renewed, killed or hangs under steady load.
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { isAlive, signalProcess } from "../../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../../kernel/process/process-identity.ts"
import { open, textOf } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import { readEdgeAddress } from "./address-file.ts"
import type { EdgeAddress } from "./address-file.ts"
import { startLoad } from "./steady-load.ts"
import type { Load } from "./steady-load.ts"

const never = new AbortController().signal

function underLoad(promise: string, body: (under: EmbeddedEdgeUnderTest, load: Load) => Promise<void>): void {
  test(`embedded edge: ${promise}`, async () => {
    const under = await embeddedEdge({ idleGraceMs: 500 })
    try {
      await using v1 = await startCopy("v1")
      await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
      const load = startLoad(under.url)
      try {
        await load.answers(100)
        await body(under, load)
      } finally {
        await load.stop()
      }
    } finally {
      await under.close()
    }
  })
}

underLoad("renewed three times, worker and guard, it fails no request and forgets no count", async (under, load) => {
  for (let i = 0; i < 3; i++) {
    const before = await addressOf(under)
    await under.renew()
    await soon("guard and worker to be new", async () => {
      const { guard, identity } = await addressOf(under)
      return guard !== undefined && isAlive(guard) && guard.pid !== before.guard?.pid && identity.pid !== before.identity.pid
    })
    await load.answers(50)
  }
  await load.stop()
  assert.deepEqual(load.failed, [])
  await soon("all to be counted", async () => (await under.edge.observe(never)).versions["v1"]?.counters.requests === load.answered)
})

underLoad("killed, its worker costs what it had in flight, newcomers wait, and the death is written down", async (under, load) => {
  const { identity } = await addressOf(under)
  signalProcess(identity, "SIGKILL")
  const goneAt = await gone(identity)
  await load.answers(100)
  await load.stop()
  assert.deepEqual(lateOf(load, goneAt), [])
  assert.match(await under.readLog(), new RegExp(`"pid":${identity.pid},"how":"SIGKILL","msg":"a worker of the edge has died`))
})

underLoad(
  "killed, its guard costs nothing: the worker serves on and starts a new one, which replaces that worker when it dies",
  async (under, load) => {
    const { guard, identity } = await addressOf(under)
    assert.ok(guard)
    signalProcess(guard, "SIGKILL")
    await soon("a new guard", async () => ((await addressOf(under)).guard?.pid ?? guard.pid) !== guard.pid)
    await load.answers(50)
    assert.deepEqual(load.failed, [])
    assert.equal((await addressOf(under)).identity.pid, identity.pid)
    assert.match(await under.readLog(), /the guard of the edge has ended; a new one is started/)

    signalProcess(identity, "SIGKILL")
    const goneAt = await gone(identity)
    await load.answers(100)
    assert.notEqual((await addressOf(under)).identity.pid, identity.pid)
    await load.stop()
    assert.deepEqual(lateOf(load, goneAt), [])
  },
)

underLoad("a worker that hangs is replaced by one that serves those who wait", async (under, load) => {
  const { identity } = await addressOf(under)
  signalProcess(identity, "SIGSTOP")
  await soon("it to hang", () => / T /.test(readFileSync(`/proc/${identity.pid}/stat`, "utf8").replace(/^.*\)/, ")")))
  const hangsAt = performance.now()
  await gone(identity)
  await load.answers(100)
  await load.stop()
  assert.deepEqual(lateOf(load, hangsAt), [])
  assert.match(await under.readLog(), /a worker of the edge hung, and was replaced/)
})

test("embedded edge: what a worker still has in flight when another takes over counts as in flight, and is answered whole", async () => {
  const under = await embeddedEdge({ idleGraceMs: 100 })
  try {
    await using v1 = await startCopy("v1")
    await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const dripping = await open(`${under.url}/drip?ms=300`)
    await under.renew()
    assert.equal((await under.edge.observe(never)).versions["v1"]?.inFlight, 1)
    assert.match(await textOf(dripping), /v1 9;$/)
    await soon("it to be in flight no more", async () => (await under.edge.observe(never)).versions["v1"]?.inFlight === 0)
    assert.equal((await under.edge.observe(never)).versions["v1"]?.counters.requests, 1)
  } finally {
    await under.close()
  }
})

async function addressOf({ stateDirectory }: EmbeddedEdgeUnderTest): Promise<EdgeAddress> {
  const address = await readEdgeAddress(stateDirectory)
  assert.ok(address)
  return address
}

async function gone(identity: ProcessIdentity): Promise<number> {
  await soon("the process to be gone", () => !isAlive(identity))
  return performance.now()
}

/** Failures on connections that were begun after something had happened. */
const lateOf = ({ failed }: Load, at: number) => failed.filter(({ begunAt }) => begunAt > at)
