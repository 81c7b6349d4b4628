// The embedded edge's own ends and beginnings: told to stop, killed, started again, adopted.
import assert from "node:assert/strict"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { WebSocket } from "ws"
import { systemClock } from "../../../kernel/time/clock.ts"
import { ask, open, textOf } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { createEmbeddedEdge } from "../adapter.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import { withEdge } from "../with-edge.ts"
import { launchEdge, stopEdge } from "./launch.ts"

const never = new AbortController().signal

withEdge("serves from the table on disk at once after kill -9, on the same port, and goes on counting", async (under) => {
  await using v1 = await startCopy("v1")
  await under.edge.apply(tableOf({ generation: 7, current: "v1", copies: [v1] }), never)
  for (let i = 0; i < 5; i++) await ask(`${under.url}/x`)
  const history = join(under.stateDirectory, "history.json")
  await soon("the counters on disk", async () => (await readFile(history, "utf8")).includes('"requests":5'))
  const { url } = under
  await under.end("SIGKILL")
  await assert.rejects(ask(`${url}/x`))
  await under.restart()
  assert.equal(under.running.how, "launched")
  assert.equal((await ask(`${url}/x`)).status, 200)
  const seen = await under.edge.observe(never)
  assert.deepEqual([seen.table?.generation, seen.versions["v1"]?.counters.requests], [7, 6])
})

withEdge("ends on SIGTERM only after the requests in flight, and saves the last of them", async (under) => {
  await using v1 = await startCopy("v1")
  await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
  const dripping = await open(`${under.url}/drip?ms=40`)
  const [ended, text] = await Promise.all([under.end("SIGTERM"), textOf(dripping)])
  assert.equal(ended, "stopped")
  assert.match(text, /v1 9;$/)
  assert.match(await under.readLog(), /the edge has ended/)
  await under.restart()
  assert.equal((await under.edge.observe(never)).versions["v1"]?.counters.requests, 1)
})

withEdge("is not held up by WebSockets and event streams when it is told to stop", async (under) => {
  await using v1 = await startCopy("v1")
  await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
  const stream = await open(`${under.url}/events`)
  const socket = new WebSocket(`${under.url.replace("http", "ws")}/socket`)
  await new Promise((resolve) => socket.once("message", resolve))
  const closed = new Promise((resolve) => socket.once("close", (code, reason) => resolve([code, reason.toString()])))
  const [ended, text] = await Promise.all([under.end("SIGTERM"), textOf(stream)])
  assert.equal(ended, "stopped")
  assert.match(text, /event: conveyor-close/)
  assert.deepEqual(await closed, [1012, "the edge restarts"])
})

withEdge("is adopted by a second launch, and refuses to be two", async (under) => {
  const { running, stateDirectory } = under
  const launch = { stateDirectory, logFile: join(stateDirectory, "again.log"), clock: systemClock, signal: never }
  const again = await launchEdge({ ...launch, listen: running.listen })
  assert.deepEqual({ ...again, how: "launched" }, running)
  assert.equal(again.how, "adopted")
  await assert.rejects(launchEdge({ ...launch, listen: { host: "127.0.0.1", port: 1 } }), { code: "edge-elsewhere" })
})

test("an edge on every network and any free port is reached on loopback at the port it got, and started again it keeps that", async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), "conveyor-edge-"))
  const launch = { stateDirectory, logFile: join(stateDirectory, "edge.log"), clock: systemClock, signal: never }
  const everywhere = { host: "0.0.0.0", port: 0 }
  const end = () => stopEdge(stateDirectory, { graceMs: 2_000, clock: systemClock, signal: never })
  try {
    const first = await launchEdge({ ...launch, listen: everywhere })
    assert.equal(first.url, `http://127.0.0.1:${first.listen.port}`)
    assert.equal((await ask(`${first.url}/x`)).status, 503)
    await end()
    const revived = await launchEdge({ ...launch, listen: { ...everywhere, port: first.listen.port } })
    const adopted = await launchEdge({ ...launch, listen: everywhere })
    assert.deepEqual([revived.how, revived.url, adopted.how, adopted.url], ["launched", first.url, "adopted", first.url])
  } finally {
    await end()
    await rm(stateDirectory, { recursive: true, force: true })
  }
})

withEdge("keeps its token from other users, and refuses a wrong one", async (under) => {
  assert.equal((await stat(join(under.stateDirectory, "token"))).mode & 0o077, 0)
  const stranger = createEmbeddedEdge({ adminUrl: under.running.adminUrl, token: "guessed" })
  await assert.rejects(stranger.table(never), { code: "wrong-token" })
})

withEdge("is named when it is not there, with a way on", async (under) => {
  await under.end("SIGKILL")
  await assert.rejects(under.edge.observe(never), { code: "edge-unreachable", hint: /log/ })
})

test("an edge whose port is taken says which, and leaves no process", async () => {
  const occupier = createServer()
  await new Promise<void>((resolve) => occupier.listen(0, "127.0.0.1", resolve))
  const { port } = occupier.address() as AddressInfo
  const under = await embeddedEdge()
  try {
    const stateDirectory = join(under.stateDirectory, "second")
    const launch = { stateDirectory, logFile: join(stateDirectory, "edge.log"), clock: systemClock, signal: never }
    await assert.rejects(launchEdge({ ...launch, listen: { host: "127.0.0.1", port } }), {
      code: "port-occupied",
      message: new RegExp(String(port)),
    })
  } finally {
    await under.close()
    occupier.close()
  }
})

test("a table on disk that is not one stops the start with the file's name", async () => {
  const under = await embeddedEdge()
  try {
    await using v1 = await startCopy("v1")
    await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    await under.end("SIGTERM")
    await writeFile(join(under.stateDirectory, "table.json"), "{ half a tab")
    await assert.rejects(under.restart(), { code: "bad-edge-state", message: /table\.json is not a routing table/ })
  } finally {
    await under.close()
  }
})
