import assert from "node:assert/strict"
import { once } from "node:events"
import { request } from "node:http"
import type { IncomingMessage } from "node:http"
import { test } from "node:test"
import type { FastifyInstance } from "fastify"
import { Rehearsal } from "../release/rehearsal.ts"
import type { ReleaseRecord } from "../store/records.ts"
import { createApi } from "./api.ts"
import { ControlPlane } from "./control-plane.ts"
import { EventHub } from "./events.ts"

const token = "secret"
const authorization = `Bearer ${token}`

interface Server {
  stage: Rehearsal
  api: FastifyInstance
  hub: EventHub
  ask: (method: "GET" | "POST", url: string, body?: object) => Promise<{ status: number; body: Answer }>
}

type Answer = Record<string, unknown> & { code?: string; message?: string; hint?: string }

async function serving(body: (server: Server) => Promise<void>): Promise<void> {
  const stage = new Rehearsal()
  const [ports, hub] = [stage.ports(), new EventHub()]
  const controlPlane = new ControlPlane(ports, hub)
  const api = createApi({ controlPlane, ports, hub, token, name: "shop", edgeUrl: "http://127.0.0.1:1" })
  const ask: Server["ask"] = async (method, url, payload) => {
    const response = await api.inject({ method, url, headers: { authorization }, ...(payload !== undefined && { payload }) })
    return { status: response.statusCode, body: response.json<Answer>() }
  }
  try {
    await body({ stage, api, hub, ask })
  } finally {
    controlPlane.stop()
    await api.close()
    stage.end()
  }
}

/** v1 of commit "a" serves, and v2 of commit "b" after it where asked for. */
async function released(stage: Rehearsal, ...commits: string[]): Promise<void> {
  for (const commit of commits) {
    const asked = stage.ask("release", commit)
    const ended = await stage.carryOut(asked, {
      afterEvent: ({ step, event }) => {
        if (step === "switch" && event === "started") stage.traffic(asked.version, { requests: 1_000 })
      },
    })
    assert.equal(ended === "killed" ? ended : ended.state, "promoted")
  }
}

test("without the token nothing is answered, not even whether a route exists", () =>
  serving(async ({ api }) => {
    for (const url of ["/status", "/changes", "/plan?revision=a", "/runs/1", "/logs", "/events", "/nothing"]) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: token }]) {
        const response = await api.inject({ url, headers })
        assert.equal(response.statusCode, 401, url)
        assert.match(response.json<Answer>().hint ?? "", /control\.json/)
      }
    }
    for (const url of ["/releases", "/rollbacks", "/contracts", "/versions/v1/retire", "/versions/v1/promote", "/runs/1/abort"]) {
      assert.equal((await api.inject({ method: "POST", url, payload: {} })).statusCode, 401, url)
    }
  }))

test("before the first release the status is empty, and there is nothing to go back to or to contract", () =>
  serving(async ({ ask }) => {
    const { status, body } = await ask("GET", "/status")
    assert.equal(status, 200)
    assert.deepEqual([body["name"], body["versions"], body["runs"], body["changes"]], ["shop", [], [], []])
    assert.equal(body["current"], undefined)
    assert.deepEqual((await ask("GET", "/changes")).body, [])
    assert.equal((await ask("POST", "/rollbacks")).body.code, "no-previous")
    const contract = await ask("POST", "/contracts", { change: "0001-kopecks" })
    assert.deepEqual([contract.status, contract.body.code], [409, "nothing-released"])
  }))

test("a release is queued, has its version, and can be looked at by its number", () =>
  serving(async ({ stage, ask }) => {
    const { status, body } = await ask("POST", "/releases", { revision: "a" })
    assert.equal(status, 200)
    assert.deepEqual([body["version"], body["state"], body["kind"]], ["v1", "queued", "release"])
    await stage.carryOut(body as unknown as ReleaseRecord)
    const run = await ask("GET", `/runs/${String(body["id"])}`)
    assert.equal(run.body["state"], "promoted")
    assert.equal((run.body["steps"] as unknown[]).length, 9)
  }))

test("what the asker did wrong is told with its code; nothing of it is an error of the server", () =>
  serving(async ({ stage, api, ask }) => {
    await released(stage, "a", "b")
    const refusals: [method: "GET" | "POST", url: string, body: object | undefined, status: number, code: string][] = [
      ["GET", "/nothing", undefined, 404, "no-such-route"],
      ["GET", "/runs/99", undefined, 404, "no-such-run"],
      ["GET", "/runs/first", undefined, 404, "no-such-run"],
      ["GET", "/logs?lines=0", undefined, 422, "bad-request"],
      ["GET", "/logs?version=v9", undefined, 404, "no-such-version"],
      ["GET", "/plan", undefined, 422, "bad-request"],
      ["POST", "/releases", {}, 422, "bad-request"],
      ["POST", "/releases", { revision: "a", force: true }, 422, "bad-request"],
      ["POST", "/releases", { revision: "v9" }, 404, "no-such-version"],
      ["POST", "/rollbacks", { to: "v9" }, 404, "no-such-version"],
      ["POST", "/rollbacks", { to: "yesterday" }, 422, "bad-version"],
      ["POST", "/rollbacks", { to: 1 }, 422, "bad-request"],
      ["POST", "/contracts", {}, 422, "bad-request"],
      ["POST", "/changes/0001-kopecks/pause", undefined, 404, "no-such-change"],
      ["POST", "/changes/0001-kopecks/resume", undefined, 404, "no-such-change"],
      ["POST", "/changes/0001-kopecks/abort", undefined, 404, "no-such-change"],
      ["POST", "/versions/v9/retire", undefined, 404, "no-such-version"],
      ["POST", "/versions/v2/retire", undefined, 409, "is-current"],
      ["POST", "/runs/1/abort", undefined, 409, "not-running"],
    ]
    for (const [method, url, body, status, code] of refusals) {
      const answer = await ask(method, url, body)
      assert.deepEqual([answer.status, answer.body.code], [status, code], `${method} ${url}`)
      assert.notEqual(answer.body.message, "")
    }
    const headers = { authorization, "content-type": "application/json" }
    const broken = await api.inject({ method: "POST", url: "/releases", headers, payload: "{" })
    assert.deepEqual([broken.statusCode, broken.json<Answer>().code], [422, "bad-request"])
    assert.equal(stage.store.releases(["queued"]).length, 0, "nothing of it was put into the queue")
  }))

test("a failure of the server's own says so, with what is known", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a")
    stage.edge.failNext(new Error("the wire is cut"))
    const { status, body } = await ask("GET", "/status")
    assert.deepEqual([status, body.code, body.message], [500, "unexpected", "the wire is cut"])
  }))

test("a rollback without a version means the one before the current, also before the current one is promoted", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a", "b")
    assert.equal((await ask("POST", "/rollbacks")).body["version"], "v1")

    // v3 is switched to, and nobody uses it: it bakes for as long as it may.
    const third = stage.ask("release", "c")
    let asked: ReturnType<typeof ask> | undefined
    await stage.carryOut(third, {
      afterEvent: ({ step, event }) => {
        if (step === "bake" && event === "started") asked = ask("POST", "/rollbacks")
      },
    })
    assert.equal((await asked)?.body["version"], "v2")
  }))

test("a version that was never built cannot be rolled back to", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a")
    const { store } = stage.ports()
    store.versionOf("b", "never built")
    const { status, body } = await ask("POST", "/rollbacks", { to: "v2" })
    assert.deepEqual([status, body.code], [409, "not-built"])
  }))

test("a warm version is given up at once: its window ends now", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a", "b")
    assert.equal((await ask("POST", "/versions/v1/retire")).status, 200)
    assert.equal(stage.store.version("v1")?.warmUntil, stage.clock.now())
  }))

test("a plan names every step and queues nothing", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a")
    const { status, body } = await ask("GET", "/plan?revision=b")
    assert.equal(status, 200)
    assert.equal((body["steps"] as unknown[]).length, 9)
    assert.equal(stage.store.version("v2"), undefined)
    assert.equal(stage.store.releases(["queued"]).length, 0)
  }))

test("logs are the newest lines, of a stopped version too", () =>
  serving(async ({ stage, ask }) => {
    stage.runtime.print("v2-web-0", "one", "two", "three")
    await released(stage, "a")
    const stopped = stage.ask("release", "b")
    const { store } = stage.ports()
    store.record(stopped.id, "start", "succeeded", { copies: [{ id: "v2-web-0", service: "web" }] })
    const { body } = await ask("GET", "/logs?version=v2&lines=2")
    assert.deepEqual(body, [{ copy: "v2-web-0", service: "web", version: "v2", lines: ["two", "three"] }])
    assert.deepEqual((await ask("GET", "/logs?version=v2&service=till")).body, [])
    assert.equal(((await ask("GET", "/logs")).body as unknown as unknown[]).length, 2, "of all that run")
  }))

test("events come as they happen, the newest first for whoever comes late", () =>
  serving(async ({ api, hub }) => {
    const url = await api.listen({ host: "127.0.0.1", port: 0 })
    hub.publish({ type: "keeper", message: "before", at: 1 })
    const asking = request(`${url}/events`, { headers: { authorization } })
    asking.end()
    const [stream] = (await once(asking, "response")) as [IncomingMessage]
    assert.equal(stream.headers["content-type"], "text/event-stream")
    const lines = stream.setEncoding("utf8")[Symbol.asyncIterator]()
    const next = async () => JSON.parse(String((await lines.next()).value).replace("data: ", "")) as { message: string }
    assert.equal((await next()).message, "before")
    hub.publish({ type: "keeper", message: "after", at: 2 })
    assert.equal((await next()).message, "after")
    asking.destroy()
  }))
