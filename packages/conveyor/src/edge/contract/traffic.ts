// The promises of an edge that need real traffic. Called by `describeEdge`.
import assert from "node:assert/strict"
import { once } from "node:events"
import { test } from "node:test"
import { WebSocket } from "ws"
import { systemClock } from "../../kernel/time/clock.ts"
import { until } from "../../kernel/time/until.ts"
import type { EdgeMember } from "../edge.ts"
import { ask, delay, open, textOf } from "./client.ts"
import { startCopy } from "./copies.ts"
import type { DescribedEdge, DescribedVersion } from "./described-edge.ts"
import { trafficAcrossFlips } from "./flips.ts"
import { tableOf } from "./tables.ts"

export interface TrafficEdge {
  member: EdgeMember
  edge: DescribedEdge
  /** Where users reach it. */
  url: string
  close(): Promise<void>
}

const never = new AbortController().signal
const asDocument = { headers: { "sec-fetch-dest": "document" } }
const asPart = (version: string) => ({ headers: { "x-conveyor-version": version } })

export function describeTraffic(name: string, make: () => Promise<TrafficEdge>): void {
  function withEdge(promise: string, body: (made: TrafficEdge) => Promise<void>): void {
    test(`${name}: ${promise}`, async () => {
      const made = await make()
      try {
        await body(made)
      } finally {
        await made.close()
      }
    })
  }

  withEdge(
    "loses none of 2,000 and more requests across 20 generations whose old copies end when nothing is in flight",
    async ({ edge, url }) => {
      const result = await trafficAcrossFlips(edge, url, { flips: 20, requests: 2_000, endOldCopy: "when-nothing-is-in-flight" })
      assert.deepEqual(result.failures, [])
      assert.equal(result.versionsSeen, 21)
      assert.ok(result.requests >= 2_000)
    },
  )

  withEdge("(control) loses requests when a copy ends before the flip", async ({ edge, url }) => {
    const result = await trafficAcrossFlips(edge, url, { flips: 10, requests: 1_000, endOldCopy: "before-the-flip" })
    assert.notEqual(result.failures.length, 0)
  })

  withEdge("leads a path to the service of the route that fits it best, whatever its query says", async ({ edge, url }) => {
    await using orders = await startCopy("v1")
    await using payments = await startCopy("v1")
    const routes = [
      { prefix: "/api/orders", service: "orders" },
      { prefix: "/api/orders/*/payments", service: "payments" },
    ]
    const versions = { v1: { release: "r", targets: { orders: [orders.target], payments: [payments.target] } } }
    await edge.apply({ generation: 1, current: "v1", routes, versions }, never)
    const paths = [
      "/api/orders?path=/7/payments",
      "/api/orders/7/payments?of=/api/orders",
      "/api/orders//payments",
      "/api/orders/a%2Fb/payments/",
      "/api/orders/7?/payments",
    ]
    for (const path of paths) assert.equal((await ask(url + path)).status, 200)
    assert.equal((await ask(`${url}/api?x=/orders`)).status, 404)
    const labels = paths.map((path) => `GET ${path}`)
    assert.deepEqual(orders.received, [labels[0], labels[2], labels[4]])
    assert.deepEqual(payments.received, [labels[1], labels[3]])
  })

  withEdge("pins each of two tabs to its own version, whatever the cookie that both share says", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await using v2 = await startCopy("v2")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const oldTab = await ask(`${url}/page`, asDocument)
    assert.equal(versionOf(oldTab), "v1")
    await edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
    const newTab = await ask(`${url}/page`, asDocument)
    assert.equal(versionOf(newTab), "v2")
    assert.match(String(newTab.headers["set-cookie"]), /^conveyor-version=v2(~\w+~v\d)*; Path=\/; SameSite=Lax$/)
    assert.match(String(newTab.headers["server-timing"]), /^conveyor;desc="v2"(,|$)/)
    const cookie = "conveyor-version=v2"
    for (const version of ["v1", "v2", "v1"]) {
      assert.equal(versionOf(await ask(`${url}/part`, { headers: { cookie, "x-conveyor-version": version } })), version)
      assert.equal(versionOf(await ask(`${url}/part?x-conveyor-version=${version}`, { headers: { cookie } })), version)
    }
  })

  withEdge("believes header before parameter before cookie, and keeps the parameter to itself", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await using v2 = await startCopy("v2")
    await using v3 = await startCopy("v3")
    await using v4 = await startCopy("v4")
    await edge.apply(tableOf({ generation: 1, current: "v4", copies: [v1, v2, v3, v4] }), never)
    const cookie = "a=b; conveyor-version=v3"
    const all = await ask(`${url}/part?x=1&x-conveyor-version=v2&y=2`, { headers: { "x-conveyor-version": "v1", cookie } })
    assert.match(all.text, /^v1 GET \/part\?x=1&y=2 /)
    assert.match((await ask(`${url}/part?x-conveyor-version=v2`, { headers: { cookie } })).text, /^v2 GET \/part /)
    assert.equal(versionOf(await ask(`${url}/part`, { headers: { cookie } })), "v3")
    assert.equal(versionOf(await ask(`${url}/part`)), "v4")
    assert.equal(versionOf(await ask(`${url}/part`, asPart("v0"))), "v4")
    assert.equal(versionOf(await ask(`${url}/page`, { headers: { accept: "text/html,*/*", cookie } })), "v4")
  })

  withEdge("sends a service that an old version lacks to the current one, and the longest prefix wins", async ({ edge, url }) => {
    await using web1 = await startCopy("v1")
    await using web2 = await startCopy("v2")
    await using pay2 = await startCopy("v2")
    const routes = [
      { prefix: "/", service: "web" },
      { prefix: "/pay", service: "payments" },
    ]
    const versions = {
      v1: { release: "r1", targets: { web: [web1.target] } },
      v2: { release: "r2", targets: { web: [web2.target], payments: [pay2.target] } },
    }
    await edge.apply({ generation: 1, current: "v2", routes, versions }, never)
    assert.equal((await ask(`${url}/shop`, asPart("v1"))).headers["x-copy"], web1.target.copy)
    assert.equal((await ask(`${url}/pay/7`, asPart("v1"))).headers["x-copy"], pay2.target.copy)
    assert.equal((await ask(`${url}/payments`, asPart("v1"))).headers["x-copy"], web1.target.copy)
  })

  withEdge("counts a request in flight until its answer has ended, through a flip", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await using v2 = await startCopy("v2")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const dripping = await open(`${url}/drip?ms=30`)
    await edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
    assert.equal((await load(edge, "v1")).inFlight, 1)
    assert.match(await textOf(dripping), /v1 9;$/)
    await inFlight(edge, "v1", 0)
    assert.equal(v1.abandoned.length, 0)
  })

  withEdge("carries a slow upload over a flip to the copy that began it", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await using v2 = await startCopy("v2")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    async function* body() {
      yield "first,"
      await inFlight(edge, "v1", 1)
      await edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
      yield "last"
    }
    const answer = await ask(`${url}/upload`, { method: "POST", body: body() })
    assert.equal(answer.text, "v1 POST /upload first,last")
  })

  withEdge("asks another copy when one is not reachable, and says so when none is", async ({ edge, url }) => {
    await using dead = await startCopy("v1")
    await using alive = await startCopy("v1")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [dead, alive] }), never)
    dead.kill()
    for (let i = 0; i < 6; i++) assert.equal((await ask(`${url}/x`, { method: "POST", body: "once" })).status, 200)
    alive.kill()
    const answer = await ask(`${url}/x`)
    assert.equal(answer.status, 502)
    assert.equal((JSON.parse(answer.text) as { code: string }).code, "no-copy-reachable")
    assert.equal((await load(edge, "v1")).counters.unreachable, 1)
  })

  withEdge(
    "sends a page whose version lost its copies to the current version, and names the version that failed",
    async ({ edge, url }) => {
      await using v1 = await startCopy("v1")
      await using v2 = await startCopy("v2")
      await edge.apply(tableOf({ generation: 1, current: "v2", copies: [v1, v2] }), never)
      v1.kill()
      const answer = await ask(`${url}/x`, asPart("v1"))
      assert.deepEqual([answer.status, versionOf(answer), answer.headers["x-conveyor-rescued"]], [200, "v2", "v1"])
      const { counters } = await load(edge, "v1")
      assert.deepEqual([counters.requests, counters.unreachable, counters.rescued], [1, 1, 1])
      const socket = new WebSocket(`${url.replace("http", "ws")}/socket?x-conveyor-version=v1`)
      assert.equal(await nextMessage(socket), "hello from v2")
      socket.terminate()
    },
  )

  withEdge(
    "rescues safe requests that the bad version fails, and any that never reached it, and counts them against it",
    async ({ edge, url }) => {
      await using v1 = await startCopy("v1")
      await using v2 = await startCopy("v2")
      await edge.apply(tableOf({ generation: 1, current: "v2", copies: [v1, v2], rescue: { from: "v2", to: "v1" } }), never)
      const fine = await ask(`${url}/x`)
      assert.deepEqual([versionOf(fine), fine.headers["x-conveyor-rescued"]], ["v2", undefined])
      const rescued = await ask(`${url}/fail-at?version=v2`, asDocument)
      assert.deepEqual(
        [rescued.status, rescued.text, versionOf(rescued), rescued.headers["x-conveyor-rescued"]],
        [200, "v1 answered", "v1", "v2"],
      )
      assert.match(String(rescued.headers["set-cookie"]), /conveyor-version=v1/)
      const posted = await ask(`${url}/fail-at?version=v2`, { method: "POST", body: "pay once" })
      assert.deepEqual([posted.status, versionOf(posted)], [500, "v2"])
      v2.kill()
      assert.equal(versionOf(await ask(`${url}/x`)), "v1")
      const unsent = await ask(`${url}/x`, { method: "POST", body: "pay once" })
      assert.deepEqual([unsent.status, unsent.text], [200, "v1 POST /x pay once"])
      const { counters } = await load(edge, "v2")
      assert.deepEqual([counters.requests, counters.serverErrors, counters.unreachable, counters.rescued], [5, 2, 2, 3])
    },
  )

  withEdge("does not repeat a request that a copy may have processed", async ({ edge, url }) => {
    await using first = await startCopy("v1")
    await using second = await startCopy("v1")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [first, second] }), never)
    const answer = await ask(`${url}/crash`, { method: "POST", body: "pay once" })
    assert.deepEqual([answer.status, (JSON.parse(answer.text) as { code: string }).code], [502, "copy-broke-off"])
    assert.deepEqual([...first.received, ...second.received], ["POST /crash"])
  })

  withEdge("breaks an answer off visibly when its copy does", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    await assert.rejects(ask(`${url}/cut`), /aborted|hang up|ECONNRESET/)
    await assert.rejects(ask(`${url}/cut?chunked`), /aborted|hang up|ECONNRESET/)
    assert.equal((await load(edge, "v1")).counters.unreachable, 2)
  })

  withEdge("cancels at the copy what the client gave up", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const giveUp = new AbortController()
    const asking = ask(`${url}/slow?ms=60000`, { signal: giveUp.signal })
    await inFlight(edge, "v1", 1)
    giveUp.abort()
    await assert.rejects(asking)
    await inFlight(edge, "v1", 0)
    await soon("the copy to see it", () => v1.abandoned.length === 1)
  })

  withEdge("sends requests of each host to its own service, and answers those of an unknown host itself", async ({ edge, url }) => {
    await using one = await startCopy("one")
    await using other = await startCopy("other")
    const routes = [
      { host: "one.test", prefix: "/", service: "one" },
      { host: "*.other.test", prefix: "/x", service: "other" },
    ]
    const targets = { one: [one.target], other: [other.target] }
    await edge.apply({ generation: 1, current: "v1", routes, versions: { v1: { release: "r", targets } } }, never)
    const asked = (host: string, path = "/x") => ask(`${url}${path}`, { headers: { host } })
    assert.equal((await asked("one.test")).text, "one GET /x ")
    assert.equal((await asked("ONE.test:8080")).text, "one GET /x ")
    assert.equal((await asked("a.other.test")).text, "other GET /x ")
    assert.equal((await asked("a.other.test", "/y")).status, 404)
    assert.equal((await asked("elsewhere.test")).status, 421)
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket`, { headers: { host: "one.test" } })
    assert.equal(await nextMessage(socket), "hello from one")
    socket.terminate()
  })

  withEdge("keeps a WebSocket through generations until its version's deadline, then closes it with a reason", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await using v2 = await startCopy("v2")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket?x-conveyor-version=v1`)
    assert.equal(await nextMessage(socket), "hello from v1")
    await edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
    socket.send("still there?")
    assert.equal(await nextMessage(socket), "v1 heard still there?")
    assert.equal((await load(edge, "v1")).inFlight, 1)
    const closed = once(socket, "close") as Promise<[number, Buffer]>
    const notices = { v1: { announcedAt: Date.now(), reloadBy: Date.now() + 200 } }
    await edge.apply(tableOf({ generation: 3, current: "v2", copies: [v1, v2], notices }), never)
    const [code, reason] = await closed
    assert.deepEqual([code, reason.toString()], [1012, "version v1 is retired"])
    await inFlight(edge, "v1", 0)
    await soon("the copy to hear it", () => v1.received.includes("closed 1012 version v1 is retired"))
  })

  withEdge("passes on the answer of a copy that refuses a WebSocket", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const socket = new WebSocket(`${url.replace("http", "ws")}/no-socket-here`)
    const [error] = (await once(socket, "error")) as [Error]
    assert.match(error.message, /Unexpected server response: 400/)
    await inFlight(edge, "v1", 0)
  })

  withEdge("keeps an event stream until its version leaves the table, then ends it with an event", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await using v2 = await startCopy("v2")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const stream = await open(`${url}/events`)
    await edge.apply(tableOf({ generation: 2, current: "v2", copies: [v1, v2] }), never)
    assert.equal((await load(edge, "v1")).inFlight, 1)
    await edge.apply(tableOf({ generation: 3, current: "v2", copies: [v2] }), never)
    const text = await textOf(stream)
    assert.equal(text, 'data: hello from v1\n\nevent: conveyor-close\ndata: {"reason":"version v1 is retired"}\n\n')
    await inFlight(edge, "v1", 0)
  })

  withEdge("streams a large answer at its reader's pace", async ({ edge, url }) => {
    await using v1 = await startCopy("v1")
    await edge.apply(tableOf({ generation: 1, current: "v1", copies: [v1] }), never)
    const answer = await open(`${url}/big`)
    answer.pause()
    await delay(150)
    let size = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) size += chunk.length
    assert.equal(size, 64 * 1_048_576)
  })
}

const versionOf = ({ headers }: { headers: Record<string, unknown> }) => headers["x-conveyor-version"]

async function load(edge: DescribedEdge, version: string): Promise<DescribedVersion> {
  const found = (await edge.observe(never)).versions[version]
  assert.ok(found, `the edge reports no load for ${version}`)
  return found
}

async function inFlight(edge: DescribedEdge, version: string, wanted: number): Promise<void> {
  await soon(`${wanted} in flight at ${version}`, async () => (await load(edge, version)).inFlight === wanted)
}

export async function soon(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const waiting = { what, everyMs: 10, withinMs: 10_000, clock: systemClock, signal: never }
  await until(async () => ((await holds()) ? { done: true } : { notYet: "not yet" }), waiting)
}

async function nextMessage(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, "message")) as [Buffer]
  return data.toString()
}
