import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { latencyBoundsMs } from "../edge/edge.ts"
import { judge, percentile, since, warmUpMs } from "./evidence.ts"
import type { BakePolicy, Sample, Verdict } from "./evidence.ts"

const policy: BakePolicy = { for: 60_000, at_least: 100, at_most: 300_000 }

/** Answers that all took about `ms`. */
function sample(requests: number, serverErrors = 0, ms = 10, unreachable = 0): Sample {
  const latency = [...latencyBoundsMs.map(() => 0), 0]
  const bucket = latencyBoundsMs.findIndex((bound) => ms <= bound)
  latency[bucket] = requests
  return { requests, serverErrors, unreachable, rescued: 0, latency }
}

const verdictOf = (newer: Sample, older: Sample | undefined, elapsedMs: number) => judge({ newer, older, elapsedMs }, policy).verdict

test("no data means hold: a quiet version is never good, however long it waits", () => {
  fc.assert(
    fc.property(fc.nat(99), fc.nat(1_000_000), fc.nat(100_000), (requests, elapsedMs, before) => {
      const verdict = verdictOf(sample(requests), sample(before), elapsedMs)
      assert.equal(verdict, elapsedMs < policy.at_most ? "wait" : "no-evidence")
    }),
  )
})

test("before its time is up the best version only waits", () => {
  assert.equal(verdictOf(sample(100_000), sample(100_000), policy.for - 1), "wait")
  assert.equal(verdictOf(sample(100_000), sample(100_000), policy.for), "good")
})

test("the first version has nothing to be compared with", () => {
  assert.equal(verdictOf(sample(0), undefined, 0), "good")
})

test("a version that is clearly worse is bad at once, not only when its time is up", () => {
  assert.equal(verdictOf(sample(200, 20), sample(10_000, 5), 1_000), "bad")
})

test("requests that no copy answered count like errors", () => {
  assert.equal(verdictOf(sample(200, 0, 10, 20), sample(10_000), 1_000), "bad")
})

test("against nothing that was seen before, errors are still errors", () => {
  assert.equal(verdictOf(sample(200, 20), sample(0), policy.for), "bad")
  assert.equal(verdictOf(sample(200), sample(0), policy.for), "good")
})

test("four errors are chance, whatever the rate", () => {
  assert.notEqual(verdictOf(sample(120, 4), sample(10_000), policy.for), "bad")
})

test("as bad as before is not worse than before", () => {
  assert.equal(verdictOf(sample(1_000, 50), sample(10_000, 500), policy.for), "good")
})

test("slower needs both a ratio and a difference that a person would notice", () => {
  assert.equal(verdictOf(sample(500, 0, 400), sample(500, 0, 50), policy.for), "bad")
  assert.equal(verdictOf(sample(500, 0, 40), sample(500, 0, 4), policy.for), "good", "10 times, but by 36 ms")
  assert.equal(verdictOf(sample(500, 0, 900), sample(500, 0, 500), policy.for), "good", "by 400 ms, but not twice")
  assert.equal(verdictOf(sample(150, 0, 900), sample(500, 0, 50), policy.for), "good", "too few to say")
})

test("a version is not judged by how slowly its first requests came, but by those since it was warm; its errors count from the start", () => {
  const judged = (warm: Sample) =>
    judge({ newer: sample(1_000, 0, 900), warm, older: sample(1_000, 0, 50), elapsedMs: policy.for }, policy).verdict
  assert.equal(judged(sample(500, 0, 60)), "good")
  assert.equal(judged(sample(500, 0, 900)), "bad")
  assert.equal(judge({ newer: sample(200, 20), warm: sample(10, 0), older: sample(10_000, 5), elapsedMs: 1_000 }, policy).verdict, "bad")
  assert.equal(warmUpMs({ ...policy, for: 120_000 }), 10_000)
  assert.equal(warmUpMs({ ...policy, for: 3_000 }), 1_500)
})

test("the reason names both rates", () => {
  const { reason } = judge({ newer: sample(200, 20), older: sample(10_000, 5), elapsedMs: 1_000 }, policy)
  assert.equal(reason, "more errors than before: 10% of 200 failed, before 0.05% of 10000")
})

test("what happened between two observations is their difference, and all of it where there was none before", () => {
  const [before, now] = [sample(100, 3), sample(250, 4)]
  assert.deepEqual(since(undefined, now), now)
  assert.deepEqual(since(before, now), { ...sample(150, 1) })
})

test("the percentile is the upper bound of its bucket", () => {
  assert.equal(percentile(sample(0), 0.9), 0)
  const p90 = percentile(sample(100, 0, 100), 0.9)
  assert.ok(p90 >= 100 && p90 < 125)
})

/** Small, fast and seeded: the same bakes in every run (mulberry32). */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A bake at 50 requests a second, looked at twice a second, as the step does it. Gives how it ended and after how many requests. */
function bakeOnce(random: () => number, oldRate: number, newRate: number): { verdict: Verdict["verdict"]; requests: number } {
  const older = sample(20_000, Array.from({ length: 20_000 }, random).filter((chance) => chance < oldRate).length)
  for (let requests = 0, errors = 0, elapsedMs = 0; ; elapsedMs += 500) {
    const { verdict } = judge({ newer: sample(requests, errors), older, elapsedMs }, policy)
    if (verdict !== "wait") return { verdict, requests }
    for (let i = 0; i < 25; i++) if (random() < newRate) errors += 1
    requests += 25
  }
}

const bakes = 400

for (const rate of [0, 0.001, 0.01, 0.05]) {
  test(`of ${bakes} bakes of a version that is as good as the one before (${rate * 100}% errors), at most 1% goes back`, () => {
    const random = chances(7)
    const bad = Array.from({ length: bakes }, () => bakeOnce(random, rate, rate)).filter(({ verdict }) => verdict !== "good").length
    assert.ok(bad <= 0.01 * bakes, `${bad} of ${bakes} went back`)
  })
}

test("a version that fails one request in 20 is always found, within 400 requests", () => {
  const random = chances(11)
  const ended = Array.from({ length: bakes }, () => bakeOnce(random, 0.001, 0.05))
  assert.equal(ended.filter(({ verdict }) => verdict !== "bad").length, 0)
  const most = Math.max(...ended.map(({ requests }) => requests))
  assert.ok(most <= 400, `one was found after ${most} requests`)
})
