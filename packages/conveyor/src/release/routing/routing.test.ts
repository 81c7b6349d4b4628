import assert from "node:assert/strict"
import { test } from "node:test"
import { createEdgeSet } from "../../edge/edge-set.ts"
import { tableOf } from "../../edge/edge.contract.ts"
import { FakeEdge } from "../../edge/fake-edge.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { inFlightIsZero, pagesAreGone } from "./drain.ts"
import { Rehearsal } from "../rehearsal.ts"
import { Routing } from "./routing.ts"

const signal = new AbortController().signal

function stage() {
  const members = [new FakeEdge("north"), new FakeEdge("south")] as const
  const { routing: edge } = createEdgeSet({ members: () => members, withinMs: 50 })
  return { north: members[0], south: members[1], edge, routing: (epoch: number) => new Routing(edge, epoch) }
}

test("a control plane makes the table in use its own, and the one before it can route no more", async () => {
  const { north, routing } = stage()
  const [before, after] = [routing(1), routing(2)]
  await before.change(() => tableOf({ generation: 1 }), signal)
  await after.change((now) => now, signal)
  assert.deepEqual(north.inUse, tableOf({ epoch: 2, generation: 2 }))
  await assert.rejects(
    before.change((now) => now && { ...now, current: "v1", routes: [] }, signal),
    { code: "stale-epoch" },
  )
  await after.change((now) => now, signal)
  assert.equal(north.applied.length, 2, "a table that is its own already is left as it is")
})

test("a member that fell behind is given the table in use, though nothing else changed", async () => {
  const { north, south, routing } = stage()
  const own = routing(1)
  await own.change(() => tableOf({ generation: 1 }), signal)
  await north.apply(tableOf({ epoch: 1, generation: 2 }), signal)
  await own.change((now) => now, signal)
  assert.deepEqual(south.inUse, tableOf({ epoch: 1, generation: 2 }))
})

test("nothing is said to be acknowledged while a member is silent, also where the table would do", async () => {
  const { south, routing } = stage()
  const own = routing(1)
  await own.change(() => tableOf({ generation: 1 }), signal)
  south.goDeaf()
  await assert.rejects(
    own.change((now) => now, signal),
    { code: "edge-unacknowledged", message: /south/ },
  )
})

test("what a silent edge has in flight, or open, is unknown: a drain waits for it, within its bound, and names it", async () => {
  const rehearsal = new Rehearsal()
  try {
    const south = new FakeEdge("south")
    rehearsal.edges.push(south)
    const silence = () => {
      for (let i = 0; i < 1_000; i++) south.failNext(new ConveyorError("edge-unreachable", "refused"))
    }
    const ports = await rehearsal.ports()
    await inFlightIsZero(ports, ["v1"], 1_000, signal, () => {})
    silence()
    const said: string[] = []
    await assert.rejects(
      inFlightIsZero(ports, ["v1"], 100, signal, ({ message }) => said.push(message)),
      /an unknown number at edge south/,
    )
    silence()
    await pagesAreGone(ports, ["v1"], rehearsal.clock.now() + 1_000, signal, ({ message }) => said.push(message))
    assert.match(said.at(-1) ?? "", /0 pages, an unknown number at edge south, which does not answer \(refused\) of v1/)
  } finally {
    await rehearsal.end()
  }
})
