import assert from "node:assert/strict"
import { test } from "node:test"
import { shownVase, smallDocument } from "../test/small-document.ts"
import { parsePublication, readPublication, skipWithoutPublication } from "./publication.ts"
import { Validator } from "./validator.ts"
import type { SeenAnswer } from "./validator.ts"

const mediaType = "application/vnd.api+json"
const validator = new Validator(parsePublication(smallDocument))
const error = { id: "e1", status: "422", code: "invalid", title: "Invalid", detail: "Say a title." }

const answer = (more: Partial<SeenAnswer>): SeenAnswer => ({
  method: "GET",
  path: "/v1/vases/{id}",
  status: 200,
  contentType: mediaType,
  body: { data: shownVase },
  ...more,
})
const faultsOf = (more: Partial<SeenAnswer>): string => validator.judge(answer(more)).faults.join("; ")

test("an answer as published passes, whatever its path's parameters are called", () => {
  assert.deepEqual(validator.judge(answer({})), { standing: "published", faults: [] })
  assert.deepEqual(validator.judge(answer({ path: "/v1/vases/{vase}" })), { standing: "published", faults: [] })
  assert.equal(faultsOf({ contentType: `${mediaType}; charset=utf-8` }), "")
})

test("an answer that a published client could not read is told, with the place", () => {
  assert.match(faultsOf({ body: {} }), /lacks "data"/)
  assert.match(faultsOf({ body: undefined }), /published as object/)
  assert.match(faultsOf({ body: { data: { ...shownVase, type: "pots" } } }), /\/data is of type "pots", published as "vases"/)
  assert.match(faultsOf({ body: { data: { type: "vases", attributes: {} } } }), /\/data has no "id"/)
  assert.match(faultsOf({ body: { data: { ...shownVase, attributes: { title: 1 } } } }), /\/data\/attributes\/title/)
  assert.match(
    faultsOf({ body: { data: { ...shownVase, relationships: { potter: { data: { type: "potters" } } } } } }),
    /potter\/data has no "id"/,
  )
  assert.match(faultsOf({ contentType: "application/json" }), /content type is application\/json/)
  assert.throws(() => validator.assertAnswer(answer({ body: {} })), /GET \/v1\/vases\/\{id\} answered 200, not as published:\n {2}- /)
})

test("a refusal holds published errors, whatever its status", () => {
  const refused = (body: unknown, status = 422) => faultsOf({ method: "POST", path: "/v1/vases", status, body })
  assert.equal(refused({ errors: [error] }), "")
  assert.match(refused({ message: "no" }), /holds a list "errors"/)
  assert.match(refused({ errors: [] }), /\/errors is empty/)
  assert.match(refused({ errors: [{ ...error, status: 422 }] }), /\/errors\/0: \/status is number/)
  assert.match(refused({ errors: [{ id: "e1", status: "422", code: "invalid", title: "Invalid" }] }), /lacks "detail"/)
  assert.match(refused({ errors: [error] }, 409), /no error has the status "409"/)
})

test("a status that is not listed is an extension, held to the same form; a 5xx is always a fault", () => {
  const errors = (status: string) => ({ errors: [{ ...error, status }] })
  assert.deepEqual(validator.judge(answer({ status: 409, body: errors("409") })), { standing: "extension", faults: [] })
  assert.equal(validator.judge(answer({ status: 404, body: "gone" })).faults.length > 0, true)
  assert.match(faultsOf({ status: 503, body: errors("503") }), /503 is the server's fault/)
  assert.deepEqual(validator.outageFaults(answer({ status: 503, body: errors("503") })), [])
  assert.match(
    faultsOf({ status: 202, body: { data: { ...shownVase, attributes: { title: 1 } } } }),
    /title/,
    "held against the listed success",
  )
})

test("an operation beyond the publication is held to JSON:API's form alone", () => {
  const ours = { method: "POST", path: "/v1/hooks" }
  assert.deepEqual(validator.judge(answer({ ...ours, body: { data: { type: "hooks", id: "1" } } })), { standing: "extension", faults: [] })
  assert.match(faultsOf({ ...ours, body: { data: { id: "1" } } }), /has no "type"/)
  assert.match(faultsOf({ ...ours, body: { hooks: [] } }), /none of data, errors and meta/)
})

test("an answer without a body is right where none is published, and only there", () => {
  const gone = { method: "DELETE", path: "/v1/vases/{id}", contentType: null, body: undefined }
  assert.equal(faultsOf({ ...gone, status: 204 }), "")
  assert.equal(faultsOf({ ...gone, status: 200 }), "")
  assert.match(faultsOf({ ...gone, status: 204, body: {} }), /204 has no body/)
})

test("a request that is not as published is told", () => {
  const asked = (body: unknown, contentType = mediaType) =>
    validator.requestFaults({ method: "POST", path: "/v1/vases", contentType, body }).join("; ")
  assert.equal(asked({ data: { type: "vases", attributes: { title: "Low" } } }), "")
  assert.match(asked({ data: { type: "vases", attributes: {} } }), /lacks "title"/)
  assert.match(asked({ data: { attributes: { title: 1 } } }), /title is number/)
  assert.match(asked({ data: {} }, "text/plain"), /text\/plain is not among/)
  assert.match(
    validator.requestFaults({ method: "GET", path: "/v1/vases", contentType: mediaType, body: {} }).join(),
    /published without a body/,
  )
})

test("every published example is a right answer, and an empty one lacks its data", skipWithoutPublication(), () => {
  const publication = readPublication()
  const real = new Validator(publication)
  for (const { method, path, answers } of publication.operations) {
    for (const [status, bodies] of answers) {
      const published = bodies.get(mediaType)
      if (published === undefined || status === 204) continue
      const faults = (body: unknown) => real.judge({ method, path, status, contentType: mediaType, body }).faults
      for (const example of published.examples) assert.deepEqual(faults(example), [], `${method} ${path} ${status}`)
      if (status < 300 && published.schema.properties?.data !== undefined)
        assert.notDeepEqual(faults({}), [], `${method} ${path} ${status}`)
    }
  }
})
