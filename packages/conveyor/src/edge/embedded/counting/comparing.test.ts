import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { RoutingTable } from "../../edge.ts"
import { clientBucket } from "./client-bucket.ts"
import { Comparing } from "./comparing.ts"

const table = (compare?: RoutingTable["compare"]): RoutingTable => ({
  epoch: 0,
  generation: 1,
  current: "v2",
  routes: [],
  versions: {},
  ...(compare !== undefined && { compare }),
})
const between = { newer: "v2", older: "v1" }
const asked = (method: string, address = "10.0.0.1", route = "/") => ({
  method,
  address,
  route,
})

test("what the older version did by route before is kept beside what happens from now on", () => {
  const comparing = new Comparing(() => 0)
  comparing.saw("v1", asked("POST"), "ok")
  comparing.saw("v1", asked("POST"), "failed")
  comparing.follow(table(between))
  comparing.saw("v1", asked("POST"), "ok")
  const seen = comparing.observe()
  assert.deepEqual(seen?.before, { "writes to /": { requests: 2, failed: 1 } })
  assert.deepEqual(seen?.cells[0]?.older, { requests: 1, failed: 0 })
})

test("at most 20 requests a second are asked of both, and at most 8 at once", () => {
  let now = 0
  const comparing = new Comparing(() => now)
  comparing.follow(table(between))
  const take = () => Array.from({ length: 100 }, () => comparing.takePair("v2", "GET")).filter((each) => each === "v1").length
  assert.equal(take(), 8)
  assert.equal(take(), 0, "eight are under way")
  let taken = 8
  for (; now < 10_000; now += 50) {
    for (let i = 0; i < 8; i++) comparing.pairOver()
    taken += take()
  }
  assert.ok(taken >= 190 && taken <= 230, String(taken))
})

test("only safe requests to the newer version are asked of both", () => {
  const comparing = new Comparing(() => 0)
  assert.equal(comparing.takePair("v2", "GET"), undefined, "nothing is compared")
  comparing.follow(table(between))
  assert.equal(comparing.takePair("v1", "GET"), undefined)
  assert.equal(comparing.takePair("v2", "POST"), undefined)
  assert.equal(comparing.takePair("v2", "GET"), "v1")
})

test("much slower needs a ratio and a difference that a person would notice", () => {
  const comparing = new Comparing(() => 0)
  comparing.follow(table(between))
  for (const [newer, older] of [
    [400, 50],
    [40, 4],
    [900, 500],
    [50, 400],
  ] as const) {
    comparing.sawPair(asked("GET"), { result: "ok", ms: newer }, { result: "ok", ms: older })
  }
  const [cell] = comparing.observe()?.cells ?? []
  assert.deepEqual([cell?.pairs, cell?.newerSlower, cell?.olderSlower], [4, 1, 1])
})

test("whatever clients send from wherever, what is kept of them is bounded, and nothing is lost of the sum", () => {
  const comparing = new Comparing(() => 0)
  comparing.follow(table(between))
  for (let i = 0; i < 50_000; i++) {
    comparing.saw("v2", asked("POST", `10.${i % 256}.${(i >> 8) % 256}.1`, `/${i % 5_000}`), "ok")
  }
  const cells = comparing.observe()?.cells ?? []
  assert.ok(cells.length <= 49 * 64, String(cells.length))
  assert.equal(
    cells.reduce((sum, { newer }) => sum + newer.requests, 0),
    50_000,
  )
})

test("an address is one client, its IPv4 form in IPv6 too, and so is a network of 64 bits", () => {
  assert.equal(clientBucket("::ffff:10.0.0.7"), clientBucket("10.0.0.7"))
  assert.equal(clientBucket("2001:db8:1:2::1"), clientBucket("2001:0db8:1:2:ffff:0:0:9"))
  const seen = new Set(Array.from({ length: 64 * 64 }, (_, i) => clientBucket(`10.0.${i >> 6}.${i % 64}`)))
  assert.equal(seen.size, 64, "every bucket is used")
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => clientBucket(address) >= 0 && clientBucket(address) < 64))
})
