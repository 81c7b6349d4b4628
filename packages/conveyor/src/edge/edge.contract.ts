// The promises that every edge keeps. `describeEdgePort` needs only the port and is run against the fake too;
// `describeEdge` adds real upstream servers and real traffic. Called by the test file of each adapter.
import assert from "node:assert/strict"
import { test } from "node:test"
import type { Edge, RoutingTable } from "./edge.ts"
import { describeTraffic } from "./contract/traffic.ts"
import type { TrafficEdge } from "./contract/traffic.ts"
import { latencyBoundsMs } from "./edge.ts"

export interface EdgeUnderTest {
  edge: Edge
  close(): Promise<void>
}

const never = new AbortController().signal

export function describeEdge(name: string, make: () => Promise<TrafficEdge>): void {
  describeEdgePort(name, make)
  describeTraffic(name, make)
}

export function describeEdgePort(name: string, make: () => Promise<EdgeUnderTest>): void {
  function withEdge(promise: string, body: (edge: Edge) => Promise<void>): void {
    test(`${name}: ${promise}`, async () => {
      const made = await make()
      try {
        await body(made.edge)
      } finally {
        await made.close()
      }
    })
  }

  withEdge("has no table before the first arrives", async (edge) => {
    assert.equal((await edge.observe(never)).table, undefined)
  })

  withEdge("shows the table it acknowledged, and a load for each of its versions", async (edge) => {
    await edge.apply(tableOf({ generation: 3 }), never)
    const seen = await edge.observe(never)
    assert.deepEqual(seen.table, tableOf({ generation: 3 }))
    assert.deepEqual(Object.keys(seen.versions), ["v1"])
    assert.equal(seen.versions["v1"]?.inFlight, 0)
    assert.equal(seen.versions["v1"]?.counters.latency.length, latencyBoundsMs.length + 1)
  })

  withEdge("acknowledges the table in use again", async (edge) => {
    await edge.apply(tableOf({ generation: 3 }), never)
    await edge.apply(tableOf({ generation: 3 }), never)
    assert.equal((await edge.observe(never)).table?.generation, 3)
  })

  withEdge("refuses an older generation and keeps the newer in use", async (edge) => {
    await edge.apply(tableOf({ generation: 3 }), never)
    await assert.rejects(edge.apply(tableOf({ generation: 2 }), never), { code: "stale-generation" })
    assert.equal((await edge.observe(never)).table?.generation, 3)
  })

  withEdge("refuses a different table of the generation in use", async (edge) => {
    await edge.apply(tableOf({ generation: 3 }), never)
    await assert.rejects(edge.apply(tableOf({ generation: 3, release: "another" }), never), { code: "stale-generation" })
    assert.equal((await edge.observe(never)).table?.versions["v1"]?.release, "first")
  })

  withEdge("refuses a table whose current version it does not hold", async (edge) => {
    await assert.rejects(edge.apply({ ...tableOf({ generation: 3 }), current: "v9" }, never), { code: "bad-routing-table" })
    assert.equal((await edge.observe(never)).table, undefined)
  })

  withEdge("does nothing once its signal is aborted", async (edge) => {
    const aborted = AbortSignal.abort(new Error("changed my mind"))
    await assert.rejects(edge.apply(tableOf({ generation: 3 }), aborted), /changed my mind/)
    await assert.rejects(edge.observe(aborted), /changed my mind/)
    assert.equal((await edge.observe(never)).table, undefined)
  })
}

function tableOf({ generation, release = "first" }: { generation: number; release?: string }): RoutingTable {
  return {
    generation,
    current: "v1",
    routes: [{ prefix: "/", service: "web" }],
    versions: { v1: { release, targets: { web: [{ copy: "web-1", host: "127.0.0.1", port: 9 }] } } },
  }
}
