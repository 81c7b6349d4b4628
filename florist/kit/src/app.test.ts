import assert from "node:assert/strict"
import { Agent, request } from "node:http"
import { test } from "node:test"
import { createApp } from "./app.ts"
import type { App, Service } from "./app.ts"
import type { Reader } from "./database.ts"
import type { Fleet } from "./fleet.ts"
import { notFound, unavailable } from "./refusal.ts"

const identity = { build: "b1", release: "r7", version: "v2", copy: "c3" }

test("the status of a well copy says who it is, what it relies on and how the client is", async () => {
  const app = await appOver({ query: async () => [] })
  const answer = await app.inject({ method: "POST", url: "/api/v1/status", payload: { client: "17" } })
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.json(), {
    service: "test",
    ...identity,
    schema: { reliesOn: { "some.table": ["kept"] }, missing: [], present: true },
    client: { shop: 17, shard: "s1", flowers: 3 },
  })
})

test("the status of a copy whose columns are missing is 503 and names them", async () => {
  const app = await appOver({ query: async () => [{ missing: "some.table.kept" }] })
  const answer = await app.inject({ method: "POST", url: "/api/v1/status", payload: { client: 17 } })
  assert.equal(answer.statusCode, 503)
  assert.deepEqual(answer.json().schema.missing, ["some.table.kept"])
})

test("the status of a copy that cannot reach the client's shard is 503 and says so, with its identity", async () => {
  const app = await appOver({ query: () => Promise.reject(unavailable("Shard s1", new Error("ECONNREFUSED"))) })
  const answer = await app.inject({ method: "POST", url: "/api/v1/status", payload: { client: 17 } })
  assert.equal(answer.statusCode, 503)
  assert.equal(answer.json().release, "r7")
  assert.match(answer.json().problem, /Shard s1 does not answer: ECONNREFUSED/)
})

test("every refusal has one shape, and a failure tells the client nothing of its inside", async () => {
  const app = await appOver({ query: () => Promise.reject(new Error("secret")) })
  const cases = [
    { request: { method: "POST", url: "/api/v1/status", payload: {} }, status: 422 },
    { request: { method: "POST", url: "/api/v1/status", payload: { client: 404 } }, status: 404 },
    { request: { method: "POST", url: "/api/v1/status", payload: "{", headers: { "content-type": "application/json" } }, status: 400 },
    { request: { method: "POST", url: "/api/v1/status", payload: "x", headers: { "content-type": "text/csv" } }, status: 415 },
    { request: { method: "GET", url: "/nowhere" }, status: 404 },
    { request: { method: "GET", url: "/api/v1/%FF" }, status: 400 },
    { request: { method: "POST", url: "/api/v1/status", payload: { client: 17 } }, status: 500 },
  ] as const
  for (const { request, status } of cases) {
    const answer = await app.inject(request)
    assert.equal(answer.statusCode, status, JSON.stringify(request))
    const [problem] = answer.json().errors
    assert.equal(problem.status, String(status))
    assert.doesNotMatch(answer.body, /secret/)
  }
})

test("an answer, also a refusal, is framed nowhere, taken for nothing else and run as nothing", async () => {
  const app = await appOver({ query: async () => [] })
  for (const url of ["/api/v1/status", "/nowhere"]) {
    const { headers } = await app.inject({ method: "POST", url, payload: { client: 17 } })
    assert.deepEqual(
      [headers["x-content-type-options"], headers["x-frame-options"], headers["referrer-policy"], headers["content-security-policy"]],
      ["nosniff", "DENY", "no-referrer", "default-src 'none'; frame-ancestors 'none'"],
    )
  }
})

test("programs that exist are understood: a body that says nothing of itself or calls itself a text, and the longer address", async () => {
  const app = await appOver({ query: async () => [] })
  const payload = JSON.stringify({ client: 17 })
  for (const headers of [{}, { "content-type": "" }, { "content-type": "text/plain;charset=UTF-8" }]) {
    for (const url of ["/api/v1/status", "/public/api/v1/status"]) {
      assert.equal((await app.inject({ method: "POST", url, payload, headers })).statusCode, 200, `${url} ${JSON.stringify(headers)}`)
    }
  }
  assert.equal((await app.inject({ method: "POST", url: "/public/internal/test/openapi.json", payload })).statusCode, 404)
})

test("a body over the limit is refused, its connection ends, and whatever the client asks next is answered", async () => {
  const app = await appOver({ query: async () => [] })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    const url = await app.listen({ host: "127.0.0.1", port: 0 })
    const ask = (headers: Record<string, string>, body: Buffer | string) =>
      new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
        const asked = request(`${url}/api/v1/status`, { method: "POST", agent, headers }, (answer) => {
          answer.resume().on("end", () => resolve([answer.statusCode, answer.headers.connection]))
        })
        asked.on("error", reject).end(body)
      })
    const large = Buffer.alloc(3_000_000, "x")
    for (const headers of [{ "content-length": String(large.length) }, { "transfer-encoding": "chunked" }]) {
      assert.deepEqual(await ask(headers, large), [413, "close"])
      assert.equal((await ask({}, JSON.stringify({ client: 17 })))[0], 200)
    }
  } finally {
    agent.destroy()
    await app.close()
  }
})

async function appOver(reader: Reader): Promise<App["http"]> {
  const fleet: Fleet = {
    directory: reader,
    shards: async () => [],
    async shop(id) {
      if (id === 404) throw notFound(`shop ${id}`, { parameter: "shop" })
      return {
        id,
        name: "Rose",
        city: "Tver",
        shard: { name: "s1", url: "postgres://localhost/s1" },
        query: (text, values) => reader.query(text, values),
        write: () => Promise.reject(new Error("nothing is written here")),
      }
    },
    warmUp: async () => {},
    close: async () => {},
  }
  const service: Service = {
    name: "test",
    reliesOn: { "some.table": ["kept"] },
    clientFacts: async () => ({ flowers: 3 }),
    operations: () => [],
  }
  const options = {
    identity,
    logLevel: "silent",
    secret: "a secret of the tests, of forty characters",
    peerUrl: () => undefined,
    bankUrl: undefined,
  }
  return (await createApp(service, fleet, options)).http
}
