// Requests that two readers could understand differently, sent byte by byte: what the copy is asked, and what it is not.
import assert from "node:assert/strict"
import { createServer } from "node:net"
import type { AddressInfo, Server } from "node:net"
import { connect } from "node:net"
import { test } from "node:test"
import { embeddedEdge } from "../embedded-edge.ts"

const never = new AbortController().signal

interface Between {
  /** Sends the bytes, and gives all that came back until the edge was silent or closed. */
  send: (bytes: string) => Promise<string>
  /** All that reached the copy, on any connection. */
  reached: () => string
}

/** An edge before a copy that answers each head it sees with the bytes given, and writes down all that it hears. */
function between(promise: string, answer: string, body: (between: Between) => Promise<void>): void {
  test(`embedded edge: ${promise}`, async () => {
    let heard = ""
    const copy = createServer((socket) => {
      let before = 0
      socket
        .on("error", () => {})
        .on("data", (bytes) => {
          heard += bytes.toString("latin1")
          const heads = heard.split("\r\n\r\n").length - 1
          if (heads > before) socket.write(answer, "latin1")
          before = heads
        })
    })
    await new Promise<void>((resolve) => copy.listen(0, "127.0.0.1", resolve))
    const under = await embeddedEdge({ answerTimeoutMs: 5_000 })
    try {
      const versions = { v1: { release: "r", targets: { web: [{ copy: "web-1", host: "127.0.0.1", port: portOf(copy) }] } } }
      await under.edge.apply({ generation: 1, current: "v1", routes: [{ prefix: "/", service: "web" }], versions }, never)
      await body({ send: (bytes) => send(new URL(under.url), bytes), reached: () => heard })
    } finally {
      await under.close()
      copy.close()
    }
  })
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

function send({ hostname, port }: URL, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = ""
    const socket = connect(Number(port), hostname, () => socket.write(bytes, "latin1"))
    socket.setTimeout(400, () => socket.destroy())
    socket.on("error", () => {}).on("data", (chunk) => (heard += chunk.toString("latin1")))
    socket.once("close", () => resolve(heard))
  })
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
const inner = "GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"

for (const named of ["content-length", "close, Content-Length", "content-length, transfer-encoding, host, trailer"]) {
  between(
    `keeps a body's length whatever "Connection: ${named}" says, so that a body never becomes a request`,
    ok,
    async ({ send, reached }) => {
      const head = `POST /a HTTP/1.1\r\nHost: shop\r\nConnection: ${named}\r\nContent-Length: ${inner.length}\r\n\r\n`
      assert.match(await send(head + inner), /^HTTP\/1\.1 200 /)
      assert.match(
        reached(),
        new RegExp(`^POST /a HTTP/1\\.1\\r\\n(?:.*\\r\\n)*content-length: ${inner.length}\\r\\n(?:.*\\r\\n)*\\r\\nGET /inner`, "i"),
      )
      assert.match(reached(), /^Host: shop\r$/m)
    },
  )
}

const refused = {
  "two Hosts that differ": ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"],
  "a Host said twice": ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"],
  "a Host with a path": ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"],
  "a Host with a space": ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"],
  "another coding before chunked": ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"],
  "a coding that only looks like chunked": ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"],
  "chunks from an HTTP/1.0 client": ["POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"],
  "another version of HTTP": ["GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"],
  "CONNECT, and what is sent behind it": [`CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n${inner}`, "405"],
} as const

for (const [what, [bytes, status]] of Object.entries(refused)) {
  between(`refuses ${what} before a copy hears of it`, ok, async ({ send, reached }) => {
    assert.match(await send(bytes), new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.equal(reached(), "")
  })
}

between("takes the host from a target in absolute form", ok, async ({ send, reached }) => {
  await send("GET http://evil.test/g HTTP/1.1\r\nHost: shop\r\n\r\n")
  assert.match(reached(), /^GET \/g HTTP\/1\.1\r\nHost: evil\.test\r\n/)
  assert.doesNotMatch(reached(), /shop/)
})

between("carries an upgrade that brings a body as the plain request that it also is", ok, async ({ send, reached }) => {
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
  assert.match(await send(`POST /ws HTTP/1.1\r\nHost: a\r\n${upgrade}Content-Length: 4\r\n\r\nbody`), /^HTTP\/1\.1 200 /)
  assert.doesNotMatch(reached(), /upgrade: websocket/i)
  assert.match(reached(), /\r\n\r\nbody$/)
})

between("says at once that a copy's answer with lone line feeds is none", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", async ({ send }) => {
  assert.match(await send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), /^HTTP\/1\.1 502 /)
})

const trailing = "HTTP/1.1 200 OK\r\nTrailer: x-sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n"
between("gives a client of HTTP/1.0 the body without its trailers", trailing, async ({ send }) => {
  assert.match(await send("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), /^HTTP\/1\.1 200 (?!.*trailer)[^]*\r\n\r\nok$/i)
})
