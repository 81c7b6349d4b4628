// What several members promise as one edge. The fakes fail as they are told; the same with real processes is in
// embedded/edge-set.test.ts.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { tableOf } from "./edge.contract.ts"
import { createEdgeSet } from "./edge-set.ts"
import { FakeEdge } from "./fake-edge.ts"

const never = new AbortController().signal
const away = () => new ConveyorError("edge-unreachable", "connection refused")

function three() {
  const members = ["north", "east", "south"].map((name) => new FakeEdge(name))
  const [north, east, south] = members as [FakeEdge, FakeEdge, FakeEdge]
  return { north, east, south, edge: createEdgeSet({ members: () => members, withinMs: 50 }) }
}

test("a table is acknowledged when every member has it", async () => {
  const { north, east, south, edge } = three()
  await edge.routing.apply(tableOf({ generation: 1 }), never)
  for (const member of [north, east, south]) assert.deepEqual(member.inUse, tableOf({ generation: 1 }))
  const { table, members } = await edge.routing.observe(never)
  assert.deepEqual(table, tableOf({ generation: 1 }))
  assert.deepEqual(
    members.map(({ member, state }) => `${member} ${state}`),
    ["north in-use", "east in-use", "south in-use"],
  )
})

test("members that do not acknowledge are named with their reasons: one that is away, one that hangs", async () => {
  const { east, south, edge } = three()
  east.failNext(away())
  south.goDeaf()
  await assert.rejects(edge.routing.apply(tableOf({ generation: 1 }), never), (thrown) => {
    assert.ok(thrown instanceof ConveyorError)
    assert.equal(thrown.code, "edge-unacknowledged")
    assert.match(thrown.message, /by 2 of 3 edges: east \(connection refused\), south \(no answer within 50 ms\)/)
    return true
  })
})

test("a member that came back with an older table is seen to be behind, and takes the table when it is offered again", async () => {
  const { east, edge } = three()
  await edge.routing.apply(tableOf({ generation: 1 }), never)
  east.failNext(away())
  await assert.rejects(edge.routing.apply(tableOf({ generation: 2 }), never), { code: "edge-unacknowledged" })
  const { table, members } = await edge.routing.observe(never)
  assert.equal(table?.generation, 2)
  assert.deepEqual(
    members.find(({ member }) => member === "east"),
    { member: "east", state: "behind", epoch: 1, generation: 1 },
  )
  await edge.routing.apply(tableOf({ generation: 2 }), never)
  assert.ok((await edge.routing.observe(never)).members.every(({ state }) => state === "in-use"))
})

test("where a member has a newer table the refusal is told, not that it did not answer", async () => {
  const { south, edge } = three()
  await south.apply(tableOf({ epoch: 2, generation: 1 }), never)
  await assert.rejects(edge.routing.apply(tableOf({ epoch: 1, generation: 9 }), never), { code: "stale-epoch" })
})

test("numbers are sums over the members that answered, and the others are named", async () => {
  const { north, east, south, edge } = three()
  north.setLoad("v1", { inFlight: 1, counters: { requests: 10 }, pages: { open: 2, told: 5 } })
  east.setLoad("v1", { inFlight: 2, counters: { requests: 20, serverErrors: 3 }, pages: { reloaded: 1 } })
  south.setLoad("v2", { inFlight: 4 })
  const whole = await edge.metering.observe(never)
  assert.deepEqual([whole.versions["v1"]?.inFlight, whole.versions["v1"]?.counters.requests], [3, 30])
  assert.deepEqual([whole.versions["v1"]?.counters.serverErrors, whole.versions["v2"]?.inFlight, whole.silent], [3, 4, []])
  assert.deepEqual((await edge.pages.observe(never)).versions["v1"], { open: 2, told: 5, reloaded: 1 })

  south.failNext(away())
  const { versions, silent } = await edge.metering.observe(never)
  assert.deepEqual(silent, [{ member: "south", reason: "connection refused" }])
  assert.equal(versions["v2"], undefined)
})

test("where nobody answers nothing is known, and everybody is named", async () => {
  const { north, east, south, edge } = three()
  for (const member of [north, east, south]) member.failNext(away())
  await assert.rejects(edge.metering.observe(never), /no edge answers: north .*, east .*, south/)
})

test("the set can do what every member can", async () => {
  const members = [new FakeEdge("north"), new FakeEdge("east", ["pages"])]
  assert.deepEqual(await createEdgeSet({ members: () => members, withinMs: 50 }).routing.capabilities(never), ["pages"])
})

test("an aborted question is the asker's end, not the members' silence", async () => {
  const { north, edge } = three()
  north.goDeaf()
  const asking = new AbortController()
  const asked = edge.metering.observe(asking.signal)
  asking.abort(new Error("enough"))
  await assert.rejects(asked, /enough/)
})

test("whoever answers or not: what is told is the sum of those who did, and all are accounted for", async () => {
  const member = fc.record({ inFlight: fc.nat({ max: 9 }), answers: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 6 }), async (shapes) => {
      const members = shapes.map(({ inFlight, answers }, i) => {
        const edge = new FakeEdge(`m${i}`)
        edge.setLoad("v1", { inFlight })
        if (!answers) edge.failNext(away())
        return edge
      })
      const seen = await createEdgeSet({ members: () => members, withinMs: 50 })
        .metering.observe(never)
        .catch(() => undefined)
      const heard = shapes.filter(({ answers }) => answers)
      if (heard.length === 0) return assert.equal(seen, undefined)
      assert.equal(
        seen?.versions["v1"]?.inFlight,
        heard.reduce((sum, { inFlight }) => sum + inFlight, 0),
      )
      assert.equal(seen?.silent.length, shapes.length - heard.length)
    }),
  )
})
