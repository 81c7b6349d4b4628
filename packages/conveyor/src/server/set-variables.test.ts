import assert from "node:assert/strict"
import { test } from "node:test"
import { inspect } from "node:util"
import { revealed } from "../kernel/secret.ts"
import { applied } from "./set-variables.ts"

const nothing = { all: {}, services: {} }
const change = { service: undefined, set: {}, unset: [] }

test("variables are set and unset, for all copies and for those of a service", () => {
  const first = applied(nothing, { ...change, set: { A: "1", B: "2" } })
  const second = applied(first, { ...change, service: "web", set: { A: "web" } })
  const third = applied(second, { ...change, unset: ["B"], set: { A: "3" } })
  assert.deepEqual([revealed(third.all), revealed(third.services["web"] ?? {})], [{ A: "3" }, { A: "web" }])
})

const wrong: [string, Record<string, string>][] = [
  ["a reserved name", { PORT: "planted" }],
  ["a name of the conveyor's", { CONVEYOR_X: "planted" }],
  ["a name that is none", { "A B": "planted" }],
  ["zero bytes", { A: "planted\0" }],
  ["a long value", { A: "planted".repeat(20_000) }],
]
for (const [what, set] of wrong) {
  test(`${what} is refused by name, and the value is not repeated`, () => {
    assert.throws(
      () => applied(nothing, { ...change, set }),
      (thrown: unknown) => {
        const said = inspect(thrown, { depth: 9 })
        assert.match(said, /cannot be set/)
        assert.doesNotMatch(said, /planted/)
        return true
      },
    )
  })
}

test("what is not set cannot be unset", () => {
  assert.throws(() => applied(nothing, { ...change, unset: ["A"] }), { code: "bad-name" })
  assert.throws(
    () => applied(applied(nothing, { ...change, set: { A: "1" } }), { ...change, service: "web", unset: ["A"] }),
    /A is not set for web/,
  )
})
