import assert from "node:assert/strict"
import type { ServerResponse } from "node:http"
import { describe, test } from "node:test"
import { WebSocketServer } from "ws"
import type { WebSocket } from "ws"
import { answerWell, pagesThat, startService, witness } from "../test/service.ts"
import type { Evidence } from "../test/service.ts"
import type { ProgressLine } from "./result.ts"

/** How often a stream was opened, and what the witness says so far. */
type Until = (opened: number, progress: ProgressLine | undefined) => boolean

const openedAgain: Until = (opened) => opened >= 3
const failed: Until = (_, progress) => (progress?.failed ?? 0) > 0

describe("event streams", { concurrency: 4 }, () => {
  test("that stay open are no failure, and one in twenty pages has one", async () => {
    const bothAndMore: Until = (opened, progress) => opened === 2 && (progress?.requests ?? 0) > 100
    const { result } = await withEventStreams((response) => response.write("data: 1\n\n"), { pages: 21, until: bothAndMore })
    assert.deepEqual(result.streams, { eventStreams: 2, webSockets: 0, closedWithReason: 0, cut: 0 })
    assert.equal(result.requests.failed, 0)
  })

  for (const [what, end] of [
    ["end without a reason", (response: ServerResponse) => response.end()],
    ["break off", (response: ServerResponse) => response.destroy()],
  ] as const) {
    test(`that ${what} are cut, and opened again`, async () => {
      const { result } = await withEventStreams((response) => setTimeout(() => end(response), 50), { until: openedAgain })
      assert.ok(result.streams.cut >= 2)
      assert.equal(result.streams.closedWithReason, 0)
      assert.deepEqual([result.requests.failed, result.requests.byFailure.reset], [result.streams.cut, result.streams.cut])
      assert.equal(result.failures[0]?.request, "SSE /feed")
    })
  }

  test("that are closed with a reason are opened again, and are no failure", async () => {
    const close = (response: ServerResponse) => setTimeout(() => response.end("event: conveyor-close\ndata: restart\n\n"), 50)
    const { result } = await withEventStreams(close, { until: openedAgain })
    assert.ok(result.streams.closedWithReason >= 2)
    assert.deepEqual([result.streams.cut, result.requests.failed], [0, 0])
  })

  test("that fall silent have timed out", async () => {
    const { result } = await withEventStreams((response) => response.write("data: 1\n\n"), { silentForMs: 300, until: failed })
    assert.ok(result.requests.byFailure.timeout >= 1)
    assert.equal(result.requests.failed, result.requests.byFailure.timeout)
  })

  test("that another version answers than the page's have the wrong version", async () => {
    const { result } = await withEventStreams((response) => response.write("data: 1\n\n"), { version: "v9", until: failed })
    assert.deepEqual([result.requests.failed, result.requests.byFailure["wrong-version"]], [1, 1])
  })
})

describe("WebSockets", { concurrency: 4 }, () => {
  test("that talk and stay open are no failure", async () => {
    const heard: string[] = []
    const listen = (socket: WebSocket) => socket.on("message", (message: Buffer) => heard.push(message.toString()))
    const { result } = await withWebSockets(listen, { until: () => heard.length > 2 })
    assert.deepEqual(result.streams, { eventStreams: 0, webSockets: 1, closedWithReason: 0, cut: 0 })
    assert.equal(result.requests.failed, 0)
    assert.equal(heard[0], "ping")
  })

  for (const code of [1_001, 1_012]) {
    test(`that are closed with code ${code} are opened again, and are no failure`, async () => {
      const { result } = await withWebSockets((socket) => setTimeout(() => socket.close(code), 50), { until: openedAgain })
      assert.ok(result.streams.closedWithReason >= 2)
      assert.deepEqual([result.streams.cut, result.requests.failed], [0, 0])
    })
  }

  for (const [what, close] of [
    ["break off", (socket: WebSocket) => socket.terminate()],
    ["are closed with another code", (socket: WebSocket) => socket.close(1_011, "oops")],
    ["are closed without one", (socket: WebSocket) => socket.close()],
  ] as const) {
    test(`that ${what} are cut, and opened again`, async () => {
      const { result } = await withWebSockets((socket) => setTimeout(() => close(socket), 50), { until: openedAgain })
      assert.ok(result.streams.cut >= 2)
      assert.deepEqual([result.requests.failed, result.requests.byFailure.reset], [result.streams.cut, result.streams.cut])
      assert.equal(result.failures[0]?.request, "WS /terminal")
    })
  }

  test("that fall silent have timed out", async () => {
    const { result } = await withWebSockets(() => {}, { silentForMs: 300, until: failed })
    assert.ok(result.requests.byFailure.timeout >= 1)
  })

  test("that are refused with a status fail by it", async () => {
    await using service = await startService(answerWell)
    service.server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n"))
    const { result } = await witness(service.url, {
      scenario: pagesThat({ webSocket: { path: "/terminal" } }),
      ratePerSecond: 0,
      pages: 1,
      until: (progress) => failed(0, progress),
    })
    assert.ok(result.requests.byFailure["server-error"] >= 1)
    assert.equal(result.streams.webSockets, 0)
  })
})

const patientMs = 30_000

async function withEventStreams(
  behave: (response: ServerResponse) => unknown,
  { pages = 1, version = "v1", silentForMs = patientMs, until }: { pages?: number; version?: string; silentForMs?: number; until: Until },
): Promise<Evidence> {
  let opened = 0
  await using service = await startService((request, response) => {
    if (request.url?.startsWith("/.conveyor/") === true) return void response.writeHead(200).write(": here\n\n")
    if (request.url?.startsWith("/feed") !== true) return answerWell(request, response)
    assert.equal(request.url, "/feed?shop=1&x-conveyor-version=v1")
    opened += 1
    response.writeHead(200, { "content-type": "text/event-stream", "x-conveyor-version": version })
    response.flushHeaders()
    return void behave(response)
  })
  const scenario = pagesThat({ eventStream: { path: "/feed?shop=1", silentForMs } })
  return await witness(service.url, { scenario, ratePerSecond: 0, pages, until: (progress) => until(opened, progress) })
}

async function withWebSockets(
  behave: (socket: WebSocket) => unknown,
  { silentForMs = patientMs, until }: { silentForMs?: number; until: Until },
): Promise<Evidence> {
  let opened = 0
  await using service = await startService((request, response) => {
    if (request.url?.startsWith("/.conveyor/") === true) return void response.writeHead(200).write(": here\n\n")
    return answerWell(request, response)
  })
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on("headers", (headers) => headers.push("x-conveyor-version: v1"))
  service.server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => {
      opened += 1
      behave(client)
    })
  })
  const webSocket = { path: "/terminal", silentForMs, say: { everyMs: 100, message: () => "ping" } }
  const evidence = await witness(service.url, {
    scenario: pagesThat({ webSocket }),
    ratePerSecond: 0,
    pages: 1,
    until: (progress) => until(opened, progress),
  })
  for (const socket of sockets.clients) socket.terminate()
  return evidence
}
