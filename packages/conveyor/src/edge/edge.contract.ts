// The promises that every edge keeps. `describeEdgeMember` needs only the port and is run against the fake too;
// `describeEdge` adds real upstream servers and real traffic. Called by the test file of each adapter. What a set of
// members promises is in edge-set.test.ts.
import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { EdgeMember, RoutingTable } from "./edge.ts"
import { describeComparison } from "./contract/comparison.ts"
import { describeTraffic } from "./contract/traffic.ts"
import type { TrafficEdge } from "./contract/traffic.ts"
import { latencyBoundsMs } from "./edge.ts"
import { isNewer } from "./table.ts"

export interface MemberUnderTest {
  member: EdgeMember
  close(): Promise<void>
}

const never = new AbortController().signal

export function describeEdge(name: string, make: () => Promise<TrafficEdge>): void {
  describeEdgeMember(name, make)
  describeTraffic(name, make)
  describeComparison(name, make)
}

export function describeEdgeMember(name: string, make: () => Promise<MemberUnderTest>): void {
  function withMember(promise: string, body: (member: EdgeMember) => Promise<void>): void {
    test(`${name}: ${promise}`, async () => {
      const made = await make()
      try {
        await body(made.member)
      } finally {
        await made.close()
      }
    })
  }

  withMember("has no table before the first arrives", async (member) => {
    assert.equal(await member.table(never), undefined)
  })

  withMember("shows the table it acknowledged, and the traffic and the pages of each of its versions", async (member) => {
    await member.apply(tableOf({ generation: 3 }), never)
    assert.deepEqual(await member.table(never), tableOf({ generation: 3 }))
    const traffic = await member.traffic(never)
    assert.deepEqual(Object.keys(traffic), ["v1"])
    assert.equal(traffic["v1"]?.inFlight, 0)
    assert.equal(traffic["v1"]?.counters.latency.length, latencyBoundsMs.length + 1)
    assert.deepEqual(await member.pages(never), { v1: { open: 0, told: 0, reloaded: 0 } })
  })

  withMember("says what it can do", async (member) => {
    for (const capability of await member.capabilities(never)) assert.ok(["rescue", "pages", "compare"].includes(capability))
  })

  withMember("acknowledges the table in use again", async (member) => {
    await member.apply(tableOf({ generation: 3 }), never)
    await member.apply(tableOf({ generation: 3 }), never)
    assert.equal((await member.table(never))?.generation, 3)
  })

  withMember("refuses an older generation and keeps the newer in use", async (member) => {
    await member.apply(tableOf({ generation: 3 }), never)
    await assert.rejects(member.apply(tableOf({ generation: 2 }), never), { code: "stale-generation" })
    assert.equal((await member.table(never))?.generation, 3)
  })

  withMember("refuses a different table of the generation in use", async (member) => {
    await member.apply(tableOf({ generation: 3 }), never)
    await assert.rejects(member.apply(tableOf({ generation: 3, release: "another" }), never), { code: "stale-generation" })
    assert.equal((await member.table(never))?.versions["v1"]?.release, "first")
  })

  withMember("takes nothing more from a control plane that was superseded, whatever it numbers its tables", async (member) => {
    await member.apply(tableOf({ epoch: 1, generation: 7 }), never)
    await member.apply(tableOf({ epoch: 2, generation: 8 }), never)
    await assert.rejects(member.apply(tableOf({ epoch: 1, generation: 99 }), never), { code: "stale-epoch" })
    assert.deepEqual(await member.table(never), tableOf({ epoch: 2, generation: 8 }))
  })

  withMember("has, of tables offered in any order, the newest in use: what was older is refused", async (member) => {
    const number = fc.record({ epoch: fc.integer({ min: 0, max: 3 }), generation: fc.integer({ min: 0, max: 3 }) })
    let inUse: RoutingTable | undefined
    await fc.assert(
      fc.asyncProperty(number, async (numbers) => {
        const offered = tableOf(numbers)
        const isTaken = await member.apply(offered, never).then(
          () => true,
          () => false,
        )
        assert.equal(isTaken, inUse === undefined || !isNewer(inUse, offered))
        if (isTaken) inUse = offered
        assert.deepEqual(await member.table(never), inUse)
      }),
      { numRuns: 40 },
    )
  })

  withMember("refuses a table whose current version it does not hold", async (member) => {
    await assert.rejects(member.apply({ ...tableOf({ generation: 3 }), current: "v9" }, never), { code: "bad-routing-table" })
    assert.equal(await member.table(never), undefined)
  })

  withMember("does nothing once its signal is aborted", async (member) => {
    const aborted = AbortSignal.abort(new Error("changed my mind"))
    await assert.rejects(member.apply(tableOf({ generation: 3 }), aborted), /changed my mind/)
    for (const asked of [member.table(aborted), member.traffic(aborted), member.pages(aborted), member.capabilities(aborted)]) {
      await assert.rejects(asked, /changed my mind/)
    }
    assert.equal(await member.table(never), undefined)
  })
}

interface Numbers {
  epoch?: number
  generation: number
  release?: string
}

export function tableOf({ epoch = 1, generation, release = "first" }: Numbers): RoutingTable {
  return {
    epoch,
    generation,
    current: "v1",
    routes: [{ prefix: "/", service: "web" }],
    versions: { v1: { release, targets: { web: [{ copy: "web-1", host: "127.0.0.1", port: 9 }] } } },
  }
}
