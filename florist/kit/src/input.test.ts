import assert from "node:assert/strict"
import { test } from "node:test"
import { z } from "zod"
import { instant, positiveId, read, text, uuid } from "./input.ts"
import { Refusal } from "./refusal.ts"

const schema = z.strictObject({ shop: positiveId, name: text(5) })

test("every wrong field is named with the part of the request that holds it", () => {
  const refusal = refusalOf(() => read(schema, { shop: "0", name: "toolong", extra: 1 }, "query"))
  assert.deepEqual(
    refusal.problems.map(({ status, source }) => [status, source]),
    [
      [422, "query.shop"],
      [422, "query.name"],
      [422, "query"],
    ],
  )
})

test("a missing body is refused like an empty one", () => {
  assert.equal(refusalOf(() => read(schema, undefined, "body")).status, 422)
})

test("what PostgreSQL cannot keep is refused before it gets there", () => {
  for (const bad of ["a\u0000b", "\u0007"]) assert.equal(text(5).safeParse(bad).success, false)
  for (const bad of ["0000-01-01", "9999-12-31", "+275760-09-13", "yesterday", ""]) assert.equal(instant.safeParse(bad).success, false, bad)
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
