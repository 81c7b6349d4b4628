import assert from "node:assert/strict"
import { test } from "node:test"
import { latencyBoundsMs, noCounters } from "../../edge/edge.ts"
import type { VersionCounters } from "../../edge/edge.ts"
import { percentile, since } from "./counters.ts"

/** Answers that all took about `ms`. */
function sample(requests: number, serverErrors = 0, ms = 10): VersionCounters {
  const latency = [...latencyBoundsMs.map(() => 0), 0]
  latency[latencyBoundsMs.findIndex((bound) => ms <= bound)] = requests
  return { ...noCounters, requests, serverErrors, latency }
}

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
