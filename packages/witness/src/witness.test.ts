import assert from "node:assert/strict"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import { describe, test } from "node:test"
import { freePort } from "../test/free-port.ts"
import { answerWell, gets, parsesAsJson, posts, startService, witness } from "../test/service.ts"
import type { FailureKind } from "./result.ts"
import type { Scenario } from "./scenario.ts"

describe("a witness", { concurrency: 4 }, () => {
  test("sees no failure where there is none, and every arrival of the schedule", async () => {
    await using service = await startService(answerWell)
    const { result, progress } = await witness(service.url, { scenario: gets, ratePerSecond: 150, seconds: 2 })
    assert.equal(result.requests.total, 300)
    assert.equal(result.requests.failed, 0)
    assert.deepEqual(new Set(Object.values(result.requests.byFailure)), new Set([0]))
    assert.equal(progress.at(-1)?.requests, 300)
    assert.equal(sum(result.seconds.map(({ requests }) => requests)), 300)
    assert.deepEqual(new Set(result.seconds.map(({ version }) => version)), new Set(["v1"]))
  })

  for (const [what, kind, faulty] of [
    [
      "resets in the middle of an answer",
      "reset",
      (_, response) => {
        response.writeHead(200, { "content-length": 1_000 })
        response.write("x".repeat(10), () => response.socket?.resetAndDestroy())
      },
    ],
    [
      "ends before the length it promised",
      "truncated",
      (_, response) => {
        response.writeHead(200, { "content-length": 1_000 })
        response.write("x".repeat(10), () => response.socket?.end())
      },
    ],
    [
      "ends in the middle of chunks",
      "truncated",
      (_, response) => {
        response.writeHead(200)
        response.write("x".repeat(10), () => response.socket?.end())
      },
    ],
    ["sends half of its JSON as if it were whole", "truncated", (_, response) => response.end('{"ok": tr')],
    ["answers 500", "server-error", (_, response) => response.writeHead(500).end("oops")],
    ["answers 404", "unexpected-status", (_, response) => response.writeHead(404).end()],
    ["never answers", "timeout", () => {}],
  ] satisfies [string, FailureKind, RequestListener][]) {
    test(`sees a server that ${what}, and calls it ${kind}`, async () => {
      await using service = await startService(everyTenth(faulty))
      const { result } = await witness(service.url, { scenario: gets, timeoutMs: 4_000 })
      assert.equal(result.requests.total, 50)
      assert.deepEqual(kinds(result.requests.byFailure), { [kind]: 5 })
      assert.equal(result.failures.length, 5)
      assert.equal(result.failures[0]?.request, "GET /items")
    })
  }

  test("sees a server that closes without an answer, and calls it reset", async () => {
    await using service = await startService(everyTenth((request) => request.socket.destroy()))
    const { result } = await witness(service.url, { scenario: posts })
    assert.deepEqual(kinds(result.requests.byFailure), { reset: 5 })
  })

  test("sees a server that refuses connections", async () => {
    const target = new URL(`http://127.0.0.1:${await freePort()}`)
    const { result } = await witness(target, { scenario: gets })
    assert.deepEqual(kinds(result.requests.byFailure), { refused: 50 })
    assert.deepEqual(new Set(result.seconds.map(({ version }) => version)), new Set(["none"]))
  })

  test("goes on sending while a server stalls, and counts the wait from when each request was due", async () => {
    const stallMs = 2_000
    let stalled: Promise<void> | undefined
    let arrived = 0
    let arrivedDuringStall = 0
    await using service = await startService(async (request, response) => {
      arrived += 1
      if (arrived === 50)
        stalled = new Promise((resolve) => setTimeout(resolve, stallMs)).then(() => void (arrivedDuringStall = arrived - 50))
      await stalled
      await answerWell(request, response)
    })
    const { result } = await witness(service.url, { scenario: gets, ratePerSecond: 100, seconds: 4 })
    assert.deepEqual([result.requests.total, result.requests.failed], [400, 0])
    // A closed loop would send one request, or one for each client, and then wait with it.
    assert.ok(arrivedDuringStall > 100, `${arrivedDuringStall} arrived during the stall`)
    // Half of the arrivals fall into the stall, so that the slowest hundredth waited nearly all of it.
    assert.ok(result.requests.p99Ms > 0.9 * stallMs, `p99 ${result.requests.p99Ms} ms`)
  })

  test("counts as timed out what it cannot send, and skips nothing", async () => {
    await using service = await startService(() => {})
    const { result } = await witness(service.url, { scenario: gets, maxOutstanding: 15, timeoutMs: 6_000 })
    assert.deepEqual([result.requests.total, kinds(result.requests.byFailure)], [50, { timeout: 50 }])
    assert.equal(result.failures.filter(({ detail }) => detail.startsWith("not sent")).length, 35)
  })

  test("writes down every acknowledged write, and none that was not", async () => {
    const taken: string[] = []
    await using service = await startService(async (request, response) => {
      let body = ""
      for await (const chunk of request) body += chunk
      if (taken.length % 5 === 4) {
        taken.push("refused")
        response.writeHead(503).end()
        return
      }
      taken.push((JSON.parse(body) as { id: string }).id)
      response.writeHead(201, { "x-conveyor-version": "v7" }).end()
    })
    const { result, acknowledged } = await witness(service.url, { scenario: posts })
    assert.equal(result.requests.byFailure["server-error"], 10)
    assert.equal(result.acknowledged, 40)
    assert.deepEqual(new Set(acknowledged.map(({ key }) => key)), new Set(taken.filter((id) => id !== "refused")))
    assert.deepEqual([acknowledged[0]?.store, acknowledged[0]?.version], ["payments", "v7"])
  })

  test("sends a slow upload whole, in pieces, and does not count its own slowness", async () => {
    const uploads: { bytes: number; pieces: number }[] = []
    await using service = await startService(async (request, response) => {
      const upload = { bytes: 0, pieces: 0 }
      for await (const chunk of request as AsyncIterable<Buffer>) {
        upload.bytes += chunk.length
        upload.pieces += 1
      }
      uploads.push(upload)
      response.end("{}")
    })
    const pieces = Array.from({ length: 5 }, () => Buffer.alloc(1_000))
    const scenario: Scenario = {
      name: "uploads",
      requests: [{ weight: 1, make: () => ({ method: "POST", path: "/receipts", body: { pieces, overMs: 3_000 }, check: parsesAsJson }) }],
    }
    const { result } = await witness(service.url, { scenario, ratePerSecond: 20 })
    assert.deepEqual([result.requests.total, result.requests.failed], [20, 0])
    assert.deepEqual(new Set(uploads.map(({ bytes }) => bytes)), new Set([5_000]))
    assert.ok(uploads.every((upload) => upload.pieces >= 3))
    assert.ok(result.requests.p50Ms < 3_000, `p50 ${result.requests.p50Ms} ms`)
  })

  test("sends a GET once more where it met an idle connection that was closing, as a browser does, and says so", async () => {
    await using service = await startService(closingIdleConnections())
    const { result } = await witness(service.url, { scenario: gets, ratePerSecond: 100 })
    assert.deepEqual([result.requests.total, result.requests.failed], [100, 0])
    assert.ok(result.requests.idleRetries > 0)
  })

  test("never sends a POST twice: the lost one is a failure", async () => {
    const taken: string[] = []
    const closing = closingIdleConnections()
    await using service = await startService(async (request, response) => {
      request.on("data", (body: Buffer) => taken.push(body.toString()))
      await closing(request, response)
    })
    const { result } = await witness(service.url, { scenario: posts, ratePerSecond: 100, seconds: 2 })
    assert.equal(result.requests.total, 200)
    assert.equal(result.requests.idleRetries, 0)
    assert.ok(result.requests.byFailure.reset > 0)
    assert.equal(new Set(taken).size, taken.length)
  })

  test("does not send a POST on a connection that the server may be about to close", async () => {
    await using service = await startService(answerWell)
    // Advertised as one second, which is the margin itself: no idle connection is ever sure to be open.
    service.server.keepAliveTimeout = 1_000
    let connections = 0
    service.server.on("connection", () => (connections += 1))
    const { result } = await witness(service.url, { scenario: posts })
    assert.equal(result.requests.failed, 0)
    assert.equal(connections, 50)
  })

  test("counts the answers that another version gave in place of a failing one", async () => {
    await using service = await startService(async (request, response) => {
      response.setHeader("x-conveyor-rescued", "v2")
      await answerWell(request, response)
    })
    const { result } = await witness(service.url, { scenario: gets })
    assert.deepEqual([result.requests.failed, result.requests.rescued], [0, 50])
  })

  test("told to stop, sends nothing more and waits for what is under way", async () => {
    let answered = 0
    const stop = new AbortController()
    await using service = await startService(async (request, response) => {
      if (!stop.signal.aborted) setTimeout(() => stop.abort(), 300)
      await new Promise((resolve) => setTimeout(resolve, 400))
      await answerWell(request, response)
      answered += 1
    })
    const { result } = await witness(service.url, { scenario: gets, seconds: 60, signal: stop.signal })
    assert.equal(result.requests.failed, 0)
    assert.ok(result.requests.total > 0)
    assert.equal(result.requests.total, answered)
  })

  test("told to stop, waits no longer than it may: what is then under way has timed out", async () => {
    await using service = await startService(() => {})
    const { result } = await witness(service.url, { scenario: gets, seconds: 0.5, finishWithinMs: 200 })
    assert.deepEqual(kinds(result.requests.byFailure), { timeout: 25 })
    assert.match(result.failures[0]?.detail ?? "", /when the witness ended/)
  })
})

function everyTenth(faulty: RequestListener): RequestListener {
  let count = 0
  return async (request, response) => {
    count += 1
    if (count % 10 === 0) faulty(request, response)
    else if (count % 10 === 9) response.writeHead(200, { connection: "close" }).end("{}")
    else await answerWell(request, response)
  }
}

/** Takes one request of each connection; closes it without a word at the second, as if it had been closing for idleness. */
function closingIdleConnections(): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const used = new WeakSet<object>()
  return async (request, response) => {
    if (used.has(request.socket)) {
      request.socket.destroy()
      return
    }
    used.add(request.socket)
    await answerWell(request, response)
  }
}

const kinds = (byFailure: Record<string, number>) => Object.fromEntries(Object.entries(byFailure).filter(([, n]) => n > 0))
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
