// What one client may cost the others, and how long anything may last: each limit at a real edge, over bare sockets.
import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { ask, delay } from "../../contract/client.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import type { EdgeSettings } from "../settings.ts"
import { slowClient } from "../slow-clients.ts"
import type { SlowClient } from "../slow-clients.ts"

const never = new AbortController().signal
const routes = [{ prefix: "/", service: "web" }]

interface Limited {
  under: EmbeddedEdgeUnderTest
  versionOfCopy: { release: string; targets: { web: { copy: string; host: string; port: number }[] } }
  inFlight: () => Promise<number | undefined>
}

function withLimits(
  promise: string,
  settings: Partial<EdgeSettings>,
  copyAnswers: RequestListener,
  check: (limited: Limited) => Promise<void>,
) {
  test(`embedded edge: ${promise}`, async () => {
    const copy = createServer(copyAnswers)
    await new Promise<void>((resolve) => copy.listen(0, "127.0.0.1", resolve))
    const under = await embeddedEdge(settings)
    try {
      const { port } = copy.address() as AddressInfo
      const versionOfCopy = { release: "r", targets: { web: [{ copy: "web-1", host: "127.0.0.1", port }] } }
      await under.edge.apply({ generation: 1, current: "v1", routes, versions: { v1: versionOfCopy } }, never)
      await check({ under, versionOfCopy, inFlight: async () => (await under.edge.observe(never)).versions["v1"]?.inFlight })
    } finally {
      await under.close()
      copy.close()
      copy.closeAllConnections()
    }
  })
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
const megabyte = 1_048_576

const answers: RequestListener = (request, response) => {
  if (request.url === "/hang") return
  if (request.url === "/big") response.end(Buffer.alloc(48 * megabyte))
  else request.resume().once("end", () => response.end("fine"))
}

withLimits(
  "at its version's deadline a hung copy's request and a slow reader's answer are cut off, counted, and told as what they are",
  { cutGraceMs: 100, spoolBytes: 0 },
  answers,
  async ({ under, versionOfCopy, inFlight }) => {
    const hung = slowClient(under.url, get("/hang"), { reads: "at once" })
    const reader = slowClient(under.url, get("/big"), { reads: "when told" })
    await soon("both in flight", async () => (await inFlight()) === 2)
    const now = Date.now()
    const versions = { v1: { ...versionOfCopy, notice: { announcedAt: now, reloadBy: now } }, v2: versionOfCopy }
    await under.edge.apply({ generation: 2, current: "v2", routes, versions }, never)
    await soon("none in flight", async () => (await inFlight()) === 0)
    await soon("the hung one to hear of it", () => hung.heard().length > 0)
    assert.match(hung.heard().toString(), /^HTTP\/1\.1 503 [^]*version-retired/)
    reader.read()
    await soon("the reader to be cut off", () => reader.isClosed())
    assert.ok(reader.heard().length < 48 * megabyte)
    assert.equal((await under.edge.observe(never)).versions["v1"]?.counters.cut, 2)
    const log = await under.readLog()
    assert.match(log, /"version":"v1","requests":\d,"msg":"requests were cut off: by now nothing of their version is waited for"/)
    assert.doesNotMatch(log, /a copy did not answer/)
    assert.equal((await ask(`${under.url}/x`)).text, "fine")
  },
)

withLimits(
  "half-open heads of many clients shut nobody out, and each of them is told and closed",
  { headersTimeoutMs: 2_000, maxConnections: 320, connectionsPerClient: 100, lingerMs: 200 },
  answers,
  async ({ under }) => {
    const heads: SlowClient[] = []
    for (const localAddress of ["127.0.0.2", "127.0.0.3"]) {
      const open = () => slowClient(under.url, "GET / HTTP/1.1\r\nX-Half: ", { reads: "at once", localAddress })
      const own = Array.from({ length: 150 }, open)
      heads.push(...own)
      await soon("those too many to be refused", () => own.filter((each) => each.isClosed()).length === 50)
    }
    // 200 are held, up to 100 that were refused may still be closing, and 20 are left for everybody else.
    for (let i = 0; i < 20; i++) assert.equal((await ask(`${under.url}/x`, { localAddress: "127.0.0.4" })).text, "fine")
    await soon("all to be closed", () => heads.every((each) => each.isClosed()))
    const told = heads.filter((each) => each.heard().toString().startsWith("HTTP/1.1 408 ")).length
    assert.equal(told, 200, "as many as two clients may have connections")
    // They do not close their sides: the edge does not wait for that longer than it lingers.
    await soon("the same client to be let in again", async () => {
      const again = await ask(`${under.url}/x`, { localAddress: "127.0.0.2" }).catch(() => undefined)
      return again?.text === "fine"
    })
  },
)

const order: string[] = []
withLimits(
  "24,000 requests in one pipeline keep nobody else waiting for more than a few of them",
  {},
  (request, response) => {
    order.push(request.url ?? "")
    response.end("fine")
  },
  async ({ under }) => {
    const greedy = slowClient(under.url, get("/p").repeat(24_000), { reads: "at once", localAddress: "127.0.0.2" })
    await soon("the pipeline to be under way", () => order.length > 0)
    const between: number[] = []
    for (let i = 0; i < 40; i++) {
      const before = order.length
      assert.equal((await ask(`${under.url}/other`)).text, "fine")
      between.push(order.indexOf("/other", before) - before)
    }
    assert.ok(order.length < 24_000, "the pipeline is not at its end yet")
    assert.ok(Math.max(...between) < 400, `others waited for ${between.join(", ")} requests of the pipeline`)
    greedy.socket.destroy()
  },
)

withLimits(
  "a steady slow upload is not cut, one that stops is",
  { bodyWindowMs: 600, bodyBytesPerSecond: 64 },
  answers,
  async ({ under }) => {
    const head = "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n"
    const stopped = slowClient(under.url, `${head}begun`, { reads: "at once" })
    const steady = slowClient(under.url, head, { reads: "at once" })
    for (let i = 0; i < 30; i++) {
      steady.socket.write("x".repeat(100))
      await delay(60)
    }
    await soon("its answer", () => steady.heard().length > 0)
    assert.match(steady.heard().toString(), /^HTTP\/1\.1 200 /)
    await soon("the other's", () => stopped.heard().length > 0)
    assert.match(stopped.heard().toString(), /^HTTP\/1\.1 408 /)
  },
)

withLimits(
  "a client that has closed its side and hears nothing holds no copy; one that was refused and stays is closed",
  { halfClosedMs: 200, lingerMs: 200 },
  answers,
  async ({ under, inFlight }) => {
    const gone = slowClient(under.url, get("/hang"), { reads: "at once" })
    await soon("the request in flight", async () => (await inFlight()) === 1)
    gone.socket.end()
    await soon("none in flight", async () => (await inFlight()) === 0)

    const refused = slowClient(under.url, "no request at all\r\n\r\n", { reads: "at once" })
    await soon("the refusal", () => refused.isClosed())
    assert.match(refused.heard().toString(), /^HTTP\/1\.1 400 /)
    // It has heard the end, and goes on sending: the connection is reset, not read for ever.
    await soon("the reset", () => {
      refused.socket.write("x")
      return refused.socket.destroyed
    })
  },
)
