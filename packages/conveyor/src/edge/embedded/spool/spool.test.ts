// Answers whose clients read slowly: the copy is free as soon as it has given all, and every byte arrives nevertheless.
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { readdir } from "node:fs/promises"
import { createServer } from "node:http"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { test } from "node:test"
import { ask } from "../../contract/client.ts"
import { soon } from "../../contract/traffic.ts"
import { embeddedEdge } from "../embedded-edge.ts"
import type { EmbeddedEdgeUnderTest } from "../embedded-edge.ts"
import type { EdgeSettings } from "../settings.ts"
import { slowClient } from "../slow-clients.ts"

const never = new AbortController().signal
const megabyte = 1_048_576
const body = Buffer.from(Uint32Array.from({ length: (48 * megabyte) / 4 }, (_, i) => i * 2_654_435_761).buffer)
const routes = [{ prefix: "/", service: "web" }]
const get = "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

function withDownload(
  promise: string,
  settings: Partial<EdgeSettings>,
  check: (under: EmbeddedEdgeUnderTest, copy: Server) => Promise<void>,
) {
  test(`embedded edge: ${promise}`, async () => {
    const copy = createServer((request, response) => {
      if (request.url !== "/big") return response.end("small")
      response.writeHead(200, { "content-length": body.length })
      return response.end(body)
    })
    await new Promise<void>((resolve) => copy.listen(0, "127.0.0.1", resolve))
    const under = await embeddedEdge({ spoolAfterMs: 50, ...settings })
    try {
      const { port } = copy.address() as AddressInfo
      const versions = { v1: { release: "r", targets: { web: [{ copy: "web-1", host: "127.0.0.1", port }] } } }
      await under.edge.apply({ generation: 1, current: "v1", routes, versions }, never)
      await check(under, copy)
    } finally {
      await under.close()
      copy.close()
      copy.closeAllConnections()
    }
  })
}

const inFlight = async ({ edge }: EmbeddedEdgeUnderTest) => (await edge.observe(never)).versions["v1"]?.inFlight
const hashOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")
const bodyOf = (answer: Buffer) => answer.subarray(answer.indexOf("\r\n\r\n") + 4)

withDownload("a slow reader holds neither a copy nor the end of its version, and gets its answer whole", {}, async (under, copy) => {
  const reader = slowClient(under.url, get, { reads: "when told" })
  await soon("the request in flight", async () => (await inFlight(under)) === 1)
  await soon("nothing in flight, though nothing was read", async () => (await inFlight(under)) === 0)
  assert.deepEqual(await readdir(join(under.stateDirectory, "spool")), [], "what is on disk has no name")
  await under.edge.apply({ generation: 2, current: "v2", routes, versions: { v2: { release: "r", targets: {} } } }, never)
  copy.closeAllConnections()
  reader.read()
  await soon("the whole answer", () => reader.isClosed())
  assert.equal(hashOf(bodyOf(reader.heard())), hashOf(body))
})

withDownload("the edge ends only when what waits on its disk has been read", {}, async (under) => {
  const reader = slowClient(under.url, get, { reads: "when told" })
  await soon("the request in flight", async () => (await inFlight(under)) === 1)
  await soon("nothing in flight, though nothing was read", async () => (await inFlight(under)) === 0)
  const renewed = under.renew()
  reader.read()
  await soon("the whole answer", () => reader.isClosed())
  assert.equal(hashOf(bodyOf(reader.heard())), hashOf(body))
  await renewed
})

withDownload(
  "where the room for slow readers is gone, the copy waits for them, and nothing is lost",
  { spoolBytes: megabyte },
  async (under) => {
    const readers = [1, 2].map(() => slowClient(under.url, get, { reads: "when told" }))
    await soon("both in flight", async () => (await inFlight(under)) === 2)
    for (let i = 0; i < 20; i++) assert.equal((await ask(`${under.url}/small`)).text, "small")
    assert.equal(await inFlight(under), 2)
    for (const reader of readers) reader.read()
    await soon("both whole", () => readers.every((reader) => reader.isClosed()))
    for (const reader of readers) assert.equal(hashOf(bodyOf(reader.heard())), hashOf(body))
  },
)
