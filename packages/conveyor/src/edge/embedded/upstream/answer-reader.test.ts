import assert from "node:assert/strict"
import { once } from "node:events"
import { get } from "node:http"
import type { IncomingMessage } from "node:http"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import fc from "fast-check"
import { Malformed } from "../http1/fields.ts"
import type { AnswerHead } from "./answer-head.ts"
import { AnswerReader } from "./answer-reader.ts"

interface Heard {
  interim: number[]
  head: AnswerHead | undefined
  body: string
  trailers: readonly string[] | undefined
  /** What came behind the end. */
  rest: string
}

/** Reads the parts one after the other, and the end of the connection where it is to be heard too. */
function read(parts: readonly string[], method = "GET", end: "stays-open" | "closes" = "stays-open"): Heard {
  const heard: Heard = { interim: [], head: undefined, body: "", trailers: undefined, rest: "" }
  const listener = {
    interim: ({ status }: AnswerHead) => void heard.interim.push(status),
    head: (head: AnswerHead) => void (heard.head = head),
    data: (chunk: Buffer) => void (heard.body += chunk.toString("latin1")),
    end: (rawTrailers: string[]) => void (heard.trailers = rawTrailers),
  }
  const reader = new AnswerReader(listener, 1_024)
  reader.begin(method)
  for (const part of parts) {
    if (reader.isDone) heard.rest += part
    else heard.rest += reader.read(Buffer.from(part, "latin1")).toString("latin1")
  }
  if (end === "closes") reader.finish()
  return heard
}

const lines = (...each: string[]) => `${each.join("\r\n")}\r\n\r\n`

test("an answer ends where its length, its last chunk or its status says", () => {
  const ofLength = read([`${lines("HTTP/1.1 200 OK", "Content-Length: 5")}12345next`])
  assert.deepEqual([ofLength.body, ofLength.trailers, ofLength.rest], ["12345", [], "next"])
  const inChunks = read([
    `${lines("HTTP/1.1 200 OK", "transfer-encoding: Chunked")}3;why=not\r\nabc\r\n0A\r\n0123456789\r\n0\r\nx-sum:  7 \r\n\r\nnext`,
  ])
  assert.deepEqual([inChunks.body, inChunks.trailers, inChunks.rest], ["abc0123456789", ["x-sum", "7"], "next"])
  for (const [status, method] of [
    ["304 Not Modified", "GET"],
    ["204 No Content", "GET"],
    ["200 OK", "HEAD"],
  ] as const) {
    const empty = read([`${lines(`HTTP/1.1 ${status}`, "Content-Length: 5")}next`], method)
    assert.deepEqual([empty.body, empty.trailers, empty.rest], ["", [], "next"], status)
  }
  const toTheEnd = read([`${lines("HTTP/1.1 200 OK")}all`, " of it"], "GET", "closes")
  assert.deepEqual([toTheEnd.body, toTheEnd.trailers, toTheEnd.head?.framing], ["all of it", [], { kind: "to-close" }])
})

test("heads before the answer are told apart from it, asked for or not", () => {
  const parts = [lines("HTTP/1.1 100 Continue"), lines("HTTP/1.1 103 Early Hints", "link: </a.css>"), lines("HTTP/1.1 204 No Content")]
  const heard = read([parts.join("")])
  assert.deepEqual([heard.interim, heard.head?.status, heard.trailers], [[100, 103], 204, []])
})

test("what follows a switch of protocols is not read as HTTP", () => {
  const heard = read([`${lines("HTTP/1.1 101 Switching Protocols", "upgrade: websocket")}\x81\x05hello`])
  assert.deepEqual([heard.head?.status, heard.rest], [101, "\x81\x05hello"])
})

test("how long the copy keeps the connection is what it says, and nothing where the end of the answer is in doubt", () => {
  const keeps = (...headers: string[]) => read([lines("HTTP/1.1 204 No Content", ...headers)]).head?.keepsMs
  assert.equal(keeps(), Infinity)
  assert.equal(keeps("Connection: keep-alive", "Keep-Alive: timeout=5, max=100"), 5_000)
  assert.equal(keeps("Keep-Alive: max=100,timeout=72"), 72_000)
  assert.equal(keeps("Connection: close"), 0)
  assert.equal(keeps("Connection: x-other", "Connection: Close"), 0)
  assert.equal(keeps("Content-Length: 5"), 0)
  assert.equal(keeps("Transfer-Encoding: chunked"), 0)
  assert.equal(read([lines("HTTP/1.0 200 OK", "Content-Length: 0")]).head?.keepsMs, 0)
})

test("an answer that could be framed in two ways, or not at all, is refused", () => {
  const head = (...headers: string[]) => lines("HTTP/1.1 200 OK", ...headers)
  const chunked = head("Transfer-Encoding: chunked")
  const wrong = {
    "two lengths": head("Content-Length: 5", "Content-Length: 6"),
    "one length twice": head("Content-Length: 5", "Content-Length: 5"),
    "a list of lengths": head("Content-Length: 5, 5"),
    "a signed length": head("Content-Length: +5"),
    "a length of sixteen digits": head("Content-Length: 1000000000000000"),
    "a length and chunks": head("Content-Length: 5", "Transfer-Encoding: chunked"),
    "another coding": head("Transfer-Encoding: gzip, chunked"),
    "codings in two headers": head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "chunks in HTTP/1.0": lines("HTTP/1.0 200 OK", "Transfer-Encoding: chunked"),
    "a space before the colon": head("Content-Length : 5"),
    "a folded header": head("X-Long: a", " b"),
    "a header without a name": head(": x"),
    "a header without a colon": head("nonsense"),
    "a lone line feed": "HTTP/1.1 200 OK\nContent-Length: 0\n\n\r\n\r\n",
    "a carriage return in a value": head("X: a\rb"),
    "a zero byte in a value": head("X: a\0b"),
    "another protocol": lines("HTTP/2 200 OK"),
    "a status of two digits": lines("HTTP/1.1 20 OK"),
    "no status line": lines("200 OK"),
    "an empty line first": `\r\n${head("Content-Length: 0")}`,
    "a head without end": `HTTP/1.1 200 OK\r\nX: ${"a".repeat(1_100)}`,
    "a chunk without a size": `${chunked}\r\n`,
    "a chunk of a negative size": `${chunked}-1\r\n`,
    "a chunk size with a prefix": `${chunked}0x5\r\n`,
    "a chunk longer than it says": `${chunked}3\r\nabcd\r\n`,
    "a chunk size without end": `${chunked}5;${"a".repeat(1_100)}`,
    "a size that no number holds": `${chunked}fffffffffffff\r\n`,
    "a malformed trailer": `${chunked}0\r\nno colon\r\n\r\n`,
  }
  for (const [what, bytes] of Object.entries(wrong)) assert.throws(() => read([bytes]), Malformed, what)
})

test("an answer that stops before its end is not whole", () => {
  const beginnings = [
    "",
    "HTTP/1.1 2",
    `${lines("HTTP/1.1 200 OK", "Content-Length: 5")}1234`,
    `${lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")}0\r\n`,
  ]
  for (const bytes of beginnings) assert.throws(() => read([bytes], "GET", "closes"), Malformed, bytes)
})

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,8}$/).map((name) => `X-${name}`)
const value = fc.stringMatching(/^[!-~¡-ÿ]([ -~¡-ÿ]{0,10}[!-~¡-ÿ])?$/)
const fields = fc.array(fc.tuple(token, value), { maxLength: 4 })
const bodyParts = fc.array(
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => text.replaceAll(/[^\0-\xff]/g, "?")),
  { maxLength: 5 },
)
const written = fc.record({
  status: fc.constantFrom("200 OK", "201 ", "404 Not Found", "500 A\tB"),
  headers: fields,
  framing: fc.constantFrom("length" as const, "chunked" as const),
  parts: bodyParts,
  trailers: fields,
  hints: fc.boolean(),
})
type Written = typeof written extends fc.Arbitrary<infer T> ? T : never

function wireFormOf({ status, headers, framing, parts, trailers, hints }: Written): string {
  const flat = (all: readonly (readonly [string, string])[]) => all.map(([name, text]) => `${name}: ${text}\r\n`).join("")
  const body = parts.join("")
  const before = hints ? "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" : ""
  if (framing === "length") return `${before}HTTP/1.1 ${status}\r\n${flat(headers)}Content-Length: ${body.length}\r\n\r\n${body}`
  const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")
  return `${before}HTTP/1.1 ${status}\r\n${flat(headers)}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n${flat(trailers)}\r\n`
}

test("however an answer is cut into pieces, it is read as the same", () => {
  fc.assert(
    fc.property(written, fc.array(fc.nat(), { maxLength: 12 }), (answer, cuts) => {
      const wire = `${wireFormOf(answer)}rest`
      const places = [0, ...cuts.map((cut) => cut % wire.length).toSorted((a, b) => a - b), wire.length]
      const pieces = places.slice(1).map((place, i) => wire.slice(places[i], place))
      assert.deepEqual(read(pieces), read([wire]))
      assert.deepEqual(read(wire.split("")), read([wire]))
    }),
    { numRuns: 300 },
  )
})

test("it reads what Node's own client reads", async () => {
  let wire = ""
  const server = createServer((socket) => {
    socket.on("error", () => {})
    socket.once("data", () => socket.end(wire, "latin1"))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  try {
    await fc.assert(
      fc.asyncProperty(written, async (answer) => {
        wire = wireFormOf(answer)
        const [theirs] = (await once(get({ port, host: "127.0.0.1", agent: false }), "response")) as [IncomingMessage]
        theirs.setEncoding("latin1")
        const body = await latin1Of(theirs)
        const own = read([wire])
        assert.deepEqual(
          [own.head?.status, own.head?.statusText, own.head?.rawHeaders, own.body, own.trailers, own.rest],
          [theirs.statusCode, theirs.statusMessage, theirs.rawHeaders, body, theirs.rawTrailers, ""],
        )
      }),
      { numRuns: 150 },
    )
  } finally {
    server.close()
  }
})

async function latin1Of(message: IncomingMessage): Promise<string> {
  let text = ""
  for await (const part of message as AsyncIterable<string>) text += part
  return text
}
