import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Health } from "./health.ts"
import type { Heard } from "./health.ts"
import { Traffic } from "./traffic.ts"

const targets = ["a", "b", "c"].map((copy, i) => ({ copy, host: "127.0.0.1", port: i + 1 }))
const target = (copy: string) => ({ copy, host: "127.0.0.1", port: 1 })

function watched() {
  const changes: string[] = []
  const health = new Health(({ copy, change, reason }) => changes.push(`${copy} ${change}: ${reason}`))
  const tell = (copy: string, heard: Heard, at: number, times = 1) => {
    for (let i = 0; i < times; i++) {
      health.asked(copy, at)
      health.heard(copy, heard, at)
    }
  }
  const isOut = (copy: string, at: number) => health.standingOf(target(copy), targets, at).isOut
  return { health, changes, tell, isOut }
}

test("a copy that refuses is out at once, longer each time, and comes back slowly", () => {
  const { health, tell, isOut, changes } = watched()
  tell("a", "refused", 0)
  assert.deepEqual([isOut("a", 0), isOut("a", 999), isOut("a", 1_000)], [true, true, false])
  tell("a", "refused", 1_100)
  assert.deepEqual([isOut("a", 3_000), isOut("a", 3_100)], [true, false])
  const weights = [3_100, 4_600, 8_100].map((at) => Math.round(health.standingOf(target("a"), targets, at).weight))
  assert.deepEqual(weights, [10, 3, 1])
  assert.deepEqual(changes, [
    "a out: it refuses connections",
    "a back: it refuses connections",
    "a out: it refuses connections",
    "a back: it refuses connections",
  ])
})

test("a copy that hangs is out within a second while its siblings answer, and not where nobody does", () => {
  for (const siblingsAnswer of [true, false]) {
    const { health, tell, isOut } = watched()
    for (let i = 0; i < 3; i++) health.asked("a", 0)
    for (let at = 0; at <= 900; at += 100) if (siblingsAnswer) tell("b", "answered", at)
    assert.equal(isOut("a", 900), siblingsAnswer)
  }
})

test("a copy that fails far more than its siblings is out, and not where all fail alike", () => {
  for (const others of ["answered", "failed"] as const) {
    const { tell, isOut } = watched()
    tell("a", "failed", 0, 10)
    tell("b", others, 0, 10)
    assert.equal(isOut("a", 0), others === "answered")
  }
})

test("requests that break off three times in a row take a copy out; what clients leave says nothing", () => {
  const { tell, isOut } = watched()
  tell("a", "left", 0, 100)
  tell("a", "broke", 0, 2)
  tell("a", "answered", 0)
  tell("a", "broke", 0, 2)
  assert.equal(isOut("a", 0), false)
  tell("a", "timed-out", 0)
  assert.equal(isOut("a", 0), true)
})

const event = fc.record({
  copy: fc.constantFrom("a", "b", "c"),
  heard: fc.constantFrom<Heard>("answered", "failed", "refused", "broke", "timed-out", "left"),
  passes: fc.nat(2_000),
})

test("whatever happens, there is a copy to ask, and one that answers all and at once is never out", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      let now = 0
      const { tell, isOut } = watched()
      const traffic = new Traffic(() => now)
      const versions = { v1: { release: "r", targets: { web: targets } } }
      traffic.use({ epoch: 0, generation: 1, current: "v1", routes: [{ prefix: "/", service: "web" }], versions })
      for (const { copy, heard, passes } of events) {
        now += passes
        tell(copy, copy === "c" ? "answered" : heard, now)
        const claim = traffic.claim("/x", undefined, new Set())
        assert.ok("target" in claim)
        claim.heard(heard)
        claim.release()
        assert.equal(isOut("c", now), false)
      }
    }),
  )
})
