import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { smallDocument } from "../test/small-document.ts"
import { startVaseServer } from "../test/vase-server.ts"
import type { Fault } from "../test/vase-server.ts"
import { PublishedClient } from "./exchange.ts"
import { Exercised } from "./exercised.ts"
import { parsePublication } from "./publication.ts"
import { Validator } from "./validator.ts"

const validator = new Validator(parsePublication(smallDocument))
const low = { data: { type: "vases", attributes: { title: "Low" } } }

async function withServer(fault: Fault = "none") {
  const server = await startVaseServer(fault)
  return { server, client: new PublishedClient({ base: server.base, validator }) }
}

test("a call fills its path and its query, says who asks, and hands back what was answered", async () => {
  const { server, client } = await withServer()
  await using _ = server
  const made = await client.call("POST", "/v1/vases", { body: low, token: "t", key: "k" })
  assert.equal(made.status, 201)
  assert.equal(made.one.attributes.title, "Low")
  assert.equal((await client.call("GET", "/v1/vases/{id}", { params: { id: made.one.id } })).one.id, "0")
  const listed = await client.call("GET", "/v1/vases", { query: { "filter[glaze]": ["matt", "bright"], "page[size]": 2 } })
  assert.deepEqual([listed.many.length, listed.meta.total], [1, 1])
  const { headers } = server.requests[0] ?? {}
  assert.deepEqual(
    [headers?.authorization, headers?.["idempotency-key"], headers?.["content-type"]],
    ["Bearer t", "k", "application/vnd.api+json"],
  )
  assert.equal(new URL(server.requests[2]?.url ?? "", server.base).searchParams.getAll("filter[glaze][]").join(), "matt,bright")
})

test("a request that is not as published is not sent, unless it is said to be malformed", async () => {
  const { server, client } = await withServer()
  await using _ = server
  await assert.rejects(
    client.call("POST", "/v1/vases", { body: { data: { attributes: { title: 1 } } } }),
    /was asked with a body, not as published/,
  )
  assert.equal(server.requests.length, 0)
  const refused = await client.call("POST", "/v1/vases", { body: { data: 1 }, request: "malformed" })
  assert.equal(refused.status, 422)
  assert.equal(refused.errors[0]?.code, "invalid")
  assert.throws(() => refused.one, /POST \/v1\/vases answered 422 without one resource/)
})

test("an answer that is not as published fails the call", async () => {
  const { server, client } = await withServer("forgets data")
  await using _ = server
  await assert.rejects(client.call("POST", "/v1/vases", { body: low }), /answered 201, not as published:[^]*lacks "data"/)
})

test("a 503 fails the call, unless something was taken away", async () => {
  const { server, client } = await withServer()
  await using _ = server
  await assert.rejects(client.call("GET", "/v1/teapot"), /503 is the server's fault/)
  assert.equal((await client.call("GET", "/v1/teapot", { outage: "expected" })).status, 503)
})

test("what was exercised is kept between processes, and only what was found right", async () => {
  const { server, client } = await withServer()
  await using _ = server
  await client.call("POST", "/v1/vases", { body: low })
  await client.call("POST", "/v1/vases", { body: "{", request: "malformed" })
  await client.call("GET", "/v1/vases/{id}", { params: { id: "none" } })
  await assert.rejects(client.call("GET", "/v1/teapot"))

  const folder = mkdtempSync(join(tmpdir(), "florist-exercised-"))
  try {
    client.exercised.keep("vases", { FLORIST_EXERCISED: folder })
    client.exercised.keep("again", { FLORIST_EXERCISED: folder })
    const read = Exercised.readAll(folder)
    assert.deepEqual(read.get("POST /v1/vases"), { statuses: { 201: 2, 422: 2 }, extensions: [], attributes: ["title"] })
    assert.deepEqual([read.hasSuccess("POST /v1/vases"), read.hasRefusal("POST /v1/vases")], [true, true])
    assert.deepEqual([read.hasSuccess("GET /v1/vases/{}"), read.hasRefusal("GET /v1/vases/{}")], [false, true])
    assert.deepEqual(read.get("GET /v1/vases/{}")?.extensions, [404])
    assert.equal(read.get("GET /v1/teapot"), undefined)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
