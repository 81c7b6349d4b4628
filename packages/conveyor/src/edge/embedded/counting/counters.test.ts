import assert from "node:assert/strict"
import { test } from "node:test"
import { latencyBoundsMs } from "../../edge.ts"
import { Counters } from "./counters.ts"

test("an answer time falls into the first bucket whose bound it does not pass", () => {
  const counters = new Counters()
  const last = latencyBoundsMs.at(-1) ?? 0
  for (const ms of [0.2, 1, 1.01, 1.25, last, last + 1]) counters.answered("v1", 200, ms)
  const { latency } = counters.of("v1").counters
  assert.deepEqual([latency[0], latency[1], latency.at(-2), latency.at(-1)], [2, 2, 1, 1])
})

test("each kind of failure is counted where it belongs", () => {
  const counters = new Counters()
  counters.answered("v1", 503, 1)
  counters.rescued("v1")
  counters.answered("v1", 200, 1)
  counters.brokeOff("v1")
  counters.unreachable("v1")
  const { requests, serverErrors, unreachable, rescued } = counters.of("v1").counters
  assert.deepEqual({ requests, serverErrors, unreachable, rescued }, { requests: 3, serverErrors: 1, unreachable: 2, rescued: 1 })
})

test("what was saved is counted on, and only the newest 50 versions are kept", () => {
  const before = new Counters()
  for (let n = 1; n <= 60; n++) before.answered(`v${n}`, 200, 1)
  const after = new Counters(structuredClone(before.save()))
  after.answered("v60", 200, 1)
  assert.equal(after.of("v60").counters.requests, 2)
  assert.deepEqual([after.versions().length, after.versions()[0]], [50, "v11"])
})
