import assert from "node:assert/strict"
import { test } from "node:test"
import { latencyBoundsMs } from "../../edge/edge.ts"
import { createEdgeSet } from "../../edge/edge-set.ts"
import { FakeEdge } from "../../edge/fake-edge.ts"
import { ManualClock } from "../../kernel/time/clock.ts"
import { UsersView } from "./users-view.ts"

const signal = new AbortController().signal

function stage() {
  const edge = new FakeEdge()
  const clock = new ManualClock(1_000_000)
  return { edge, clock, view: new UsersView(createEdgeSet({ members: () => [edge], withinMs: 1_000 }).metering, clock) }
}

/** So many answers, all of about that time, to so many clients. */
const answers = (requests: number, ms: number, serverErrors = 0, clients = 4) => ({
  counters: {
    requests,
    askedBy: Array.from({ length: clients }, () => requests / clients),
    failedBy: Array.from({ length: clients }, () => serverErrors / clients),
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
  assert.deepEqual(await view.complaints(signal), ["12 of 200 requests have failed since the old was hidden, of 4 clients"])
  await clock.advance(60_000)
  assert.deepEqual(await view.complaints(signal), [], "another watch begins anew")
})

test("one client among others complains of nothing, however much of what it sends fails; where it is alone it does", async () => {
  const failing = async (askedBy: number[], failedBy: number[]) => {
    const { edge, clock, view } = stage()
    edge.setLoad("v1", { counters: { askedBy: askedBy.map(() => 0), failedBy: askedBy.map(() => 0) } })
    await view.complaints(signal)
    await clock.advance(1_000)
    edge.setLoad("v1", { counters: { askedBy, failedBy } })
    return (await view.complaints(signal)).length
  }
  assert.equal(await failing([500, 50, 50, 50], [500, 0, 0, 0]), 0)
  assert.equal(await failing([50, 50, 50, 50], [20, 20, 20, 0]), 1, "(control) three of them")
  assert.equal(await failing([50, 0, 0, 0], [20, 0, 0, 0]), 1, "(control) there is nobody else")
})

test("while an edge is silent nobody knows what users get, and that is a reason too", async () => {
  const clock = new ManualClock(1_000_000)
  const deaf = new FakeEdge("b")
  deaf.goDeaf()
  const view = new UsersView(createEdgeSet({ members: () => [new FakeEdge("a"), deaf], withinMs: 20 }).metering, clock)
  assert.deepEqual(await view.complaints(signal), ["what users get is not known: edge b does not answer"])
})
