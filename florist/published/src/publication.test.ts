import assert from "node:assert/strict"
import { test } from "node:test"
import { smallDocument } from "../test/small-document.ts"
import { keyOf, parsePublication, readPublication, skipWithoutPublication } from "./publication.ts"

const small = parsePublication(smallDocument)
const named = (key: string) => small.operations.find((operation) => keyOf(operation) === key)

test("operations are read, and what stands beside the methods is none", () => {
  assert.deepEqual(small.operations.map(keyOf), [
    "GET /v1/vases",
    "POST /v1/vases",
    "GET /v1/vases/{}",
    "DELETE /v1/vases/{}",
    "POST /v1/photos",
  ])
  assert.equal(named("GET /v1/vases")?.operationId, "ListVases")
  assert.equal(named("POST /v1/vases")?.operationId, undefined)
  assert.deepEqual([...(named("POST /v1/vases")?.answers.keys() ?? [])], [201, 422])
  assert.deepEqual([...(named("POST /v1/photos")?.request.keys() ?? [])], ["multipart/form-data"])
})

test("a reference is followed by its escapes, through other references, and what stands beside it is ignored", () => {
  const made = named("POST /v1/vases")?.answers.get(201)?.get("application/vnd.api+json")
  assert.ok(made?.schema.properties?.data?.properties?.attributes?.properties?.glaze, "the reference beside a type is in place")
  const photo = named("POST /v1/photos")?.answers.get(200)?.get("application/vnd.api+json")
  assert.ok(photo?.schema.properties?.data?.properties?.attributes?.properties?.glaze, "the reference through a reference is in place")
  assert.deepEqual(photo.schema.properties.data.properties.lost, {}, "a reference to nowhere allows everything")
  assert.deepEqual(small.oddReferences.map(({ fault }) => fault).toSorted(), ["endless", "indirect", "missing"])
})

test("a path is the same whatever its parameters are called", () => {
  assert.equal(keyOf({ method: "get", path: "/v1/a/{id}/b/{x}" }), keyOf({ method: "GET", path: "/v1/a/{aId}/b/{bId}" }))
  assert.notEqual(keyOf({ method: "GET", path: "/v1/a/{id}" }), keyOf({ method: "GET", path: "/v1/a/b" }))
})

test("a missing variable, a missing file and a file that is no OpenAPI document are told in words", () => {
  assert.match(String(skipWithoutPublication({}).skip), /POSIFLORA_OPENAPI does not name/)
  assert.throws(() => readPublication({}), /Set it to the path/)
  assert.throws(() => readPublication({ POSIFLORA_OPENAPI: "nowhere.json" }), /nowhere\.json, which cannot be read/)
  assert.throws(() => parsePublication({ openapi: "2.0", paths: {} }), /only OpenAPI 3\.0/)
})

test("the published API has 153 operations, and only two of its references lead astray", skipWithoutPublication(), () => {
  const { operations, oddReferences } = readPublication()
  assert.equal(operations.length, 153)
  assert.equal(new Set(operations.map(keyOf)).size, 153)
  assert.deepEqual(
    oddReferences.map(({ fault }) => fault),
    ["indirect", "indirect"],
  )
})
