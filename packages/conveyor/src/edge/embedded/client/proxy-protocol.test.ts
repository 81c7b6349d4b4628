import assert from "node:assert/strict"
import { connect } from "node:net"
import { test } from "node:test"
import fc from "fast-check"
import { startCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import { readProxyHeader } from "./proxy-protocol.ts"

const never = new AbortController().signal
const signature = "0d0a0d0a000d0a515549540a"
const ipv4 = Buffer.from(`${signature}2111000ccb007107c0a8000104d201bb`, "hex")
const ipv6WithTls = Buffer.from(`${signature}2121002c20010db8000000000000000000000001${"0".repeat(32)}04d201bb2000050100000000`, "hex")
const local = Buffer.from(`${signature}20000000`, "hex")

const headers: [name: string, bytes: Buffer, address: string | undefined, isEncrypted: boolean][] = [
  ["version 1, IPv4", Buffer.from("PROXY TCP4 203.0.113.7 192.168.0.1 1234 80\r\n"), "203.0.113.7", false],
  ["version 1, IPv6, to 443", Buffer.from("PROXY TCP6 2001:db8::1 2001:db8::2 1234 443\r\n"), "2001:db8::1", true],
  ["version 1, unknown", Buffer.from("PROXY UNKNOWN\r\n"), undefined, false],
  ["version 2, IPv4", ipv4, "203.0.113.7", false],
  ["version 2, IPv6, by TLS", ipv6WithTls, "2001:db8::1", true],
  ["version 2, the proxy itself", local, undefined, false],
]

for (const [name, bytes, address, isEncrypted] of headers) {
  test(`a header of ${name} is read, however it is cut, and leaves what follows`, () => {
    for (let cut = 0; cut < bytes.length; cut++) assert.equal(readProxyHeader(bytes.subarray(0, cut)).kind, "more", `${cut}`)
    const reading = readProxyHeader(Buffer.concat([bytes, Buffer.from("GET / HTTP/1.1\r\n")]))
    assert.ok("length" in reading)
    assert.equal(reading.length, bytes.length)
    assert.deepEqual(reading.peer, address === undefined ? undefined : { address, isEncrypted })
  })
}

test("what is no header is never waited for, nor read as one", () => {
  for (const wrong of [
    "GET / HTTP/1.1\r\n",
    "PROXY TCP4 nobody 1.1.1.1 1 2\r\n",
    "PROXY TCP4 2001:db8::1 1.1.1.1 1 2\r\n",
    `PROXY ${"x".repeat(200)}`,
  ]) {
    assert.equal(readProxyHeader(Buffer.from(wrong)).kind, "malformed", wrong)
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 200, maxLength: 4_000 }), (bytes) => {
      const reading = readProxyHeader(Buffer.concat([Buffer.from(signature, "hex"), bytes]))
      assert.ok(reading.kind !== "client" || reading.length <= bytes.length + 12)
    }),
  )
})

test("a trusted balancer's word is the client's address; who is not trusted is known by its own", async () => {
  const told = async (trustedProxies: string[], bytes: string) => {
    const under = await embeddedEdge({ trustedProxies, proxyProtocol: true })
    try {
      await using v1 = await startCopy("v1")
      await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
      return await new Promise<string>((resolve) => {
        const socket = connect(Number(new URL(under.url).port), "127.0.0.1")
        let heard = ""
        socket.on("data", (chunk) => (heard += chunk.toString("latin1")))
        socket.on("error", () => {}).on("close", () => resolve(heard))
        socket.write(`${bytes}GET /headers HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n`)
      })
    } finally {
      await under.close()
    }
  }
  const line = "PROXY TCP4 203.0.113.7 192.168.0.1 1234 443\r\n"
  const believed = await told(["127.0.0.1"], line)
  assert.match(believed, /"x-forwarded-for":"203.0.113.7"/)
  assert.match(believed, /"x-forwarded-proto":"https"/)
  assert.equal(await told(["127.0.0.1"], ""), "")
  assert.match(await told([], ""), /"x-forwarded-for":"127.0.0.1"/)
  assert.match(await told([], line), /^HTTP\/1.1 400 /)
})
