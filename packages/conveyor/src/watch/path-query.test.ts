import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "node:test"
import { systemClock } from "../kernel/time/clock.ts"
import { queryPath } from "./path-query.ts"

const signal = new AbortController().signal

test("one path is asked as it is written, said to be a shadow, and what is answered is told; no answer is an answer too", async () => {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    if (request.url === "/gone") request.socket.destroy()
    else response.writeHead(request.url === "/moved" ? 302 : 503, { location: "/elsewhere" }).end("x".repeat(200_000))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = { host: "127.0.0.1", port: (server.address() as AddressInfo).port }
  const statusOf = async (path: string) => (await queryPath({ address, path, clock: systemClock, signal })).status
  try {
    assert.deepEqual([await statusOf("/orders?page=2"), await statusOf("/moved"), await statusOf("/gone")], [503, 302, undefined])
    assert.deepEqual([seen[0]?.method, seen[0]?.url, seen[0]?.headers["x-conveyor-shadow"]], ["GET", "/orders?page=2", "1"])
    const stopped = AbortSignal.abort(new Error("told to stop"))
    await assert.rejects(queryPath({ address, path: "/", clock: systemClock, signal: stopped }), /told to stop/)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
