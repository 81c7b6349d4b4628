import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { instant, positiveId, read, text, uuid } from "./input.ts"
import { Refusal } from "./refusal.ts"

const schema = z.strictObject({ shop: positiveId, name: text(5) })

test("every wrong field is named by its parameter, and in a body by its JSON pointer", () => {
  const refusal = refusalOf(() => read(schema, { shop: "0", name: "toolong", extra: 1 }, "query"))
  assert.deepEqual(
    refusal.problems.map(({ status, source }) => [status, source]),
    [
      [422, { parameter: "shop" }],
      [422, { parameter: "name" }],
      [422, { parameter: "query" }],
    ],
  )
})

test("a field of a body is named by its JSON pointer", () => {
  const nested = z.object({ data: z.object({ "a/b": z.array(z.number()) }) })
  const { problems } = refusalOf(() => read(nested, { data: { "a/b": [1, "x"] } }, "body"))
  assert.deepEqual(
    problems.map(({ source }) => source),
    [{ pointer: "/data/a~1b/1" }],
  )
})

test("what is wrong is said in plain words, and in a choice between shapes at the place that is wrong", () => {
  const shape = z.object({
    a: z.union([z.string(), z.object({ b: z.number() })]),
    c: uuid,
    d: z.enum(["x", "y"]),
    e: z.union([z.number(), z.string()]),
    f: text(2),
  })
  const { problems } = refusalOf(() => read(shape, { a: { b: "no" }, c: "no", d: "no", e: {} }, "body"))
  assert.deepEqual(
    problems.map(({ detail, source }) => [detail, source]),
    [
      ["a.b: must be a number", { pointer: "/a/b" }],
      ["c: must be a UUID", { pointer: "/c" }],
      ['d: must be "x" or "y"', { pointer: "/d" }],
      ["e: must be a number, or must be text", { pointer: "/e" }],
      ["f: is missing", { pointer: "/f" }],
    ],
  )
})

test("a missing body is refused like an empty one", () => {
  assert.equal(refusalOf(() => read(schema, undefined, "body")).status, 422)
})

test("what PostgreSQL cannot keep is refused before it gets there", () => {
  for (const bad of ["a\u0000b", "\u0007"]) assert.equal(text(5).safeParse(bad).success, false)
  for (const bad of ["0000-01-01", "9999-12-31", "yesterday", ""]) assert.equal(instant.safeParse(bad).success, false, bad)
  for (const bad of ["9007199254740993", "1e30", "-1", "1.5", "", "NaN", "x"]) assert.equal(positiveId.safeParse(bad).success, false, bad)
})

test("a UUID is read in any case and given back in lower case", () => {
  assert.equal(uuid.parse("0198F2AA-0000-7000-8000-00000000000A"), "0198f2aa-0000-7000-8000-00000000000a")
})

function refusalOf(work: () => unknown): Refusal {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown
    throw thrown
  }
  throw new Error("nothing was refused")
}
