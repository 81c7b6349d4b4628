import assert from "node:assert/strict"
import { test } from "node:test"
import { describeEdgeMember } from "./edge.contract.ts"
import { FakeEdge } from "./fake-edge.ts"

const never = new AbortController().signal

describeEdgeMember("fake edge", async () => ({ member: new FakeEdge(), close: async () => {} }))

test("the fake edge reports the load it was given, and fails when told to", async () => {
  const edge = new FakeEdge()
  edge.setLoad("v1", { inFlight: 2, counters: { requests: 7 }, pages: { open: 3 } })
  edge.failNext(new Error("edge is away"))
  await assert.rejects(edge.traffic(never), /edge is away/)
  const traffic = await edge.traffic(never)
  assert.equal(traffic["v1"]?.inFlight, 2)
  assert.equal(traffic["v1"]?.counters.requests, 7)
  assert.equal(traffic["v1"]?.counters.serverErrors, 0)
  assert.deepEqual(await edge.pages(never), { v1: { open: 3, told: 0, reloaded: 0 } })
})
