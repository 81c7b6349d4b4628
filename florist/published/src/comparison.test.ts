import { documentOut, manyOut, oneOut, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import { roubles, roublesOut } from "@florist/kit/money"
import { quantityOut } from "@florist/kit/quantity"
import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { smallDocument } from "../test/small-document.ts"
import { compare, isWhole } from "./comparison.ts"
import type { OfferedBy, OperationCoverage } from "./comparison.ts"
import { offeredBy } from "./offered.ts"
import type { OfferedOperation } from "./offered.ts"
import { parsePublication, readPublication, skipWithoutPublication } from "./publication.ts"
import { renderTable, totalsOf } from "./table.ts"

const publication = parsePublication(smallDocument)

const vase = resourceOut(
  "vases",
  {
    title: z.string(),
    glaze: z.string().nullable(),
    price: roublesOut,
    height: z.int(),
    weight: quantityOut,
    firedAt: z.string(),
    madeOn: z.string(),
    soldTo: z.string().nullable(),
    shelf: z.string(),
    ours: z.boolean(),
  },
  { potter: oneOut },
)

const made: OfferedOperation = {
  method: "POST",
  path: "/v1/vases",
  access: ["owner"],
  body: resourceIn("vases", z.object({ title: z.string().trim(), price: roubles }), z.object({ potter: toOne() }).optional()),
  answers: { 201: documentOut(vase) },
  refuses: [409],
}
const one: OfferedOperation = {
  method: "GET",
  path: "/v1/vases/{vaseId}",
  access: ["owner"],
  answers: { 200: documentOut(vase) },
  refuses: [404],
}
const many: OfferedOperation = {
  method: "GET",
  path: "/v1/vases",
  access: ["owner"],
  query: z
    .object({ "filter[glaze]": z.string().optional(), "page[size]": z.coerce.number().optional() })
    .transform((query) => ({ glaze: query["filter[glaze]"] })),
  answers: {
    200: documentOut(z.array(z.union([vase.omit({ relationships: true }), resourceOut("vases", {}, { potter: manyOut })])), {
      total: z.int(),
    }),
  },
  refuses: [400],
}

function compared(offered: Readonly<Record<string, readonly OfferedOperation[]>>) {
  const by: OfferedBy = Object.fromEntries(Object.entries(offered).map(([service, its]) => [service, its.map(offeredBy)]))
  const comparison = compare(publication, by)
  const at = (method: string, path: string): OperationCoverage => {
    const found = comparison.operations.find((operation) => operation.method === method && operation.path === path)
    assert.ok(found)
    return found
  }
  return { comparison, at }
}

test("what a service makes with the kit's shapes is found under the published names, through transformations, choices and lists", () => {
  const { at, comparison } = compared({ shelves: [one, many], kilns: [made] })
  const listed = at("GET", "/v1/vases")
  assert.deepEqual(
    [listed.service, listed.parameters, isWhole(listed)],
    ["shelves", { published: 1, missing: [], extra: ["page[size]"] }, true],
  )
  assert.deepEqual(listed.answer.missing, [])
  assert.deepEqual(listed.answer.extra, ["ours"])
  const single = at("GET", "/v1/vases/{id}")
  assert.deepEqual([single.service, single.answer.published, isWhole(single)], ["shelves", 10, true])
  assert.deepEqual(comparison.extensions, [])
})

test("what is missing is named: an attribute, a relationship, a figure of meta, a parameter, a status, an operation", () => {
  const poor = documentOut(z.object({ type: z.string(), id: z.string(), attributes: vase.shape.attributes.omit({ price: true }) }))
  const { at } = compared({
    shelves: [
      { ...one, answers: { 200: poor } },
      { ...many, query: z.object({}), answers: { 200: poor } },
    ],
    kilns: [made],
  })
  assert.deepEqual(at("GET", "/v1/vases/{id}").answer.missing, ["price", "potter"])
  assert.deepEqual(at("GET", "/v1/vases").answer.missing, ["price", "potter", "meta.total"])
  assert.deepEqual(at("GET", "/v1/vases").parameters.missing, ["filter[glaze]"])
  assert.deepEqual(at("POST", "/v1/vases").request, { published: 4, missing: ["glaze"], extra: [] })
  assert.deepEqual(at("POST", "/v1/vases").statuses, { missing: [422], extra: [409, 401, 403, 503] })
  assert.equal(at("POST", "/v1/photos").service, undefined)
  assert.equal(isWhole(at("POST", "/v1/photos")), false)
})

test("an answer whose attributes nobody described offers none of them", () => {
  const vague = documentOut(z.object({ type: z.string(), id: z.string(), attributes: z.record(z.string(), z.unknown()) }))
  const { at } = compared({ shelves: [{ ...one, answers: { 200: vague } }] })
  assert.equal(at("GET", "/v1/vases/{id}").answer.missing.length, 10)
})

test("what a service refuses in the published example of a request is told, but for ids, which are ours to give", () => {
  const strict = (title: z.ZodType): OfferedOperation => ({
    ...made,
    body: resourceIn("vases", z.object({ title, price: roubles }), z.object({ potter: toOne() }).optional()),
  })
  const refused = (title: z.ZodType) => compared({ kilns: [strict(title)] }).at("POST", "/v1/vases").refusedExamples
  assert.deepEqual(refused(z.string()), [])
  assert.deepEqual(refused(z.string().min(5, "is short")), ["data.attributes.title: is short"])
})

test("what is ours, and what two services offer, is told apart", () => {
  const { comparison } = compared({ shelves: [one, { ...one, path: "/v1/hooks" }], kilns: [{ ...one, path: "/v1/vases/{id}" }] })
  assert.deepEqual(comparison.extensions, [{ operation: "GET /v1/hooks", service: "shelves" }])
  assert.deepEqual(comparison.twice, [{ operation: "GET /v1/vases/{id}", services: ["shelves", "kilns"] }])
})

test("the table counts by tag, names what is missing in lines that fit, and lists whole operations only when asked", () => {
  const { comparison } = compared({ shelves: [one, many], kilns: [made] })
  const table = (show: "incomplete" | "all") => renderTable(comparison, { width: 60, colour: (_name, text) => text, show })
  assert.match(table("incomplete"), /^Vases +2 of 4$/m)
  assert.match(table("incomplete"), /^ {2}- POST {3}\/v1\/vases {2}kilns\n {11}lacks in requests: glaze$/m)
  assert.match(table("incomplete"), /^ {2}- POST {3}\/v1\/photos {2}missing$/m)
  assert.doesNotMatch(table("incomplete"), /shelves/)
  assert.match(table("all"), /^ {2}\+ GET {4}\/v1\/vases\/\{id\} {2}shelves$/m)
  assert.ok(
    table("all")
      .split("\n")
      .every((line) => line.length <= 60),
  )
  const totals = totalsOf(comparison.operations)
  assert.deepEqual(totals.operations, { offered: 3, whole: 2, published: 5 })
  assert.deepEqual(
    [totals.parameters, totals.request],
    [
      { published: 1, offered: 1 },
      { published: 5, offered: 3 },
    ],
  )
})

test("without a service all 153 published operations are missing", skipWithoutPublication(), () => {
  const { operations } = totalsOf(compare(readPublication(), {}).operations)
  assert.deepEqual(operations, { offered: 0, whole: 0, published: 153 })
})

test("a platform that offers just what is published is whole: 153 of 153", skipWithoutPublication(), () => {
  const published = readPublication()
  const offered = published.operations.map((operation) => ({
    method: operation.method,
    path: operation.path,
    query: Object.fromEntries(operation.parameters.map(({ name, schema }) => [name, schema])),
    body: [...operation.request.values()][0]?.schema,
    refusesIn: () => [],
    answers: new Map([...operation.answers].map(([status, answer]) => [status, [...answer.values()][0]?.schema])),
    statuses: [...operation.answers.keys()],
  }))
  const { operations, parameters, request, answer } = totalsOf(compare(published, { all: offered }).operations)
  assert.deepEqual(operations, { offered: 153, whole: 153, published: 153 })
  for (const { offered: ours, published: theirs } of [parameters, request, answer]) assert.ok(ours === theirs && theirs > 300)
})
