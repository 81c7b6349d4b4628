// How often a bake is wrong, found by playing bakes: 60 requests a second of 20 clients, two thirds of them reads of which 20
// a second are compared, looked at twice a second for a minute.
import assert from "node:assert/strict"
import { test } from "node:test"
import type { ComparisonCell } from "../../edge/edge.ts"
import { judge } from "./judge.ts"
import type { BakePolicy, Verdict } from "./judge.ts"
import { cell, chances } from "./testing.ts"

const policy: BakePolicy = { for: 60_000, at_least: 100, at_most: 120_000 }

/** Chances that a request fails, or is answered much slower, at a moment. */
interface World {
  newer: (elapsedMs: number) => number
  older: (elapsedMs: number) => number
  newerSlow?: number
  olderSlow?: number
}

interface Mutable extends Omit<ComparisonCell, "newer" | "older"> {
  newer: { requests: number; failed: number }
  older: { requests: number; failed: number }
}

function bakeOnce(random: () => number, world: World): { verdict: Verdict["verdict"]; afterMs: number } {
  const reads: Mutable[] = Array.from({ length: 20 }, (_, client) => structuredClone(cell({ client })))
  const writes: Mutable[] = reads.map(({ client }) => structuredClone(cell({ client, route: "writes to /" })))
  const before = { "writes to /": { requests: 20_000, failed: Math.round(20_000 * world.older(0)) } }
  for (let elapsedMs = 0, requests = 0; ; elapsedMs += 500, requests += 30) {
    const cells = [...reads, ...writes]
    const { verdict } = judge(
      { comparison: { newer: "v2", older: "v1", cells, before }, sinceWarm: reads, requests, elapsedMs, silent: [] },
      policy,
    )
    if (verdict !== "wait") return { verdict, afterMs: elapsedMs }
    const [newerRate, olderRate] = [world.newer(elapsedMs), world.older(elapsedMs)]
    for (let i = 0; i < 10; i++) {
      const [read, write] = [reads[Math.floor(random() * 20)], writes[Math.floor(random() * 20)]]
      if (read === undefined || write === undefined) continue
      readOnce(read, random() < newerRate, random() < olderRate, random() < (world.newerSlow ?? 0), random() < (world.olderSlow ?? 0))
      write.newer.requests++
      if (random() < newerRate) write.newer.failed++
    }
  }
}

function readOnce(read: Mutable, ...[newerFails, olderFails, newerSlow, olderSlow]: [boolean, boolean, boolean, boolean]): void {
  read.pairs++
  if (newerFails && olderFails) read.both++
  else if (newerFails) read.onlyNewer++
  else if (olderFails) read.onlyOlder++
  else if (newerSlow && !olderSlow) read.newerSlower++
  else if (olderSlow && !newerSlow) read.olderSlower++
}

const bakes = 300
const play = (seed: number, world: World) => {
  const random = chances(seed)
  return Array.from({ length: bakes }, () => bakeOnce(random, world))
}
const howMany = (ended: readonly { verdict: string }[], wanted: string) => ended.filter(({ verdict }) => verdict === wanted).length

for (const rate of [0, 0.001, 0.01, 0.05]) {
  test(`of ${bakes} bakes of a version that is as good as the one before (${rate * 100}% errors), at most 1% goes back, and at most 2% are held`, () => {
    const ended = play(7, { newer: () => rate, older: () => rate })
    const bad = howMany(ended, "bad")
    assert.ok(bad <= 0.01 * bakes, `${bad} went back`)
    const held = howMany(ended, "unknown")
    assert.ok(held <= 0.02 * bakes, `${held} were held`)
  })
}

test("a neighbour that makes one request in five fail for a third of the bake, on both versions, takes hardly any back", () => {
  const noisy = (elapsedMs: number) => (elapsedMs > 20_000 && elapsedMs < 40_000 ? 0.2 : 0.001)
  const ended = play(13, { newer: noisy, older: noisy })
  const bad = howMany(ended, "bad")
  assert.ok(bad <= 0.01 * bakes, `${bad} went back`)
})

test("(control) the same noise on the newer version alone takes every one back", () => {
  const noisy = (elapsedMs: number) => (elapsedMs > 20_000 && elapsedMs < 40_000 ? 0.2 : 0.001)
  assert.equal(howMany(play(13, { newer: noisy, older: () => 0.001 }), "bad"), bakes)
})

test("a version that fails one request in 20 is always found, half of them within 15 seconds", () => {
  const ended = play(11, { newer: () => 0.05, older: () => 0.001 })
  assert.equal(howMany(ended, "bad"), bakes)
  const median = ended.map(({ afterMs }) => afterMs).toSorted((a, b) => a - b)[bakes / 2] ?? 0
  assert.ok(median <= 15_000, `the median was ${median} ms of the bake`)
})

test("a version that is much slower in two answers of five is always found; one as slow as the older never", () => {
  const quick = { newer: () => 0.001, older: () => 0.001 }
  assert.equal(howMany(play(5, { ...quick, newerSlow: 0.4, olderSlow: 0.02 }), "bad"), bakes)
  assert.equal(howMany(play(5, { ...quick, newerSlow: 0.4, olderSlow: 0.4 }), "bad"), 0)
})
