import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { smallDocument } from "../test/small-document.ts"
import { startVaseServer, vaseOperations } from "../test/vase-server.ts"
import type { Fault, VaseServer } from "../test/vase-server.ts"
import { brokenBody, rightBody } from "./arbitraries.ts"
import { compile } from "./compile.ts"
import { correct } from "./corrections.ts"
import { PublishedClient } from "./exchange.ts"
import { fuzz } from "./fuzz.ts"
import { keyOf, parsePublication, readPublication, skipWithoutPublication } from "./publication.ts"
import { Validator } from "./validator.ts"

const publication = parsePublication(smallDocument)
const seed = 20_260_308

function fuzzed(server: VaseServer) {
  const client = new PublishedClient({ base: server.base, validator: new Validator(publication) })
  const fingerprint = async () => String(server.titles.length)
  return fuzz({ client, publication, operations: vaseOperations, numRuns: 150, seed, fingerprint, params: () => ({ id: "0" }) })
}

test("a right server passes, with successes and refusals among its answers, and services' own operations are left out", async () => {
  await using server = await startVaseServer()
  const { requests, answers } = await fuzzed(server)
  assert.equal(requests, 450)
  assert.deepEqual(Object.keys(answers), ["GET /v1/vases", "POST /v1/vases", "GET /v1/vases/{id}"])
  for (const status of [201, 422]) assert.ok((answers["POST /v1/vases"]?.[status] ?? 0) > 10, `enough of ${status}`)
  for (const status of [200, 404]) assert.ok((answers["GET /v1/vases/{id}"]?.[status] ?? 0) > 10, `enough of ${status}`)
})

const planted: [Fault, RegExp][] = [
  ["crashes on half a character", /POST \/v1\/vases\n[^]*500 is the server's fault/],
  ["forgets data", /lacks "data"/],
  ["writes before it refuses", /was refused \(422\) and wrote all the same/],
  ["refuses in plain words", /holds a list "errors"/],
]
for (const [fault, told] of planted) {
  test(`a server that ${fault} is found out, with the seed that finds it again`, async () => {
    await using server = await startVaseServer(fault)
    await assert.rejects(fuzzed(server), (error) => {
      assert.ok(error instanceof AggregateError)
      assert.match(error.message, told)
      assert.match(error.message, new RegExp(`seed: ${seed}`))
      return true
    })
  })
}

test("right bodies are right by every published schema, and broken ones mostly are not", skipWithoutPublication(), () => {
  let broken = 0
  let drawn = 0
  for (const operation of readPublication().operations) {
    for (const [type, body] of operation.request) {
      if (!type.includes("json")) continue
      const { schema } = correct(body, "request")
      const check = compile(schema)
      for (const right of fc.sample(rightBody(schema), { numRuns: 5, seed })) assert.deepEqual(check(right), [], keyOf(operation))
      const samples = fc.sample(brokenBody(schema), { numRuns: 20, seed })
      drawn += samples.length
      broken += samples.filter((sample) => check(sample).length > 0).length
    }
  }
  assert.ok(broken > drawn / 3, `${broken} of ${drawn} broken bodies break the schema`)
})
