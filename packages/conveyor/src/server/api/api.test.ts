import assert from "node:assert/strict"
import { once } from "node:events"
import { request } from "node:http"
import type { IncomingMessage } from "node:http"
import { test } from "node:test"
import type { FastifyInstance } from "fastify"
import { z } from "zod"
import { Rehearsal } from "../../release/rehearsal.ts"
import type { ReleaseRecord, RequestRecord } from "../../store/records.ts"
import { createApi } from "./api.ts"
import { ControlPlane } from "../control-plane.ts"
import { EventHub } from "./events.ts"
import { endpoints } from "../protocol/endpoints.ts"
import { eventsPath } from "../protocol/events.ts"
import type { Event, Happening } from "../protocol/events.ts"
import { idleJobs } from "../../release/jobs/testing.ts"
import { idleWatching } from "../watching/testing.ts"

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
  const ports = await stage.ports()
  const hub = new EventHub(ports.fence)
  const controlPlane = new ControlPlane(ports, hub)
  const api = createApi({
    controlPlane,
    ports,
    hub,
    token,
    name: "shop",
    edgeUrl: "http://127.0.0.1:1",
    watching: idleWatching(ports),
    jobs: idleJobs(ports),
  })
  const ask: Server["ask"] = async (method, url, payload) => {
    const response = await api.inject({ method, url, headers: { authorization }, ...(payload !== undefined && { payload }) })
    return { status: response.statusCode, body: response.json<Answer>() }
  }
  try {
    await body({ stage, api, hub, ask })
  } finally {
    controlPlane.stop()
    await api.close()
    await stage.end()
  }
}

/** v1 of commit "a" serves, and v2 of commit "b" after it where asked for. */
async function released(stage: Rehearsal, ...commits: string[]): Promise<void> {
  for (const commit of commits) {
    const asked = await stage.ask("release", commit)
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
    for (const url of ["/v1/status", "/v1/changes", "/v1/plan?revision=a", "/v1/runs/1", "/v1/logs", "/v1/events", "/nothing"]) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: token }]) {
        const response = await api.inject({ url, headers })
        assert.equal(response.statusCode, 401, url)
        assert.match(response.json<Answer>().hint ?? "", /control\.json/)
      }
    }
    for (const url of [
      "/v1/releases",
      "/v1/rollbacks",
      "/v1/contracts",
      "/v1/versions/v1/retire",
      "/v1/versions/v1/promote",
      "/v1/runs/1/cancel",
    ]) {
      assert.equal((await api.inject({ method: "POST", url, payload: {} })).statusCode, 401, url)
    }
  }))

test("before the first release the status is empty, and there is nothing to go back to or to contract", () =>
  serving(async ({ ask }) => {
    const { status, body } = await ask("GET", "/v1/status")
    assert.equal(status, 200)
    assert.deepEqual([body["name"], body["versions"], body["runs"], body["changes"]], ["shop", [], [], []])
    assert.equal(body["current"], undefined)
    assert.deepEqual((await ask("GET", "/v1/changes")).body, [])
    assert.equal((await ask("POST", "/v1/rollbacks")).body.code, "no-previous")
    const contract = await ask("POST", "/v1/contracts", { change: "0001-kopecks" })
    assert.deepEqual([contract.status, contract.body.code], [409, "nothing-released"])
  }))

test("a release is queued, has its version, and can be looked at by its number", () =>
  serving(async ({ stage, ask }) => {
    const { status, body } = await ask("POST", "/v1/releases", { revision: "a" })
    assert.equal(status, 200)
    assert.deepEqual([body["version"], body["state"], body["kind"]], ["v1", "queued", "release"])
    await stage.carryOut(body as unknown as ReleaseRecord)
    const run = await ask("GET", `/v1/runs/${String(body["id"])}`)
    assert.equal(run.body["state"], "promoted")
    assert.equal((run.body["steps"] as unknown[]).length, 9)
  }))

test("what the asker did wrong is told with its code; nothing of it is an error of the server", () =>
  serving(async ({ stage, api, ask }) => {
    await released(stage, "a", "b")
    const refusals: [method: "GET" | "POST", url: string, body: object | undefined, status: number, code: string][] = [
      ["GET", "/nothing", undefined, 404, "no-such-route"],
      ["GET", "/v1/runs/99", undefined, 404, "no-such-run"],
      ["GET", "/v1/runs/first", undefined, 404, "no-such-run"],
      ["GET", "/v1/logs?lines=0", undefined, 400, "bad-request"],
      ["GET", "/v1/logs?version=v9", undefined, 404, "no-such-version"],
      ["GET", "/v1/plan", undefined, 400, "bad-request"],
      ["POST", "/v1/releases", {}, 400, "bad-request"],
      ["POST", "/v1/releases", { revision: "a", force: true }, 400, "bad-request"],
      ["POST", "/v1/releases", { revision: "v9" }, 404, "no-such-version"],
      ["POST", "/v1/rollbacks", { to: "v9" }, 404, "no-such-version"],
      ["POST", "/v1/rollbacks", { to: "yesterday" }, 422, "bad-version"],
      ["POST", "/v1/rollbacks", { to: 1 }, 400, "bad-request"],
      ["POST", "/v1/contracts", {}, 400, "bad-request"],
      ["POST", "/v1/changes/0001-kopecks/pause", undefined, 404, "no-such-change"],
      ["POST", "/v1/changes/0001-kopecks/resume", undefined, 404, "no-such-change"],
      ["POST", "/v1/changes/0001-kopecks/abort", undefined, 404, "no-such-change"],
      ["POST", "/v1/versions/v9/retire", undefined, 404, "no-such-version"],
      ["POST", "/v1/versions/v2/retire", undefined, 409, "is-current"],
      ["POST", "/v1/runs/1/cancel", undefined, 409, "not-running"],
    ]
    for (const [method, url, body, status, code] of refusals) {
      const answer = await ask(method, url, body)
      assert.deepEqual([answer.status, answer.body.code], [status, code], `${method} ${url}`)
      assert.notEqual(answer.body.message, "")
    }
    const headers = { authorization, "content-type": "application/json" }
    const broken = await api.inject({ method: "POST", url: "/v1/releases", headers, payload: "{" })
    assert.deepEqual([broken.statusCode, broken.json<Answer>().code], [400, "bad-request"])
    assert.equal((await stage.store.queue.inState("queued")).length, 0, "nothing of it was put into the queue")
  }))

test("a failure of the server's own says so, with what is known", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a")
    stage.edge.failNext(new Error("the wire is cut"))
    const { status, body } = await ask("GET", "/v1/status")
    assert.deepEqual([status, body.code, body.message], [500, "unexpected", "the wire is cut"])
  }))

test("a rollback without a version means the one before the current, also before the current one is promoted", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a", "b")
    assert.equal((await ask("POST", "/v1/rollbacks")).body["version"], "v1")

    // v3 is switched to, and nobody uses it: it bakes for as long as it may.
    const third = await stage.ask("release", "c")
    let asked: ReturnType<typeof ask> | undefined
    await stage.carryOut(third, {
      afterEvent: ({ step, event }) => {
        if (step === "bake" && event === "started") asked = ask("POST", "/v1/rollbacks")
      },
    })
    assert.equal((await asked)?.body["version"], "v2")
  }))

test("a version that was never built cannot be rolled back to", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a")
    await stage.ports()
    const { store } = stage
    await store.versions.ensure("b", "never built")
    const { status, body } = await ask("POST", "/v1/rollbacks", { to: "v2" })
    assert.deepEqual([status, body.code], [409, "not-built"])
  }))

test("a warm version is given up at once: its window ends now", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a", "b")
    assert.equal((await ask("POST", "/v1/versions/v1/retire")).status, 200)
    assert.equal((await stage.store.versions.find("v1"))?.warmUntil, stage.clock.now())
  }))

test("a plan names every step and queues nothing", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a")
    const { status, body } = await ask("GET", "/v1/plan?revision=b")
    assert.equal(status, 200)
    assert.equal((body["steps"] as unknown[]).length, 9)
    assert.equal(await stage.store.versions.find("v2"), undefined)
    assert.equal((await stage.store.queue.inState("queued")).length, 0)
  }))

test("logs are the newest lines, of a stopped version too", () =>
  serving(async ({ stage, ask }) => {
    stage.runtime.print("v2-web-0", "one", "two", "three")
    await released(stage, "a")
    const stopped = await stage.ask("release", "b")
    await stage.ports()
    const { store } = stage
    await store.queue.setState(stopped.id, "running")
    for (const step of ["build", "test", "expand", "backfill", "start"]) {
      await store.journal.record(stopped.id, step, "started")
      await store.journal.record(stopped.id, step, "succeeded", { copies: [{ id: "v2-web-0", service: "web" }] })
    }
    const { body } = await ask("GET", "/v1/logs?version=v2&lines=2")
    assert.deepEqual(body, [{ copy: "v2-web-0", service: "web", version: "v2", lines: ["two", "three"] }])
    assert.deepEqual((await ask("GET", "/v1/logs?version=v2&service=till")).body, [])
    assert.equal(((await ask("GET", "/v1/logs")).body as unknown as unknown[]).length, 2, "of all that run")
  }))

/** Follows the events as an asker does; what was seen last is given as a browser gives it. */
async function following(url: string, after: string | undefined, count: number): Promise<Event[]> {
  const headers = { authorization, ...(after !== undefined && { "last-event-id": after }) }
  const asking = request(`${url}${eventsPath}`, { headers })
  asking.end()
  try {
    const [stream] = (await once(asking, "response")) as [IncomingMessage]
    assert.equal(stream.headers["content-type"], "text/event-stream")
    const seen: Event[] = []
    let rest = ""
    for await (const chunk of stream.setEncoding("utf8")) {
      const lines = (rest + String(chunk)).split("\n")
      rest = lines.pop() ?? ""
      seen.push(...lines.filter((line) => line.startsWith("data: ")).map((line) => JSON.parse(line.slice(6)) as Event))
      if (seen.length >= count) return seen
    }
    return seen
  } finally {
    asking.destroy()
  }
}

test("events have ids, and whoever comes again with the last one gets the later ones, each once", () =>
  serving(async ({ api, hub }) => {
    const url = await api.listen({ host: "127.0.0.1", port: 0 })
    for (let at = 1; at <= 3; at++) hub.publish(stopping(`v${at}`), at)
    const first = await following(url, undefined, 2)
    assert.deepEqual(
      first.map(({ id }) => id),
      ["1-1", "1-2", "1-3"],
    )
    hub.publish(stopping("v4"), 4)
    for (const { id } of first) {
      const later = await following(url, id, 4 - Number(id.split("-")[1]))
      assert.deepEqual([Number(later[0]?.at), later.at(-1)?.at], [Number(id.split("-")[1]) + 1, 4])
    }
  }))

test("whoever saw the events of another control plane, or nonsense, is told that some were missed, and gets what is remembered", () =>
  serving(async ({ api, hub }) => {
    const url = await api.listen({ host: "127.0.0.1", port: 0 })
    hub.publish(stopping("v1"), 1)
    for (const after of ["7-1", "1-99", "yesterday", "1-1; drop table"]) {
      const [missed, next] = await following(url, after, 2)
      assert.deepEqual([missed?.type, next?.type], ["missed", "keeper"], after)
    }
  }))

test("a request that does not fit is told each place, what was found there, and what belongs there", () =>
  serving(async ({ ask, api }) => {
    const told = async (url: string, body?: object) => {
      const answer = await ask(body === undefined ? "GET" : "POST", url, body)
      assert.equal(answer.status, 400, url)
      return answer.body.message
    }
    assert.equal(await told("/v1/releases", {}), "body.revision: found nothing; a commit, a branch or a version belongs here")
    assert.equal(
      await told("/v1/releases", { revision: ["a"] }),
      'body.revision: found ["a"]; a commit, a branch or a version belongs here',
    )
    assert.equal(
      await told("/v1/releases", { revision: "a", force: 1, now: 2 }),
      "body.force: there is no such key\nbody.now: there is no such key",
    )
    assert.equal(await told("/v1/logs?lines=many"), 'query.lines: found "many"; a whole number from 1 to 10000 belongs here')
    assert.equal(await told("/v1/releases", ["a"]), 'body: found ["a"]; a JSON object belongs here')
    assert.match(
      (await told("/v1/releases", { revision: "x".repeat(100_000) })) ?? "",
      /^body\.revision: found "x{59}…; .* of at most 200 characters, belongs here$/,
    )
    const cut = await api.inject({ url: "/v1/runs/%ZZ", headers: { authorization } })
    assert.deepEqual([cut.statusCode, cut.json<Answer>().code], [400, "bad-request"])
    assert.equal((await api.inject({ url: "/v1/runs/%ZZ" })).statusCode, 401)
  }))

test("who asked and why is kept with the run as what the asker says, beside what let it in", () =>
  serving(async ({ stage, ask }) => {
    const asked = await ask("POST", "/v1/releases", { revision: "a", actor: " anna ", reason: "roses for Friday" })
    const { body } = await ask("GET", `/v1/runs/${String(asked.body["id"])}`)
    const requests = body["requests"] as RequestRecord[]
    assert.deepEqual(
      requests.map(({ action, subject, actor, reason, proof }) => [action, subject, actor, reason, proof]),
      [["release", "v1", "anna", "roses for Friday", "control-token"]],
    )
    await stage.carryOut(asked.body as unknown as ReleaseRecord)
    await released(stage, "b")
    await ask("POST", "/v1/versions/v1/retire", { reason: "its prices were wrong" })
    assert.equal((await stage.store.queue.requestsFor(1)).length, 1, "a request about no run is no run's")
  }))

test("an asker cannot say what let it in, and nothing that a terminal would obey is kept", () =>
  serving(async ({ stage, ask }) => {
    for (const more of [
      { proof: "certificate" },
      { actor: "\u001B[2Janna" },
      { reason: "a\nb" },
      { actor: "" },
      { reason: "x".repeat(501) },
    ]) {
      const { status, body } = await ask("POST", "/v1/releases", { revision: "a", ...more })
      assert.deepEqual([status, body.code], [400, "bad-request"], JSON.stringify(more))
    }
    assert.deepEqual(await stage.store.queue.all(), [])
  }))

test("every answer has the shape that the protocol promises", () =>
  serving(async ({ stage, ask }) => {
    await released(stage, "a", "b")
    const asked: [name: keyof typeof endpoints, url: string, body?: object][] = [
      ["status", "/v1/status"],
      ["changes", "/v1/changes"],
      ["plan", "/v1/plan?revision=c"],
      ["run", "/v1/runs/1"],
      ["logs", "/v1/logs"],
      ["release", "/v1/releases", { revision: "c" }],
      ["rollback", "/v1/rollbacks", {}],
      ["retire", "/v1/versions/v1/retire", {}],
    ]
    for (const [name, url, body] of asked) {
      const answer = await ask(endpoints[name].method, url, body)
      assert.equal(answer.status, 200, url)
      z.parse(endpoints[name].answer, answer.body)
    }
  }))

function stopping(version: string): Happening {
  return { type: "keeper", fact: { kind: "version-stopping", version } }
}
