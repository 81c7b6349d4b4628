import assert from "node:assert/strict"
import { test } from "node:test"
import { Health } from "../../release/copies/health.ts"
import type { Copy } from "../../runtime/runtime.ts"
import { findingOf } from "./copy-checks.ts"

const now = 1_000_000
const copy: Copy = {
  id: "c1",
  service: "web",
  version: "v2",
  release: "r",
  index: 0,
  artifact: "a",
  node: "n",
  address: { host: "127.0.0.1", port: 1 },
  state: "running",
  startedAt: 0,
  restarts: 0,
}

const health = (note: (health: Health) => void) => {
  const made = new Health()
  note(made)
  return made
}

for (const [what, of, about, outcome] of [
  ["said a moment ago that it is well", {}, health((each) => each.noteWell("c1", now - 1_000)), "fine"],
  ["was well a minute ago, and has not been heard since", {}, health((each) => each.noteWell("c1", now - 60_000)), "unknown"],
  ["has never been heard of", {}, new Health(), "unknown"],
  ["does not answer", {}, health((each) => each.noteIll("c1", { kind: "silent", reason: "no answer", outAfter: 3 }, now)), "problem"],
  ["has ended", { state: "exited", end: { reason: "exit code 1", at: now, how: "by-itself" } }, new Health(), "problem"],
  ["ends again and again", { state: "crash-loop" }, new Health(), "problem"],
  ["runs on a machine that cannot be asked", { state: "unknown" }, health((each) => each.noteWell("c1", now)), "unknown"],
] as const) {
  test(`a copy that ${what} is ${outcome}`, () => assert.equal(findingOf({ ...copy, ...of }, about, now).outcome, outcome))
}
