import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { manyWhole, resourceIn, resourceOut, documentOut, toOne } from "./document.ts"
import { refuseUnknown, several } from "./input.ts"
import { Refusal } from "./refusal.ts"

const line = z.object({ id: z.string().optional(), attributes: z.object({ qty: z.number() }) }).transform(({ attributes }) => attributes)
const vase = resourceIn(
  "vases",
  z.object({ title: z.string(), size: z.union([z.string(), z.object({ width: z.number() })]).optional() }),
  z.object({ store: toOne(), lines: manyWhole(line) }).default({}),
)
const vaseOut = documentOut(
  resourceOut("vases", { title: z.string(), revision: z.int() }, { lines: z.object({ data: z.array(z.unknown()) }) }),
)

const refusedAt = (schema: z.ZodType, value: unknown, part: "body" | "query" = "body", echoes?: z.ZodType) => {
  try {
    refuseUnknown(schema, value, part, echoes)
    return []
  } catch (refusal) {
    assert.ok(refusal instanceof Refusal)
    return refusal.problems.map(({ source }) => Object.values(source ?? {})[0] as string)
  }
}

test("a member, a relationship and a part of a line that nobody knows are each refused at their place", () => {
  const data = {
    type: "vases",
    colour: "blue",
    attributes: { title: "Tall", size: { width: 1, depth: 2 }, price: 5 },
    relationships: { shelf: { data: null }, lines: { data: [{ attributes: { qty: 1, colour: "blue" } }] } },
  }
  assert.deepEqual(refusedAt(vase, { data, included: [] }), [
    "/data/colour",
    "/data/attributes/size/depth",
    "/data/attributes/price",
    "/data/relationships/shelf",
    "/data/relationships/lines/data/0/attributes/colour",
    "/included",
  ])
})

test("meta, links and jsonapi ask for nothing and may stand wherever JSON:API has them, and not among the attributes", () => {
  const frame = { meta: {}, links: {}, jsonapi: { version: "1.0" } }
  const data = { attributes: { title: "Tall" }, relationships: { lines: { data: [], ...frame }, store: null }, ...frame }
  assert.deepEqual(refusedAt(vase, { data, ...frame }), [])
  assert.deepEqual(refusedAt(vase, { data: { attributes: { title: "Tall", meta: {} } } }), ["/data/attributes/meta"])
})

test("what the answer shows of the same resource may come back; the same in a resource that is new is refused", () => {
  const body = { data: { attributes: { title: "Tall", revision: 7 } } }
  assert.deepEqual(refusedAt(vase, body, "body", vaseOut), [])
  assert.deepEqual(refusedAt(vase, body), ["/data/attributes/revision"])
})

test("a filter, a sort or an include that the list does not know is refused by its name, and the known ones are told", () => {
  const query = z.object({ search: z.string().optional(), "filter[ids]": several(z.string()).optional() })
  assert.deepEqual(refusedAt(query, { "filter[ids]": "a,b", "filter[phone]": "7", sort: "-x" }, "query"), ["filter[phone]", "sort"])
  assert.throws(
    () => refuseUnknown(query, { "filter[phone]": "7" }, "query"),
    /filter\[phone\] is not known here.*Known are: search, filter\[ids\]\./,
  )
})

test("attributes or relationships of a resource that has none may be there, and be empty; its type may be said always", () => {
  const bare = z.object({ data: z.object({ attributes: z.object({ title: z.string() }) }) })
  const data = (relationships: object) => ({ data: { attributes: { title: "Tall" }, relationships } })
  assert.deepEqual(refusedAt(bare, { data: { type: "vases", attributes: { title: "Tall" } } }), [])
  assert.deepEqual(refusedAt(bare, data({})), [])
  assert.deepEqual(refusedAt(bare, data({ store: null })), ["/data/relationships"])
})

test("what is named like a part of every object is a member as any other", () => {
  assert.deepEqual(refusedAt(z.object({}), { constructor: 1, toString: 2 }), ["/constructor", "/toString"])
})
