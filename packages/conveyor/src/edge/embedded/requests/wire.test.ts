// What passes through the embedded edge byte by byte, and what does not: spoken over bare sockets.
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer, request } from "node:http"
import type { IncomingMessage, RequestListener, Server } from "node:http"
import { connect } from "node:net"
import type { AddressInfo, Socket } from "node:net"
import { pipeline } from "node:stream/promises"
import { test } from "node:test"
import { ask, textOf } from "../../contract/client.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import type { EdgeSettings } from "../settings.ts"

const never = new AbortController().signal

interface Wire {
  under: EmbeddedEdgeUnderTest
  copy: Server
  /** Sends the bytes as they are, and gives what came back until `ends` was seen or the connection ended. */
  speak: (bytes: string, ends?: RegExp) => Promise<string>
}

function withWire(
  promise: string,
  copyAnswers: RequestListener,
  body: (wire: Wire) => Promise<void>,
  settings: Partial<EdgeSettings> = {},
): void {
  test(`embedded edge: ${promise}`, async () => {
    const copy = createServer(copyAnswers)
    await new Promise<void>((resolve) => copy.listen(0, "127.0.0.1", resolve))
    const under = await embeddedEdge(settings)
    try {
      const { port } = copy.address() as AddressInfo
      const versions = { v1: { release: "r", targets: { web: [{ copy: "web-1", host: "127.0.0.1", port }] } } }
      await under.edge.apply({ generation: 1, current: "v1", routes: [{ prefix: "/", service: "web" }], versions }, never)
      await body({ under, copy, speak: (bytes, ends) => speak(new URL(under.url), bytes, ends) })
    } finally {
      await under.close()
      copy.close()
      copy.closeAllConnections()
    }
  })
}

withWire(
  "refuses a request with two lengths before a copy sees it",
  () => assert.fail("a copy got the request"),
  async ({ speak }) => {
    const smuggled = "GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"
    const both = await speak(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`)
    assert.match(both, /^HTTP\/1\.1 400 /)
    const twice = await speak(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`)
    assert.match(twice, /^HTTP\/1\.1 400 /)
    const oddCoding = await speak("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")
    assert.match(oddCoding, /^HTTP\/1\.1 501 /)
  },
)

withWire(
  "says who the client is, whatever the client says, and keeps hop-by-hop headers to the hop",
  (request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })),
  async ({ speak, under }) => {
    const lines = [
      "GET http://shop.example/a?b=1 HTTP/1.1",
      "Host: shop.example",
      "X-Forwarded-For: 6.6.6.6",
      "Connection: close, X-Secret",
      "X-Secret: s",
      "TE: trailers",
      "X-Kept: k",
    ]
    const answer = await speak(`${lines.join("\r\n")}\r\n\r\n`)
    const { url, headers } = JSON.parse(answer.slice(answer.indexOf("{"), answer.lastIndexOf("}") + 1)) as {
      url: string
      headers: Record<string, string>
    }
    assert.equal(url, "/a?b=1")
    assert.deepEqual(
      [headers["host"], headers["x-forwarded-for"], headers["x-forwarded-proto"], headers["x-forwarded-host"], headers["x-kept"]],
      ["shop.example", "127.0.0.1", "http", "shop.example", "k"],
    )
    assert.deepEqual([headers["x-secret"], headers["te"]], [undefined, undefined])
    assert.match((await ask(`${under.url}/`)).text, /"connection":"keep-alive"/)
  },
)

withWire(
  "passes trailers in both directions",
  (request, response) => {
    request.resume().once("end", () => {
      response.writeHead(200, { trailer: "x-sum" })
      response.write("body")
      response.addTrailers({ "x-sum": String(request.trailers["x-in"]) })
      response.end()
    })
  },
  async ({ speak }) => {
    const answer = await speak(
      "POST / HTTP/1.1\r\nHost: x\r\nTrailer: x-in\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-in: seven\r\n\r\n",
      /x-sum: seven\r\n\r\n$/,
    )
    assert.match(answer, /4\r\nbody\r\n0\r\nx-sum: seven\r\n\r\n$/)
  },
)

withWire(
  "passes early hints before the answer",
  (_request, response) => response.writeEarlyHints({ link: "</a.css>; rel=preload" }, () => response.end("done")),
  async ({ speak }) => {
    const answer = await speak("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK/i)
  },
)

withWire(
  "lets a body come only when the copy wants it",
  (request, response) => request.on("data", () => {}).once("end", () => response.end("taken")),
  async ({ speak, copy, under }) => {
    const outgoing = request(under.url, { method: "POST", agent: false, headers: { expect: "100-continue", "content-length": 4 } })
    outgoing.once("continue", () => outgoing.end("body"))
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage]
    assert.equal(await textOf(answer), "taken")

    copy.on("checkContinue", (_request, response) => response.writeHead(413, { "content-length": 0 }).end())
    const refused = await speak("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert.match(refused, /^HTTP\/1\.1 413 /)
    assert.match(refused, /connection: close/i)
  },
)

withWire(
  "answers HEAD without a body and with its length, and sends an empty POST as empty",
  (request, response) => {
    response.setHeader("x-length", String(request.headers["content-length"] ?? request.headers["transfer-encoding"]))
    response.setHeader("content-length", 5)
    response.end(request.method === "HEAD" ? undefined : "12345")
  },
  async ({ speak }) => {
    const head = await speak("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert.match(head, /content-length: 5/i)
    assert.match(head, /\r\n\r\n$/)
    assert.match(await speak("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), /x-length: 0\r\n/i)
  },
)

withWire(
  "cuts a client that is too slow with its headers, too large in them or in its body",
  (request, response) => request.resume().once("end", () => response.end("taken")),
  async ({ speak }) => {
    assert.match(await speak("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "), /^HTTP\/1\.1 408 /)
    assert.match(await speak(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${"a".repeat(3_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
    assert.match(await speak("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n12345678901"), /^HTTP\/1\.1 413 /)
    assert.match(
      await speak("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"),
      /^HTTP\/1\.1 413 /,
    )
  },
  { headersTimeoutMs: 200, maxHeaderBytes: 2_048, maxBodyBytes: 10 },
)

withWire(
  "gives up on a copy that does not answer, and says that the request may have been processed",
  () => {},
  async ({ under }) => {
    const answer = await ask(`${under.url}/`)
    assert.deepEqual([answer.status, (JSON.parse(answer.text) as { code: string }).code], [504, "copy-timed-out"])
  },
  { answerTimeoutMs: 150 },
)

withWire(
  "lets an idle connection, but not a slow one, go before the copy does, and does not reuse one that the copy has closed",
  (request, response) => void setTimeout(() => response.end("fine"), request.url === "/slow" ? 300 : 0),
  async ({ under, copy }) => {
    copy.keepAliveTimeout = 0
    const open = () =>
      new Promise<number>((resolve, reject) => copy.getConnections((error, count) => (error === null ? resolve(count) : reject(error))))
    await ask(`${under.url}/`)
    assert.equal(await open(), 1)
    await soon("the edge to let go", async () => (await open()) === 0)
    assert.equal((await ask(`${under.url}/slow`)).text, "fine")
    for (let i = 0; i < 20; i++) {
      assert.equal((await ask(`${under.url}/`, { method: "POST", body: "x" })).status, 200)
      copy.closeIdleConnections()
    }
  },
  { upstreamIdleMs: 100 },
)

withWire(
  "cuts off a client that takes nothing of its answer, but not one whose answer is slow in coming",
  (request, response) => {
    response.writeHead(200).flushHeaders()
    if (request.url === "/big") response.end(Buffer.alloc(64 * 1_048_576))
    else setTimeout(() => response.end("late"), 500)
  },
  async ({ under }) => {
    const { hostname, port } = new URL(under.url)
    const socket = connect(Number(port), hostname, () => socket.write("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"))
    const inFlight = async () => (await under.edge.observe(never)).versions["v1"]?.inFlight
    await soon("the request in flight", async () => (await inFlight()) === 1)
    await soon("the client to be cut off", async () => (await inFlight()) === 0)
    socket.destroy()
    assert.equal((await ask(`${under.url}/late`)).text, "late")
  },
  { stalledClientMs: 200, spoolBytes: 0 },
)

withWire(
  "asks for one request of a pipeline after the other, and gives back what was asked when the client has gone",
  (request, response) => {
    if (request.url === "/fast") response.end("fast")
  },
  async ({ under }) => {
    const { hostname, port } = new URL(under.url)
    const line = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    const socket = connect(Number(port), hostname, () => socket.write(line("/stuck") + line("/fast") + line("/stuck")))
    const inFlight = async () => (await under.edge.observe(never)).versions["v1"]?.inFlight
    await soon("the first in flight", async () => (await inFlight()) === 1)
    socket.destroy()
    await soon("none in flight", async () => (await inFlight()) === 0)
  },
)

withWire(
  "carries a large body whole, of a known length and in chunks, and its answer back",
  (request, response) => request.pipe(response),
  async ({ under }) => {
    const part = Buffer.alloc(1_048_576, "flowers ")
    for (const headers of [{ "content-length": String(24 * part.length) }, { "transfer-encoding": "chunked" }]) {
      const outgoing = request(under.url, { method: "POST", agent: false, headers })
      const [answered, hash] = [once(outgoing, "response"), createHash("sha256")]
      await Promise.all([
        pipeline(
          Array.from({ length: 24 }, () => part),
          outgoing,
        ),
        answered.then(([answer]: IncomingMessage[]) => pipeline(answer ?? [], hash)),
      ])
      assert.equal(
        hash.digest("hex"),
        createHash("sha256")
          .update(Buffer.concat(Array.from({ length: 24 }, () => part)))
          .digest("hex"),
      )
    }
  },
)

withWire(
  "passes on every byte of a short answer, and of its headers",
  (_request, response) => {
    response.setHeader("x-name", Buffer.from("ромашка").toString("latin1"))
    response.end(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))
  },
  async ({ speak }) => {
    const answer = await speak("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert.equal(Buffer.from(/x-name: (.*)\r\n/.exec(answer)?.[1] ?? "", "latin1").toString(), "ромашка")
    assert.deepEqual([...Buffer.from(answer.slice(-256), "latin1")], [...Array(256).keys()])
  },
)

const seen: string[] = []
withWire(
  "cuts off at the copy an upload whose client has gone, even where the copy has answered already",
  (request, response) => {
    seen.push(`got ${request.url}`)
    request.on("error", () => {}).resume()
    request.socket.once("close", () => seen.push(`cut ${request.url}`))
    if (request.url === "/answered") response.end("already known")
  },
  async ({ under, copy }) => {
    copy.keepAliveTimeout = 0
    const { hostname, port } = new URL(under.url)
    for (const path of ["/unanswered", "/answered"]) {
      const socket = connect(Number(port), hostname, () =>
        socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf`),
      )
      if (path === "/answered") await once(socket, "data")
      else await soon("the copy to have it", () => seen.includes(`got ${path}`))
      socket.destroy()
      await soon(`the copy to see ${path}`, () => seen.includes(`cut ${path}`))
      await soon("none in flight", async () => (await under.edge.observe(never)).versions["v1"]?.inFlight === 0)
    }
  },
)

withWire(
  "lets a client finish sending what a copy that has answered and gone does not want",
  (request, response) => {
    if (request.method === "GET") response.end("next")
    else response.writeHead(409, { "content-length": 0 }).end()
  },
  async ({ under, copy }) => {
    const { hostname, port } = new URL(under.url)
    const body = "a".repeat(8 * 1_048_576)
    const connected = once(copy, "connection") as Promise<[Socket]>
    const client = connect(Number(port), hostname, () =>
      client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`),
    )
    let heard = ""
    client.on("data", (chunk) => (heard += chunk.toString("latin1")))
    await soon("the answer", () => heard.startsWith("HTTP/1.1 409 "))
    const [socket] = await connected
    socket.destroy()
    client.write(`${body}GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    await once(client, "close")
    assert.match(heard, /HTTP\/1\.1 200 OK[^]*next$/)
  },
)

withWire(
  "tells of a failed answer that broke off while another version was asked",
  (request, response) => void response.writeHead(500, { "content-length": 10 }).write("half", () => request.socket.destroy()),
  async ({ under, copy }) => {
    const { port } = copy.address() as AddressInfo
    const broken = (once(copy, "connection") as Promise<[Socket]>).then(([socket]) => once(socket, "close"))
    // What the edge is told after it has seen to everything that came before.
    const other = createServer((request) => void broken.then(() => under.edge.observe(never)).then(() => request.socket.destroy()))
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    try {
      const versionAt = (copyPort: number) => ({
        release: "r",
        targets: { web: [{ copy: `web-${copyPort}`, host: "127.0.0.1", port: copyPort }] },
      })
      const versions = { v1: versionAt(port), v0: versionAt((other.address() as AddressInfo).port) }
      const routes = [{ prefix: "/", service: "web" }]
      await under.edge.apply({ generation: 2, current: "v1", routes, versions, rescue: { from: "v1", to: "v0" } }, never)
      const answer = await ask(`${under.url}/`)
      assert.deepEqual([answer.status, (JSON.parse(answer.text) as { code: string }).code], [502, "copy-broke-off"])
      assert.equal(answer.headers["x-conveyor-version"], "v1")
    } finally {
      other.close()
      other.closeAllConnections()
    }
  },
)

const held: (() => void)[] = []
withWire(
  "rescues a read that a version on probation fails after it was taken back",
  (_, response) => void held.push(() => response.writeHead(500).end("bad")),
  async ({ under, copy }) => {
    const { port } = copy.address() as AddressInfo
    const other = createServer((_, response) => response.end("good"))
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    try {
      const versionAt = (copyPort: number) => ({
        release: "r",
        targets: { web: [{ copy: `web-${copyPort}`, host: "127.0.0.1", port: copyPort }] },
      })
      const versions = { v1: versionAt(port), v0: versionAt((other.address() as AddressInfo).port) }
      const routes = [{ prefix: "/", service: "web" }]
      await under.edge.apply({ generation: 2, current: "v1", routes, versions, rescue: { from: "v1", to: "v0" } }, never)
      const answer = ask(`${under.url}/`)
      await soon("the request", () => held.length === 1)
      await under.edge.apply({ generation: 3, current: "v0", routes, versions }, never)
      held[0]?.()
      assert.deepEqual([(await answer).status, (await answer).text], [200, "good"])
    } finally {
      other.close()
      other.closeAllConnections()
    }
  },
)

withWire(
  "answers 502 for a copy that does not speak HTTP, asks it once, and says why in the log",
  (request) => request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  async ({ under }) => {
    const answer = await ask(`${under.url}/`)
    assert.deepEqual([answer.status, (JSON.parse(answer.text) as { code: string }).code], [502, "copy-broke-off"])
    assert.match(await under.readLog(), /transfer coding is not chunked alone/)
    assert.equal((await under.edge.observe(never)).versions["v1"]?.counters.unreachable, 1)
  },
)

function speak({ hostname, port }: URL, bytes: string, ends?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ""
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no end was seen in: ${heard}`)))
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1")
      if (ends?.test(heard)) socket.end()
    })
    socket.once("error", reject)
    socket.once("close", () => resolve(heard))
  })
}
