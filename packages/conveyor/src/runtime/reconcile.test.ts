import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { afterEnd, crashLoopAfter, decide, hasEnded, newCrashLoops, stableMs } from "./reconcile.ts"
import type { Copy, CopyEnd, CopyState, WantedService } from "./runtime.ts"
import { anyCheck } from "./testing.ts"

const now = 1_000_000

const wanted = (copies: number): WantedService => ({
  service: "web",
  version: "v1",
  commit: "c",
  release: "r-1",
  artifact: { id: "art", kind: "directory", ref: "/" },
  copies,
  health: anyCheck,
  role: "server",
  whenNotCurrent: "keep",
  work: "working",
  startWithinMs: 1,
  stopGraceMs: 1,
})

const end = (at: number): CopyEnd => ({ reason: "signal SIGKILL", at, how: "by-itself" })

const copyOf = (index: number, state: CopyState, life: number, restartAt = now): Copy => ({
  id: `${index}-${life}`,
  service: "web",
  version: "v1",
  release: "r-1",
  index,
  artifact: "art",
  node: "here",
  address: { host: "127.0.0.1", port: 1 },
  state,
  startedAt: life,
  restarts: 0,
  ...(hasEnded({ state }) && { end: end(life), restartAt }),
})

const anyCopy = fc
  .record({
    index: fc.nat({ max: 4 }),
    state: fc.constantFrom<CopyState>("starting", "running", "exited", "crash-loop", "unknown"),
    due: fc.boolean(),
  })
  .map(({ index, state, due }) => ({ index, state, due }))

test("whatever is seen, what is decided leaves each wanted place filled once, waiting, or in doubt, and touches nothing in doubt", () => {
  fc.assert(
    fc.property(fc.array(anyCopy, { maxLength: 10 }), fc.nat({ max: 4 }), (seen, count) => {
      const copies = seen.map(({ index, state, due }, life) => copyOf(index, state, life, due ? now : now + 1))
      const left = new Map(copies.map((copy) => [copy.id, copy]))
      for (const decision of decide([wanted(count)], copies, now)) {
        if (decision.do !== "start") {
          const isKept = decision.copy.index < count
          if (isKept) assert.ok(!["unknown", "starting"].includes(decision.copy.state), "one that may run is left alone")
          assert.ok(left.delete(decision.copy.id), "nothing is ended twice")
        }
        if (decision.do === "start") left.set("new", copyOf(decision.index, "running", 99))
        if (decision.do === "start" || decision.do === "replace") {
          const index = decision.do === "start" ? decision.index : decision.copy.index
          left.set(`new-${index}`, copyOf(index, "running", 99))
          left.delete("new")
        }
      }
      for (let index = 0; index < count; index++) {
        const here = [...left.values()].filter((copy) => copy.index === index)
        const running = here.filter(({ state }) => state === "running")
        const inDoubt = here.filter(({ state }) => state === "unknown" || state === "starting")
        const waiting = here.filter(({ state, restartAt }) => hasEnded({ state }) && (restartAt ?? 0) > now)
        assert.ok(running.length <= 1)
        assert.equal(running.length + Math.min(1, inDoubt.length) + waiting.length > 0, true)
        assert.equal(here.length, running.length + inDoubt.length + waiting.length)
      }
      assert.ok(
        [...left.values()].every(({ index }) => index < count),
        "what is too many goes",
      )
    }),
    { numRuns: 2_000 },
  )
})

test("copies of a version that is not wanted are nobody's to stop here: the release drains them first", () => {
  assert.deepEqual(decide([], [copyOf(0, "running", 1), copyOf(1, "exited", 2)], now), [])
})

test("one that lived is replaced at once; those that end soon wait longer each time, up to a minute, and are a loop in the end", () => {
  assert.deepEqual(afterEnd({ startedAt: 0, restarts: 9 }, end(stableMs)), { state: "exited", restartAt: stableMs })
  const failed = Array.from({ length: 12 }, (_, restarts) => afterEnd({ startedAt: 0, restarts }, end(10)))
  const pauses = failed.map(({ restartAt }) => restartAt - 10)
  assert.deepEqual(pauses.slice(0, 5), [0, 1_000, 2_000, 4_000, 8_000])
  assert.equal(Math.max(...pauses), 60_000)
  assert.equal(
    failed.findIndex(({ state }) => state === "crash-loop"),
    crashLoopAfter - 1,
  )
})

test("copies that are given up again and again wait longer each time too, though each had its time to start", () => {
  const givenUp = (livedMs: number) => afterEnd({ startedAt: 0, restarts: 3 }, { ...end(livedMs), how: "given-up" }).restartAt - livedMs
  assert.deepEqual([givenUp(stableMs), givenUp(10 * stableMs)], [4_000, 0])
})

test("a crash loop is told once for each copy that ends in it", () => {
  const known = new Set<string>()
  const looping = [copyOf(0, "crash-loop", 1), copyOf(1, "running", 1)]
  assert.equal(newCrashLoops(looping, known).length, 1)
  assert.equal(newCrashLoops(looping, known).length, 0)
  assert.equal(newCrashLoops([copyOf(0, "crash-loop", 2)], known).length, 1)
})
