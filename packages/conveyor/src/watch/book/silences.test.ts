import assert from "node:assert/strict"
import { test } from "node:test"
import { matches } from "./silences.ts"

for (const [pattern, name, is] of [
  ["edge", "edge", true],
  ["edge", "edges", false],
  ["*", "anything at all", true],
  ["copy web/*", "copy web/1", true],
  ["copy web/*", "copy worker/1", false],
  ["copy */1", "copy web/1", true],
  ["copy */1", "copy web/11", false],
  ["shard *-1*", "shard shop-1-a", true],
  ["a*a", "a", false],
  [".*", "edge", false],
] as const) {
  test(`a silence of "${pattern}" is ${is ? "" : "not "}over "${name}"`, () => assert.equal(matches(pattern, name), is))
}
