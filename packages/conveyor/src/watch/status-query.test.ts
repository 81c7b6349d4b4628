import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { queryStatus } from "./status-query.ts"

async function answering(status: number, body: string, ask: (address: { host: string; port: number }) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status).end(body))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    await ask({ host: "127.0.0.1", port: (server.address() as AddressInfo).port })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

const question = { path: "/api/v1/status", client: "7", release: "r-2", signal: new AbortController().signal }

test("a copy is well that answers 200 or 201 with the id of its release", async () => {
  for (const status of [200, 201]) {
    await answering(status, '{"release":"r-2","shard":"up"}', async (address) => {
      assert.deepEqual(await queryStatus({ ...question, address }), { release: "r-2", shard: "up" })
    })
  }
})

for (const [what, status, body, reason] of [
  ["another release's id", 200, '{"release":"r-1"}', /answered for release "r-1"/],
  ["no id", 200, '{"ok":true}', /not JSON with the release's id/],
  ["no JSON", 200, "fine, thanks", /not JSON/],
  ["a server error", 503, '{"release":"r-2"}', /answered 503/],
  ["another success", 204, "", /answered 204/],
] as const) {
  test(`a copy is not well that answers with ${what}`, async () => {
    await answering(status, body, (address) => assert.rejects(queryStatus({ ...question, address }), reason))
  })
}

test("a copy is not well that nobody answers for", async () => {
  let free = { host: "127.0.0.1", port: 0 }
  await answering(200, "", async (address) => void (free = address))
  await assert.rejects(queryStatus({ ...question, address: free }), /ECONNREFUSED/)
})
