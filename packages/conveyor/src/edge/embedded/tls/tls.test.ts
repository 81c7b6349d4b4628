// TLS at a real edge, whose clients are Node's and bare sockets.
import assert from "node:assert/strict"
import { once } from "node:events"
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { Agent, request } from "node:https"
import type { IncomingHttpHeaders, RequestOptions } from "node:http"
import { connect as connectPlainly } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { connect } from "node:tls"
import type { ConnectionOptions, PeerCertificate, TLSSocket } from "node:tls"
import { WebSocket } from "ws"
import { systemClock } from "../../../kernel/time/clock.ts"
import { silentLogger } from "../../../kernel/logger.ts"
import { ask, textOf } from "../../contract/client.ts"
import { startCopy } from "../../contract/copies.ts"
import type { TestCopy } from "../../contract/copies.ts"
import { tableOf } from "../../contract/tables.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import { startLoad } from "../process/steady-load.ts"
import { makeCertificate } from "./made-certificates.ts"
import { Certificates } from "./certificates.ts"
import { KeptCertificates } from "./kept-certificates.ts"
import { tlsOn } from "./tls-settings.ts"
import type { CertificateFiles } from "./tls-settings.ts"

const never = new AbortController().signal
let directory = ""
let shop: CertificateFiles
let wild: CertificateFiles
let under: EmbeddedEdgeUnderTest
let copy: TestCopy

const tlsOf = (certificates: readonly CertificateFiles[]) => tlsOn.parse({ certificates, lookEveryMs: 50, hstsSeconds: 600 })

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "conveyor-tls-"))
  shop = await makeCertificate(directory, "shop", ["shop.test"])
  wild = await makeCertificate(directory, "wild", ["*.trade.test", "trade.test"])
  copy = await startCopy("v1")
  under = await embeddedEdge({ tls: tlsOf([shop, wild]), idleGraceMs: 100 })
  await under.edge.apply(tableOf({ generation: 1, current: "v1", copies: [copy] }), never)
})

after(async () => {
  copy.kill()
  await under.close()
  await rm(directory, { recursive: true, force: true })
})

const port = () => under.running.secure?.port ?? 0
const secureUrl = () => `https://127.0.0.1:${port()}`

interface Answered {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

function askSecurely(path: string, options: RequestOptions = {}, body = ""): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const where = { host: "127.0.0.1", port: port(), servername: "shop.test", rejectUnauthorized: false, agent: false, path, ...options }
    const outgoing = request(where, (answer) => {
      textOf(answer).then((text) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }), reject)
    })
    outgoing.once("error", reject)
    outgoing.end(body)
  })
}

async function shownTo(servername: string | undefined, options: ConnectionOptions = {}): Promise<PeerCertificate> {
  const name = servername === undefined ? {} : { servername }
  const socket = connect({ host: "127.0.0.1", port: port(), rejectUnauthorized: false, ...name, ...options })
  try {
    await once(socket, "secureConnect")
    return socket.getPeerCertificate()
  } finally {
    socket.destroy()
  }
}

const isShown = async (servername: string | undefined) => (await shownTo(servername)).subject.CN

test("each client is shown the certificate of the host that it names, and the first one where none is for it", async () => {
  assert.equal(await isShown("shop.test"), "shop")
  assert.equal(await isShown("SHOP.test"), "shop")
  assert.equal(await isShown("north.trade.test"), "wild")
  assert.equal(await isShown("trade.test"), "wild")
  assert.equal(await isShown("a.b.trade.test"), "shop")
  assert.equal(await isShown("elsewhere.test"), "shop")
  assert.equal(await isShown(undefined), "shop")
})

test("a copy is told that its client came by TLS, whatever the client says of itself", async () => {
  const { text } = await askSecurely("/headers", { headers: { host: "shop.test", "x-forwarded-proto": "http" } })
  const { headers } = JSON.parse(text) as { headers: Record<string, string> }
  assert.equal(headers["x-forwarded-proto"], "https")
  assert.equal(headers["x-forwarded-port"], "443")
  assert.match(headers["forwarded"] ?? "", /proto=https;host="shop.test"/)
})

test("a kept connection, a body of some megabytes and a WebSocket pass through TLS as they pass without it", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (let i = 0; i < 3; i++) assert.equal((await askSecurely("/x", { agent })).text, "v1 GET /x ")
    const body = "x".repeat(3 * 1_048_576)
    assert.equal((await askSecurely("/x", { agent, method: "POST" }, body)).text.length, body.length + "v1 POST /x ".length)
    assert.equal((await askSecurely("/big", { agent })).text.length, 64 * 1_048_576)
  } finally {
    agent.destroy()
  }
  const socket = new WebSocket(`wss://127.0.0.1:${port()}/socket`, { rejectUnauthorized: false })
  const [hello] = (await once(socket, "message")) as [Buffer]
  assert.equal(hello.toString(), "hello from v1")
  socket.terminate()
})

test("who comes plainly to a host of a certificate is sent to https; by any other name one is served", async () => {
  const plainly = (host: string, method = "GET") => ask(`${under.url}/a?b=1`, { method, headers: { host } })
  const sent = await plainly("shop.test:80")
  assert.deepEqual([sent.status, sent.headers.location], [301, `https://shop.test:${port()}/a?b=1`])
  assert.equal((await plainly("north.trade.test", "POST")).status, 308)
  assert.equal((await plainly("127.0.0.1")).text, "v1 GET /a?b=1 ")
  assert.equal((await plainly("127.0.0.1")).headers["strict-transport-security"], undefined)
  assert.equal((await askSecurely("/a")).headers["strict-transport-security"], "max-age=600")
})

test("what is no TLS is let go of, and says nothing of anybody", async () => {
  const socket = connectPlainly(port(), "127.0.0.1").resume()
  socket.write("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
  await once(socket, "close")
  await assert.rejects(shownTo("shop.test", { maxVersion: "TLSv1.1", minVersion: "TLSv1" }))
  assert.equal(await isShown("shop.test"), "shop")
})

test("a new certificate is in use within moments, and the connections that are there go on", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let kept: TLSSocket | undefined
  agent.on("free", (socket: TLSSocket) => (kept = socket))
  await askSecurely("/x", { agent })
  const newer = await makeCertificate(directory, "newer", ["shop.test"])
  await copyFile(newer.key, shop.key)
  await copyFile(newer.certificate, shop.certificate)
  await soon("the new certificate", async () => (await isShown("shop.test")) === "newer")
  const before = kept
  assert.equal((await askSecurely("/x", { agent })).status, 200)
  assert.equal(kept, before)
  assert.equal(await isShown(undefined), "newer")
  agent.destroy()
})

test("a new file that is no good changes nothing but what is told, not even over the edge's death", async () => {
  await writeFile(shop.certificate, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
  await soon("the complaint", async () => /a new certificate is no good/.test(await under.readLog()))
  assert.equal(await isShown("shop.test"), "newer")
  const [told, other] = await under.member.certificates("read-anew", never)
  assert.deepEqual([told?.hosts, told?.source], [["shop.test"], shop.certificate])
  assert.match(told?.problem ?? "", /cannot be used/)
  assert.ok((told?.notAfter ?? 0) > Date.now() && other?.problem === undefined)
  await under.end("SIGKILL")
  await under.restart()
  assert.equal(await isShown("shop.test"), "newer")
  assert.match(await under.readLog(), /the one of before is used/)
  const another = await makeCertificate(directory, "another", ["shop.test"])
  await copyFile(another.certificate, shop.certificate)
  await copyFile(another.key, shop.key)
  await soon("the next good one", async () => (await isShown("shop.test")) === "another")
})

test("guard and worker are renewed under clients of TLS without one of their requests lost", async () => {
  const load = startLoad(secureUrl())
  await load.answers(100)
  await under.renew()
  await load.answers(200)
  await load.stop()
  assert.deepEqual(load.failed, [])
})

test("an edge does not begin with a certificate that is none, one without its key, or one for nobody, and says which", async () => {
  const nobody = await makeCertificate(directory, "nobody", [])
  const wrong = [
    [{ certificate: join(directory, "none.pem"), key: shop.key }, /none\.pem cannot be used: ENOENT/],
    [{ certificate: wild.certificate, key: nobody.key }, /nobody\.key cannot be used: it is not the key of/],
    [{ certificate: wild.key, key: wild.key }, /wild\.key cannot be used: it is not a certificate in PEM/],
    [nobody, /nobody\.pem cannot be used: it names no host/],
  ] as const
  const kept = new KeptCertificates(join(directory, "kept"))
  for (const [files, message] of wrong) {
    const opened = Certificates.open({ settings: { ...tlsOf([files]) }, kept, clock: systemClock, log: silentLogger })
    await assert.rejects(opened, { code: "bad-certificate", message })
  }
  await assert.rejects(embeddedEdge({ tls: tlsOf([nobody]) }), { code: "bad-certificate", message: /names no host/ })
})
