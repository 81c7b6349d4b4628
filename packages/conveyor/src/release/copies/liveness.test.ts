import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Copy, WantedService } from "../../runtime/runtime.ts"
import { Health } from "./health.ts"
import type { IllnessKind } from "./health.ts"
import { judge } from "./liveness.ts"
import { anyCheck } from "../../runtime/testing.ts"

const now = 1_000_000
const wanted = (copies: number): WantedService => ({
  service: "web",
  version: "v1",
  commit: "c",
  release: "r-1",
  artifact: { id: "a", kind: "directory", ref: "/" },
  copies,
  health: anyCheck,
  role: "server",
  whenNotCurrent: "keep",
  work: "working",
  startWithinMs: 60_000,
  stopGraceMs: 1_000,
})

const copyOf = (index: number, overrides: Partial<Copy> = {}): Copy => ({
  id: `web-${index}`,
  service: "web",
  version: "v1",
  release: "r-1",
  index,
  artifact: "a",
  node: "here",
  address: { host: "127.0.0.1", port: index },
  state: "running",
  startedAt: 0,
  restarts: 0,
  ...overrides,
})

type Said = "well" | IllnessKind | "nothing"

/** Each copy has said that since so long; whoever is ill now has been asked more than often enough. */
function after(said: readonly Said[], { sinceMs = 10_000, failures = 5, copies = said.map((_, i) => copyOf(i)) } = {}) {
  const health = new Health()
  for (const [i, each] of said.entries()) {
    if (each === "nothing") continue
    health.noteWell(`web-${i}`, now - 60_000)
    if (each === "well") health.noteWell(`web-${i}`, now)
    else for (let n = 0; n < failures; n++) health.noteIll(`web-${i}`, { kind: each, reason: each, outAfter: 3 }, now - sinceMs)
  }
  const verdicts = judge({ wanted: [wanted(said.length)], copies }, health, now)
  return verdicts.map((verdict) => (verdict.do === "hold" ? "hold" : verdict.copy.index))
}

test("a copy that is ill beside one that is well is given up, whatever its illness", () => {
  for (const ill of ["silent", "refuses", "says-so"] as const) assert.deepEqual(after(["well", ill]), [1])
})

test("fewer failures than it takes are none", () => {
  assert.deepEqual(after(["well", "silent"], { failures: 2 }), [])
})

test("where all hang or say so, what they share may be down: none is given up", () => {
  assert.deepEqual(after(["silent", "silent", "silent"]), ["hold"])
  assert.deepEqual(after(["says-so", "says-so"], { sinceMs: 600_000 }), ["hold"])
  assert.deepEqual(after(["silent", "says-so"]), ["hold"])
})

test("where all hang for long, one is given up to see whether that helps, and the next only when it has", () => {
  assert.deepEqual(after(["silent", "silent", "silent"], { sinceMs: 30_000 }), [0])
  const tried = [copyOf(0, { id: "new", startedAt: now - 5_000 }), copyOf(1), copyOf(2)]
  assert.deepEqual(after(["nothing", "silent", "silent"], { sinceMs: 60_000, copies: tried }), [])
  assert.deepEqual(after(["well", "silent", "silent"], { sinceMs: 60_000 }), [1])
})

test("whoever does not listen is given up even where nobody is well, one after the other", () => {
  assert.deepEqual(after(["refuses"]), [0])
  assert.deepEqual(after(["refuses", "refuses"]), [0])
})

test("a copy that has never been well is given the time that a start may take", () => {
  const health = new Health()
  for (let n = 0; n < 50; n++) health.noteIll("web-0", { kind: "refuses", reason: "", outAfter: 3 }, now)
  const verdictsAt = (startedAt: number) => judge({ wanted: [wanted(1)], copies: [copyOf(0, { startedAt })] }, health, now).length
  assert.deepEqual([verdictsAt(now - 59_000), verdictsAt(now - 60_000)], [0, 1])
})

test("never more than a quarter of the copies, or one, are on their way out or back at once", () => {
  const said = fc.constantFrom<Said>("well", "silent", "refuses", "says-so", "nothing")
  fc.assert(
    fc.property(fc.array(said, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: 120_000 }), (all, sinceMs) => {
      const given = after(all, { sinceMs }).filter((each) => each !== "hold").length
      const coming = all.filter((each) => each === "nothing").length
      assert.ok(given === 0 || given + coming <= Math.max(1, Math.floor(all.length / 4)))
    }),
  )
})
