import assert from "node:assert/strict"
import { test } from "node:test"
import { describeEdgePort } from "./edge.contract.ts"
import { FakeEdge } from "./fake-edge.ts"

const never = new AbortController().signal

describeEdgePort("fake edge", async () => ({ edge: new FakeEdge(), close: async () => {} }))

test("the fake edge reports the load it was given, and fails when told to", async () => {
  const edge = new FakeEdge()
  edge.setLoad("v1", { inFlight: 2, counters: { requests: 7 } })
  edge.failNext(new Error("edge is away"))
  await assert.rejects(edge.observe(never), /edge is away/)
  const { versions } = await edge.observe(never)
  assert.equal(versions["v1"]?.inFlight, 2)
  assert.equal(versions["v1"]?.counters.requests, 7)
  assert.equal(versions["v1"]?.counters.serverErrors, 0)
})
