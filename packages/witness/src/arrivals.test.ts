import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { dueTimes } from "./arrivals.ts"
import { Chance } from "./chance.ts"

describe("the schedule", () => {
  test("exact arrivals are evenly spaced and exactly as many as rate times seconds", () => {
    const due = [...dueTimes({ pattern: "exact", ratePerSecond: 300, seconds: 7 }, new Chance(1))]
    assert.equal(due.length, 2_100)
    assert.ok(due.every((at, n) => Math.abs(at - (n * 1_000) / 300) < 1e-6))
  })

  test("Poisson arrivals keep the mean rate and vary as they should", () => {
    const due = [...dueTimes({ pattern: "poisson", ratePerSecond: 200, seconds: 100 }, new Chance(1))]
    const gaps = due.map((at, n) => at - (due[n - 1] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    assert.ok(Math.abs(mean - 5) < 0.15, `mean gap ${mean}`)
    assert.ok(Math.abs(deviation - 5) < 0.3, `deviation ${deviation}`)
  })

  test("the same seed makes the same schedule, another one another", () => {
    const made = (seed: number) => [...dueTimes({ pattern: "poisson", ratePerSecond: 100, seconds: 3 }, new Chance(seed))]
    assert.deepEqual(made(7), made(7))
    assert.notDeepEqual(made(7), made(8))
  })

  test("a rate of nothing sends nothing", () => {
    assert.deepEqual([...dueTimes({ pattern: "exact", ratePerSecond: 0, seconds: 5 }, new Chance(1))], [])
  })
})

describe("chance", () => {
  test("picks by weight", () => {
    const chance = new Chance(3)
    const items = [{ weight: 3 }, { weight: 1 }, { weight: 0 }]
    const counts = items.map(() => 0)
    for (let n = 0; n < 4_000; n += 1) {
      const index = items.indexOf(chance.weighted(items))
      counts[index] = (counts[index] ?? 0) + 1
    }
    assert.ok(Math.abs((counts[0] ?? 0) - 3_000) < 150, counts.join(", "))
    assert.equal(counts[2], 0)
  })

  test("makes version 4 UUIDs, all different", () => {
    const chance = new Chance(4)
    const made = Array.from({ length: 1_000 }, () => chance.uuid())
    assert.equal(new Set(made).size, 1_000)
    assert.ok(made.every((uuid) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid)))
  })
})
