import assert from "node:assert/strict"
import { test } from "node:test"
import { latencyBoundsMs } from "../edge/edge.ts"
import { createEdgeSet } from "../edge/edge-set.ts"
import { FakeEdge } from "../edge/fake-edge.ts"
import { ManualClock } from "../kernel/clock.ts"
import { UsersView } from "./users-view.ts"

const signal = new AbortController().signal

function stage() {
  const edge = new FakeEdge()
  const clock = new ManualClock(1_000_000)
  return { edge, clock, view: new UsersView(createEdgeSet({ members: () => [edge], withinMs: 1_000 }).metering, clock) }
}

/** So many answers, all of about that time. */
const answers = (requests: number, ms: number, serverErrors = 0) => ({
  counters: {
    requests,
    serverErrors,
    latency: [...latencyBoundsMs, Infinity].map((bound, i) => (bound >= ms && (latencyBoundsMs[i - 1] ?? 0) < ms ? requests : 0)),
  },
})

test("slow answers of the last seconds are seen, over all versions", async () => {
  const { edge, clock, view } = stage()
  edge.setLoad("v1", answers(1_000, 5))
  assert.equal(await view.p99Ms(signal), 0, "one look tells nothing")
  await clock.advance(1_000)
  edge.setLoad("v1", answers(1_000, 5))
  edge.setLoad("v2", answers(100, 400))
  const p99 = await view.p99Ms(signal)
  assert.ok(p99 >= 400 && p99 < 600, String(p99))
})

test("answers that were slow long ago do not count", async () => {
  const { edge, clock, view } = stage()
  edge.setLoad("v1", answers(0, 5))
  await view.p99Ms(signal)
  await clock.advance(1_000)
  edge.setLoad("v1", answers(100, 400))
  assert.ok((await view.p99Ms(signal)) >= 400)
  for (let i = 0; i < 8; i++) {
    await clock.advance(1_000)
    await view.p99Ms(signal)
  }
  assert.equal(await view.p99Ms(signal), 0)
})

test("a handful of requests holds nothing back", async () => {
  const { edge, clock, view } = stage()
  edge.setLoad("v1", answers(0, 5))
  await view.p99Ms(signal)
  await clock.advance(1_000)
  edge.setLoad("v1", answers(19, 900))
  assert.equal(await view.p99Ms(signal), 0)
})

test("errors since the watch began are a complaint, those before it are not", async () => {
  const { edge, clock, view } = stage()
  edge.setLoad("v1", answers(1_000, 5, 500))
  assert.deepEqual(await view.complaints(signal), [])
  await clock.advance(1_000)
  edge.setLoad("v1", answers(1_100, 5, 501))
  assert.deepEqual(await view.complaints(signal), [], "one error may be anything")
  await clock.advance(1_000)
  edge.setLoad("v1", answers(1_200, 5, 512))
  assert.deepEqual(await view.complaints(signal), ["12 of 200 requests have failed since the old was hidden"])
  await clock.advance(60_000)
  assert.deepEqual(await view.complaints(signal), [], "another watch begins anew")
})
