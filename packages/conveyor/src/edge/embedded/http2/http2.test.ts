// HTTP/2 at a real edge, with Node's client, curl and h2load.
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { connect, constants } from "node:http2"
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { promisify } from "node:util"
import { closeFrame } from "../streams/frames.ts"
import { delay } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import type { TestCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import { makeCertificate } from "../tls/made-certificates.ts"
import { flags, frame, framesIn, literals, rawClient, uint32 } from "./raw-frames.ts"
import { tlsOn } from "../tls/tls-settings.ts"

const never = new AbortController().signal
const run = promisify(execFile)
let directory = ""
let under: EmbeddedEdgeUnderTest
let v1: TestCopy
let v2: TestCopy
let generation = 0
/** Says what it has heard, byte by byte and with its trailers, and answers with trailers of its own. */
const listening = createServer((request, response) => {
  let bytes = 0
  request.on("data", (chunk: Buffer) => (bytes += chunk.length))
  request.on("error", () => heard.push("broken off"))
  request.on("end", () => {
    heard.push(`whole: ${bytes}`)
    response.writeHead(200, { trailer: "x-sum", "content-type": "application/json" })
    response.write(JSON.stringify({ bytes, headers: request.headers, raw: request.rawHeaders, trailers: request.trailers }))
    response.addTrailers({ "x-sum": String(bytes) })
    response.end()
  })
})
const heard: string[] = []

const apply = async (current: TestCopy, copies = [v1, v2]) => {
  const table = tableOf({ generation: ++generation, current: current.version, copies })
  const { port } = listening.address() as AddressInfo
  const told = { copy: "told", host: "127.0.0.1", port }
  const versions = Object.entries(table.versions).map(([name, version]) => [
    name,
    { ...version, targets: { ...version.targets, told: [told] } },
  ])
  const routes = [...table.routes, { prefix: "/told", service: "told" }]
  await under.edge.apply({ ...table, routes, versions: Object.fromEntries(versions) }, never)
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "conveyor-http2-"))
  const files = await makeCertificate(directory, "shop", ["shop.test", "localhost"])
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve))
  ;[v1, v2] = [await startCopy("v1"), await startCopy("v2")]
  const tls = tlsOn.parse({ certificates: [files], hstsSeconds: 600 })
  under = await embeddedEdge({ tls, idleGraceMs: 200, stalledClientMs: 4_000, http2StreamsPerConnection: 50, maxBodyBytes: 4_000_000 })
  await apply(v1)
})

after(async () => {
  listening.close()
  listening.closeAllConnections()
  for (const copy of [v1, v2]) copy.kill()
  await under.close()
  await rm(directory, { recursive: true, force: true })
})

const secureUrl = () => `https://127.0.0.1:${under.running.secure?.port ?? 0}`

async function withSession<T>(body: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connect(secureUrl(), { rejectUnauthorized: false, servername: "shop.test" })
  session.on("error", () => {})
  try {
    await once(session, "connect")
    return await body(session)
  } finally {
    session.destroy()
  }
}

interface Answered {
  status: number
  headers: IncomingHttpHeaders
  text: string
  trailers: IncomingHttpHeaders
}

function ask(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}, body?: Buffer): Promise<Answered> {
  const stream = session.request({ ":path": path, ":authority": "shop.test", ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return answerOf(stream)
}

function answerOf(stream: ClientHttp2Stream): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let [headers, trailers]: [IncomingHttpHeaders, IncomingHttpHeaders] = [{}, {}]
    stream.on("response", (said) => (headers = said))
    stream.on("trailers", (said) => (trailers = said))
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    stream.on("error", reject)
    stream.on("close", () =>
      stream.rstCode === 0
        ? resolve({ status: Number(headers[":status"]), headers, text: Buffer.concat(chunks).toString(), trailers })
        : reject(new Error(`reset with ${stream.rstCode}`)),
    )
  })
}

test("requests of one connection are routed, pinned and counted as over HTTP/1.1", () =>
  withSession(async (session) => {
    const asked = await under.edge.observe(never)
    const before = asked.versions["v1"]?.counters.requests ?? 0
    const first = await ask(session, "/a?b=1")
    assert.deepEqual([first.status, first.text], [200, "v1 GET /a?b=1 "])
    assert.equal(first.headers["x-conveyor-version"], "v1")
    assert.equal(first.headers["strict-transport-security"], "max-age=600")
    assert.equal(first.headers["connection"], undefined)
    await apply(v2)
    assert.equal((await ask(session, "/a")).text, "v2 GET /a ")
    assert.equal((await ask(session, "/a", { "x-conveyor-version": "v1" })).text, "v1 GET /a ")
    assert.equal((await under.edge.observe(never)).versions["v1"]?.counters.requests, before + 2)
    assert.equal((await ask(session, "/a", { ":method": "HEAD" })).status, 200)
    await apply(v1)
  }))

test("a copy hears of HTTP/2 what it would hear of HTTP/1.1: host, identity, one cookie, a framed body and its trailers", () =>
  withSession(async (session) => {
    const headers = { ":method": "POST", cookie: ["a=1", "b=2"], "x-forwarded-for": "1.2.3.4", te: "trailers" }
    const stream = session.request({ ":path": "/told", ":authority": "shop.test", ...headers }, { waitForTrailers: true })
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-check": "7", cookie: "evil=1" }))
    stream.write(Buffer.alloc(300_000))
    stream.end(Buffer.alloc(700_000))
    const { text, trailers } = await answerOf(stream)
    const told = JSON.parse(text) as { bytes: number; headers: Record<string, string>; trailers: Record<string, string> }
    assert.equal(told.bytes, 1_000_000)
    assert.equal(told.headers["host"], "shop.test")
    assert.equal(told.headers["cookie"], "a=1; b=2")
    assert.equal(told.headers["x-forwarded-for"], "127.0.0.1")
    assert.equal(told.headers["x-forwarded-proto"], "https")
    assert.equal(told.headers["transfer-encoding"], "chunked")
    assert.deepEqual(told.trailers, { "x-check": "7" })
    assert.equal(trailers["x-sum"], "1000000")
  }))

test("large answers, many at once, arrive whole", () =>
  withSession(async (session) => {
    assert.equal((await ask(session, "/big")).text.length, 64 * 1_048_576)
    const many = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(session, `/${i}`)))
    assert.deepEqual(
      many.map(({ text }) => text),
      many.map((_, i) => `v1 GET /${i} `),
    )
  }))

test("what a copy of HTTP/1.1 could read as something else is refused, and the connection goes on", () =>
  withSession(async (session) => {
    const odd: [OutgoingHttpHeaders, number][] = [
      [{ host: "other.test" }, 400],
      [{ ":path": "/a b" }, 400],
      [{ ":path": "http://other.test/" }, 400],
      [{ ":path": "*" }, 400],
      [{ ":authority": "a/b" }, 400],
      [{ ":method": "GE(T" }, 400],
      [{ ":method": "TRACE" }, 405],
      [{ "x-much": "x".repeat(16_000) }, 431],
    ]
    for (const [headers, status] of odd) {
      // Some of it the protocol's own reader refuses before us.
      const { status: answered } = await ask(session, "/odd", headers).catch(() => ({ status }))
      assert.equal(answered, status, JSON.stringify(headers).slice(0, 60))
    }
    assert.equal((await ask(session, "/a")).status, 200)
    assert.ok(!v1.received.some((label) => label.includes("/odd")))
  }))

test("a body that breaks off in the middle is none that is whole to a copy, whatever its client says at the end", () =>
  withSession(async (session) => {
    const raw = await rawClient(under.running.secure?.port ?? 0)
    const post = literals({ ":method": "POST", ":scheme": "https", ":path": "/told", ":authority": "shop.test" })
    for (const [i, code] of [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL].entries()) {
      heard.length = 0
      const stream = 2 * i + 1
      raw.send(frame("headers", { stream, flag: flags.endHeaders, payload: post }), frame("data", { stream, payload: Buffer.alloc(1_000) }))
      await delay(100)
      raw.send(frame("reset", { stream, payload: uint32(code) }))
      await soon("the copy to hear of the end", () => heard.length > 0)
      assert.deepEqual(heard, ["broken off"])
    }
    raw.socket.destroy()
    const tooLarge = await ask(session, "/told", { ":method": "POST" }, Buffer.alloc(5_000_000)).catch((thrown: Error) => thrown)
    assert.ok(tooLarge instanceof Error || tooLarge.status === 413)
    assert.equal((await ask(session, "/a")).status, 200)
  }))

test("an answer that its copy breaks off is seen to be not whole", () =>
  withSession(async (session) => {
    await assert.rejects(ask(session, "/cut?chunked"), /INTERNAL_ERROR|PROTOCOL_ERROR/)
    await assert.rejects(ask(session, "/cut"), /INTERNAL_ERROR|PROTOCOL_ERROR/)
    assert.equal((await ask(session, "/crash")).status, 502)
  }))

test("a WebSocket runs over a stream (RFC 8441) and is told when its version ends; one that is refused is answered", () =>
  withSession(async (session) => {
    await soon("the edge's settings", () => session.remoteSettings.enableConnectProtocol === true)
    const tunnel = { ":method": "CONNECT", ":protocol": "websocket", ":authority": "shop.test", "sec-websocket-version": "13" }
    const stream = session.request({ ...tunnel, ":path": "/socket" })
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders]
    assert.equal(headers[":status"], 200)
    assert.equal(headers["sec-websocket-accept"], undefined)
    const chunks: Buffer[] = []
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    const said = () => Buffer.concat(chunks).toString()
    await soon("its greeting", () => said().includes("hello from v1"))
    const closed = once(stream, "close")
    stream.write(closeFrame("enough", "masked"))
    await closed
    const refused = session.request({ ...tunnel, ":path": "/nothing" })
    assert.equal((await answerOf(refused)).status, 400)
  }))

test("a client that gives up streams by the hundred is let go; one that gives up some is not", async () => {
  const giveUp = (times: number) =>
    withSession(async (session) => {
      // Before it knows how many it may have, a client would be let go for what it may not.
      await soon("the edge's settings", () => session.remoteSettings.maxConcurrentStreams === 50)
      const isOver = () => session.closed
      for (let i = 0; i < times && !isOver(); i++) {
        const stream = session.request({ ":path": "/slow?ms=20000", ":authority": "shop.test" })
        stream.on("error", () => {})
        await new Promise((resolve) => setImmediate(resolve))
        stream.close(constants.NGHTTP2_CANCEL)
        if (i % 20 === 0) await delay(5)
      }
      if (times < 200) return (await ask(session, "/a")).status
      await soon("the end of the connection", isOver)
      return "let go"
    })
  assert.equal(await giveUp(100), 200)
  assert.equal(await giveUp(1_000), "let go")
  assert.match(await under.readLog(), /cost too much beside its requests/)
  await soon("nothing to be in flight", async () => (await under.edge.observe(never)).versions["v1"]?.inFlight === 0)
})

test("a client that only sends frames that are no requests is let go of; one that sends some is not", async () => {
  const port = under.running.secure?.port ?? 0
  const begun = frame("headers", { stream: 1, payload: literals({ ":method": "GET", ":scheme": "https", ":path": "/a" }) })
  const kinds: Record<string, readonly Buffer[]> = {
    pings: [frame("ping", { payload: Buffer.alloc(8) })],
    settings: [frame("settings", { payload: Buffer.from([0, 4, 0, 0, 255, 255]) })],
    "window updates": [frame("windowUpdate", { payload: uint32(1) })],
    priorities: [frame("priority", { stream: 1, payload: Buffer.from([0, 0, 0, 0, 1]) })],
    "a head that never ends": [begun, frame("continuation", { stream: 1, payload: literals({ x: "y" }) })],
  }
  for (const [kind, [first = Buffer.alloc(0), second = first]] of Object.entries(kinds)) {
    const client = await rawClient(port)
    client.send(first)
    for (let i = 0; i < 4_000 && !client.isClosed(); i++) {
      client.send(...Array.from({ length: 20 }, () => second))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await soon(`${kind} to end`, client.isClosed)
  }
  const client = await rawClient(port)
  for (const kind of ["pings", "settings", "window updates", "priorities"]) client.send(...(kinds[kind] ?? []), ...(kinds[kind] ?? []))
  await delay(600)
  assert.equal(client.isClosed(), false)
  client.socket.destroy()
})

test("no connection has more requests under way than one may, and the others wait for their turn", () =>
  withSession(async (session) => {
    await soon("the edge's settings", () => session.remoteSettings.maxConcurrentStreams === 50)
    const all = Promise.all(Array.from({ length: 120 }, () => ask(session, "/slow?ms=300")))
    let most = 0
    const looking = setInterval(() => {
      void under.edge.observe(never).then(({ versions }) => (most = Math.max(most, versions["v1"]?.inFlight ?? 0)))
    }, 50)
    for (const { status } of await all) assert.equal(status, 200)
    clearInterval(looking)
    assert.ok(most > 0 && most <= 50, `${most} at once`)
  }))

test("a reader that takes nothing of its answer is let go of, and its connection's other requests go on", () =>
  withSession(async (session) => {
    const stream = session.request({ ":path": "/big", ":authority": "shop.test" })
    stream.on("error", () => {})
    stream.pause()
    const closed = once(stream, "close")
    assert.equal((await ask(session, "/a")).status, 200)
    await soon("the copy to be free", async () => (await under.edge.observe(never)).versions["v1"]?.inFlight === 0)
    stream.on("readable", () => {})
    await closed
    assert.equal((await ask(session, "/a")).status, 200)
  }))

test("a renewed edge ends no request of HTTP/2: what is under way is answered, and the client is told to connect anew", async () => {
  const raw = await rawClient(under.running.secure?.port ?? 0)
  const get = literals({ ":method": "GET", ":scheme": "https", ":path": "/slow?ms=500", ":authority": "shop.test" })
  raw.send(frame("headers", { stream: 1, flag: flags.endHeaders | flags.endStream, payload: get }))
  await soon("it to be under way", async () => (await under.edge.observe(never)).versions["v1"]?.inFlight === 1)
  await under.renew()
  await soon("the end of the connection", raw.isClosed)
  const framesHeard = framesIn(raw.heard())
  const answer = framesHeard.filter(({ type, stream }) => type === "data" && stream === 1).map(({ payload }) => payload.toString())
  assert.equal(answer.join(""), "v1 at last")
  const goneAway = framesHeard.find(({ type }) => type === "goAway")
  assert.deepEqual([goneAway?.payload.readUInt32BE(0), goneAway?.payload.readUInt32BE(4)], [1, constants.NGHTTP2_NO_ERROR])
  await withSession(async (other) => assert.equal((await ask(other, "/a")).status, 200))
})

test("curl and h2load speak HTTP/2 with it without a failure", async () => {
  const curl = await run("curl", ["-sk", "--http2", "-w", "%{http_version} %{http_code}", "-d", "x=1", `${secureUrl()}/a`])
  assert.equal(curl.stdout, "v1 POST /a x=12 200")
  const h2load = await run("h2load", ["-n", "2000", "-c", "10", "-m", "20", `${secureUrl()}/a`])
  assert.match(h2load.stdout, /2000 succeeded, 0 failed, 0 errored/)
  assert.match(h2load.stdout, /Application protocol: h2/)
})
