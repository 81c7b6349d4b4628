import assert from "node:assert/strict"
import type { ServerResponse } from "node:http"
import { describe, test } from "node:test"
import { WebSocketServer } from "ws"
import type { WebSocket } from "ws"
import { answerWell, pagesThat, startService, witness } from "../test/service.ts"
import type { Evidence } from "../test/service.ts"

describe("event streams", { concurrency: true }, () => {
  test("that stay open are no failure, and one in twenty pages has one", async () => {
    const { result } = await withEventStreams((response) => response.write("data: 1\n\n"), { pages: 21 })
    assert.deepEqual(result.streams, { eventStreams: 2, webSockets: 0, closedWithReason: 0, cut: 0 })
    assert.equal(result.requests.failed, 0)
  })

  test("that end without a reason are cut", async () => {
    const { result } = await withEventStreams((response) => setTimeout(() => response.end(), 50))
    assert.ok(result.streams.cut >= 1)
    assert.equal(result.streams.closedWithReason, 0)
    assert.equal(result.requests.byFailure.reset, result.streams.cut)
    assert.equal(result.failures[0]?.request, "SSE /feed")
  })

  test("that break off are cut", async () => {
    const { result } = await withEventStreams((response) => setTimeout(() => response.destroy(), 50))
    assert.ok(result.streams.cut >= 1)
    assert.equal(result.requests.failed, result.streams.cut)
  })

  test("that are closed with a reason are opened again, and are no failure", async () => {
    const { result } = await withEventStreams((response) => setTimeout(() => response.end("event: conveyor-close\ndata: restart\n\n"), 50))
    assert.ok(result.streams.closedWithReason >= 1)
    assert.ok(result.streams.eventStreams > result.streams.closedWithReason - 1)
    assert.deepEqual([result.streams.cut, result.requests.failed], [0, 0])
  })

  test("that fall silent have timed out", async () => {
    const { result } = await withEventStreams((response) => response.write("data: 1\n\n"), { silentForMs: 300 })
    assert.ok(result.requests.byFailure.timeout >= 1)
  })

  test("that another version answers than the page's have the wrong version", async () => {
    const { result } = await withEventStreams((response) => response.write("data: 1\n\n"), { version: "v9" })
    assert.equal(result.requests.byFailure["wrong-version"], 1)
  })
})

describe("WebSockets", { concurrency: true }, () => {
  test("that talk and stay open are no failure", async () => {
    const heard: string[] = []
    const { result } = await withWebSockets((socket) => socket.on("message", (message: Buffer) => heard.push(message.toString())))
    assert.deepEqual(result.streams, { eventStreams: 0, webSockets: 1, closedWithReason: 0, cut: 0 })
    assert.equal(result.requests.failed, 0)
    assert.ok(heard.length > 2)
    assert.equal(heard[0], "ping")
  })

  for (const code of [1_001, 1_012]) {
    test(`that are closed with code ${code} are opened again, and are no failure`, async () => {
      const { result } = await withWebSockets((socket) => setTimeout(() => socket.close(code), 50))
      assert.ok(result.streams.closedWithReason >= 1)
      assert.deepEqual([result.streams.cut, result.requests.failed], [0, 0])
    })
  }

  for (const [what, close] of [
    ["break off", (socket: WebSocket) => socket.terminate()],
    ["are closed with another code", (socket: WebSocket) => socket.close(1_011, "oops")],
    ["are closed without one", (socket: WebSocket) => socket.close()],
  ] as const) {
    test(`that ${what} are cut`, async () => {
      const { result } = await withWebSockets((socket) => setTimeout(() => close(socket), 50))
      assert.ok(result.streams.cut >= 1)
      assert.equal(result.requests.byFailure.reset, result.streams.cut)
      assert.equal(result.failures[0]?.request, "WS /terminal")
    })
  }

  test("that fall silent have timed out", async () => {
    const { result } = await withWebSockets(() => {}, { silentForMs: 300 })
    assert.ok(result.requests.byFailure.timeout >= 1)
  })

  test("that are refused with a status fail by it", async () => {
    await using service = await startService(answerWell)
    service.server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n"))
    const { result } = await witness(service.url, {
      scenario: pagesThat({ webSocket: { path: "/terminal" } }),
      ratePerSecond: 0,
      pages: 1,
      seconds: 1.5,
    })
    assert.ok(result.requests.byFailure["server-error"] >= 1)
    assert.equal(result.streams.webSockets, 0)
  })
})

async function withEventStreams(
  behave: (response: ServerResponse) => unknown,
  { pages = 1, version = "v1", silentForMs = 5_000 } = {},
): Promise<Evidence> {
  await using service = await startService((request, response) => {
    if (request.url?.startsWith("/.conveyor/") === true) return void response.writeHead(200).write(": here\n\n")
    if (request.url?.startsWith("/feed") !== true) return answerWell(request, response)
    assert.equal(request.url, "/feed?shop=1&x-conveyor-version=v1")
    response.writeHead(200, { "content-type": "text/event-stream", "x-conveyor-version": version })
    response.flushHeaders()
    return void behave(response)
  })
  const scenario = pagesThat({ eventStream: { path: "/feed?shop=1", silentForMs } })
  return await witness(service.url, { scenario, ratePerSecond: 0, pages, seconds: 2 })
}

async function withWebSockets(behave: (socket: WebSocket) => void, { silentForMs = 5_000 } = {}): Promise<Evidence> {
  await using service = await startService((request, response) => {
    if (request.url?.startsWith("/.conveyor/") === true) return void response.writeHead(200).write(": here\n\n")
    return answerWell(request, response)
  })
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on("headers", (headers) => headers.push("x-conveyor-version: v1"))
  service.server.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, behave))
  const webSocket = { path: "/terminal", silentForMs, say: { everyMs: 100, message: () => "ping" } }
  const evidence = await witness(service.url, { scenario: pagesThat({ webSocket }), ratePerSecond: 0, pages: 1, seconds: 2 })
  for (const socket of sockets.clients) socket.terminate()
  return evidence
}
