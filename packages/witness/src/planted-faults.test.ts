// Faults that a witness could take for something else, or not see at all: each is planted, and has to be named.
import assert from "node:assert/strict"
import { describe, test } from "node:test"
import type { IncomingMessage } from "node:http"
import { answerWell, gets, posts, startService, witness } from "../test/service.ts"
import type { Scenario } from "./scenario.ts"

const unchecked: Scenario = { name: "unchecked", requests: [{ weight: 1, make: () => ({ method: "GET", path: "/items" }) }] }
const kinds = (byFailure: Record<string, number>) => Object.fromEntries(Object.entries(byFailure).filter(([, n]) => n > 0))
/** Writes to the socket what HTTP would not let anybody write. */
const raw = ({ socket }: IncomingMessage, bytes: string) => socket.write(bytes)

describe("the witness names", { concurrency: true }, () => {
  test("a GET that was killed in flight on a kept connection, and does not take it for one that met an idle connection's end", async () => {
    const used = new WeakSet<object>()
    await using service = await startService(async (request, response) => {
      if (used.has(request.socket)) setTimeout(() => request.socket.destroy(), 1_500)
      else await answerWell(request, response)
      used.add(request.socket)
    })
    const { result } = await witness(service.url, { scenario: gets, ratePerSecond: 100, seconds: 1.5 })
    assert.equal(result.requests.idleRetries, 0)
    assert.ok(result.requests.byFailure.reset > 0)
    assert.deepEqual(kinds(result.requests.byFailure), { reset: result.requests.failed })
  })

  test("an answer that is sent twice, at once or late", async () => {
    let count = 0
    await using service = await startService(async (request, response) => {
      await answerWell(request, response)
      count += 1
      const again = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"no"'
      if (count === 20) raw(request, again)
      if (count === 30) setTimeout(() => raw(request, again), 100)
    })
    const { result } = await witness(service.url, { scenario: gets })
    assert.deepEqual(kinds(result.requests.byFailure), { desync: 2 })
    assert.match(result.failures[0]?.detail ?? "", /unasked|more than the answer/)
  })

  test("no fault in a server that says 408 while it closes an idle connection", async () => {
    let count = 0
    await using service = await startService(async (request, response) => {
      await answerWell(request, response)
      if (++count === 20) setTimeout(() => raw(request, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"), 100)
    })
    const { result } = await witness(service.url, { scenario: gets })
    assert.equal(result.requests.failed, 0)
  })

  test("an answer whose end only the connection says: broken JSON is truncated, and of text nobody knows", async () => {
    let count = 0
    await using service = await startService((request) => {
      const type = ++count % 2 === 0 ? "application/json" : "text/plain"
      raw(request, `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nConnection: close\r\n\r\n{"half": `)
      request.socket.end()
    })
    const { result } = await witness(service.url, { scenario: unchecked })
    assert.deepEqual(kinds(result.requests.byFailure), { truncated: 25 })
    assert.equal(result.requests.unproven, 25)
  })

  test("JSON that is none, though the scenario does not look", async () => {
    await using service = await startService((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end("\u0000garbled")
    })
    const { result } = await witness(service.url, { scenario: unchecked })
    assert.deepEqual(kinds(result.requests.byFailure), { truncated: 50 })
  })

  test("good answers that come later than they may", async () => {
    let count = 0
    await using service = await startService(async (request, response) => {
      if (++count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2_500))
      await answerWell(request, response)
    })
    const { result } = await witness(service.url, { scenario: gets, maxMs: 2_000 })
    assert.deepEqual(kinds(result.requests.byFailure), { "too-slow": 5 })
  })

  test("acknowledged writes that are lost, and those of which nobody can say", async () => {
    await using service = await startService(answerWell)
    const { result } = await witness(service.url, { scenario: posts })
    assert.deepEqual([result.writes, result.requests.failed], [{ found: 0, lost: 0, unknown: 50 }, 0])
    let asked = 0
    const lookUp = async () => {
      asked += 1
      if (asked === 7) throw new Error("the database does not answer")
      return asked !== 9
    }
    const lookedUp = (await witness(service.url, { scenario: { ...posts, lookUp } })).result
    assert.deepEqual(lookedUp.writes, { found: 48, lost: 1, unknown: 1 })
    assert.deepEqual(kinds(lookedUp.requests.byFailure), { "lost-write": 1 })
  })
})
