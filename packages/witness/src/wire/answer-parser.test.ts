import assert from "node:assert/strict"
import { describe, test } from "node:test"
import fc from "fast-check"
import { AnswerParser, MalformedAnswer } from "./answer-parser.ts"

describe("an answer read from the wire", () => {
  test("is the same however the network cuts it", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.array(fc.nat(400), { maxLength: 12 }),
        fc.boolean(),
        (body, cuts, chunked) => {
          const bytes = chunked ? chunkedAnswer(body) : countedAnswer(body)
          const whole = read([bytes])
          const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
          const pieces = places.slice(1).map((end, n) => bytes.subarray(places[n], end))
          assert.deepEqual(read(pieces), whole)
          assert.deepEqual(whole.body, Buffer.from(body))
          assert.equal(whole.done, true)
        },
      ),
    )
  })

  test("is never whole while a byte is missing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(1_000), fc.boolean(), (body, cut, chunked) => {
        const bytes = chunked ? chunkedAnswer(body) : countedAnswer(body)
        const { done } = read([bytes.subarray(0, cut % bytes.length)])
        assert.equal(done, false)
      }),
    )
  })

  test("has no body where its status or its request forbids one", () => {
    assert.equal(read([text("HTTP/1.1 204 No Content\r\n\r\n")]).done, true)
    assert.equal(read([text("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n")]).done, true)
    assert.equal(read([text("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")], "HEAD").done, true)
  })

  test("comes after early hints", () => {
    const { status, body } = read([text("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")])
    assert.deepEqual([status, body.toString()], [200, "ok"])
  })

  test("without a length ends where the connection ends, which is then used up", () => {
    const parser = parserOf("GET")
    parser.push(text("HTTP/1.1 200 OK\r\n\r\nsome"))
    assert.equal(parser.done, false)
    assert.equal(parser.end(), true)
    assert.equal(parser.reusable, false)
  })

  test("leaves the connection for the next request only where both sides keep it and nothing follows", () => {
    const reusable = (bytes: string) => {
      const parser = parserOf("GET")
      parser.push(text(bytes))
      return parser.reusable
    }
    assert.equal(reusable("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), true)
    assert.equal(reusable("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"), false)
    assert.equal(reusable("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"), false)
    assert.equal(reusable("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\n"), false)
  })

  for (const [what, bytes] of [
    ["a status line that is none", "HTTP/2 200\r\n\r\n"],
    ["something else than HTTP", "SSH-2.0-OpenSSH\r\n"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\ncontent-length: 3, 4\r\n\r\n"],
    ["a chunk size that is no number", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"],
    ["a chunk longer than its size", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n"],
    ["a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n"],
  ] as const) {
    test(`is malformed with ${what}`, () => assert.throws(() => read([text(bytes)]), MalformedAnswer))
  }
})

function read(pieces: readonly Uint8Array[], method = "GET") {
  let status = 0
  const chunks: Buffer[] = []
  const parser = new AnswerParser(method, { head: (head) => (status = head.status), body: (chunk) => chunks.push(chunk) })
  for (const piece of pieces) parser.push(Buffer.from(piece))
  return { status, body: Buffer.concat(chunks), done: parser.done }
}

const parserOf = (method: string) => new AnswerParser(method, { head: () => {}, body: () => {} })
const text = (bytes: string) => Buffer.from(bytes, "latin1")

function countedAnswer(body: Uint8Array): Buffer {
  return Buffer.concat([text(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nx-a: b\r\n\r\n`), body])
}

function chunkedAnswer(body: Uint8Array): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += 37) {
    const chunk = body.subarray(at, at + 37)
    chunks.push(text(`${chunk.length.toString(16)};ext=1\r\n`), Buffer.from(chunk), text("\r\n"))
  }
  return Buffer.concat([text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"), ...chunks, text("0\r\nx-trailer: 1\r\n\r\n")])
}
