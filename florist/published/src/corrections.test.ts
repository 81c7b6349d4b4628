import assert from "node:assert/strict"
import { test } from "node:test"
import { smallDocument } from "../test/small-document.ts"
import { compile } from "./compile.ts"
import { correct, corrections } from "./corrections.ts"
import type { Correction } from "./corrections.ts"
import { documentFaults } from "./jsonapi.ts"
import { correctionsIn } from "./proofs.ts"
import { bodiesOf, keyOf, parsePublication, readPublication, skipWithoutPublication } from "./publication.ts"
import type { Publication } from "./publication.ts"

/** Examples of a publication that fail its own schemas under some of the corrections. */
function failing(publication: Publication, rules: readonly Correction[]): string[] {
  return bodiesOf(publication).flatMap(({ place, side, body }) => {
    const check = compile(correct(body, side, rules).schema)
    return body.examples.flatMap((example) => check(example).map((fault) => `${place}: ${fault}`))
  })
}

function assertNeeded(publication: Publication): void {
  for (const { name, proofs } of correctionsIn(publication)) assert.ok(proofs > 0, `"${name}" corrects nothing that an example proves`)
}

const small = parsePublication(smallDocument)
const answerOf = (key: string, status: number) => {
  const body = small.operations
    .find((operation) => keyOf(operation) === key)
    ?.answers.get(status)
    ?.get("application/vnd.api+json")
  assert.ok(body)
  return compile(correct(body, "answer").schema)
}

test("with the corrections every example of the small document passes, and without any one of them one fails", () => {
  assert.deepEqual(failing(small, corrections), [])
  assertNeeded(small)
})

test("a corrected schema still finds what is wrong", () => {
  const check = answerOf("GET /v1/vases/{}", 200)
  const right = { data: { type: "vases", id: "1", attributes: { title: "Low", price: 1.5, glaze: null, height: 30 } } }
  assert.deepEqual(check(right), [])
  const wrong = (attributes: object) => check({ data: { ...right.data, attributes: { ...right.data.attributes, ...attributes } } }).join()
  assert.match(wrong({ title: 5 }), /\/data\/attributes\/title is number \(5\), published as string/)
  assert.equal(wrong({ glaze: "dull" }), "", "a list that holds nothing of what is shown is another attribute's")
  assert.match(wrong({ glaze: 5 }), /glaze is number \(5\), published as/)
  assert.match(wrong({ height: 30.5 }), /height .*integer/, "what is neither money nor quantity stays whole")
  assert.match(wrong({ price: "dear" }), /price is string/)
  assert.match(wrong({ firedAt: "yesterday" }), /firedAt is "yesterday", published in the format moment/)
  assert.match(check({ data: { ...right.data, id: null } }).join(), /\/data\/id is null/, "an id is never null")
  assert.match(check({ data: [right.data] }).join(), /\/data is array/, "a list where one is published and shown")
  assert.match(
    check({ data: { ...right.data, relationships: { potter: { data: { type: "potters", id: 7 } } } } }).join(),
    /id is number \(7\), published as string/,
  )
})

test(
  "with the corrections every published example passes, JSON:API's form too, and each schema still refuses another form",
  skipWithoutPublication(),
  () => {
    let shown = 0
    for (const { place, side, body } of bodiesOf(readPublication())) {
      const check = compile(correct(body, side).schema)
      for (const example of body.examples) {
        assert.deepEqual(check(example), [], place)
        if (side === "answer") assert.deepEqual(documentFaults(example), [], place)
        shown++
      }
      assert.notDeepEqual(check("text"), [], place)
      assert.notDeepEqual(check(null), [], place)
      for (const member of ["data", "errors"]) {
        if (body.schema.properties?.[member] !== undefined) assert.notDeepEqual(check({ [member]: "text" }), [], `${place} ${member}`)
      }
    }
    assert.ok(shown > 150, "there are examples to learn from")
  },
)

test("every correction is needed: without it a published example fails", skipWithoutPublication(), () => {
  assertNeeded(readPublication())
})
