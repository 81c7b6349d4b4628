import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Outcome } from "../checks/check.ts"
import { observed } from "./interval.ts"
import type { Interval } from "./interval.ts"
import { keeps, uptimeOf } from "./uptime.ts"

const second = 1_000
const day = 86_400 * second

function ledgerOf(observations: readonly { at: number; outcome: Outcome }[], silentAfterMs: number): Interval[] {
  let ledger: Interval[] = []
  for (const { at, outcome } of observations) {
    ledger = [...ledger.slice(0, -1), ...observed(ledger.at(-1), outcome, at, silentAfterMs)]
  }
  return ledger
}

test("seven days with known outages and a gap are right to the second, and the gap is a gap", () => {
  const down = [
    { from: day + 100 * second, until: day + 700 * second },
    { from: 5 * day, until: 5 * day + 30 * second },
  ]
  const unwatched = { from: 3 * day, until: 3 * day + 3_600 * second }
  const observations = []
  for (let at = 0; at <= 7 * day; at += 10 * second) {
    if (at > unwatched.from && at < unwatched.until) continue
    observations.push({ at, outcome: down.some(({ from, until }) => at >= from && at < until) ? ("problem" as const) : ("fine" as const) })
  }
  const uptime = uptimeOf(ledgerOf(observations, 20 * second), 0, 7 * day)
  assert.deepEqual(
    { downMs: uptime.downMs, unknownMs: uptime.unknownMs, outages: uptime.outages },
    { downMs: 630 * second, unknownMs: 3_600 * second, outages: down },
  )
  // An hour that nobody saw and 10.5 minutes down: 99.95% of seven days are 5 minutes, broken whatever the hour was.
  assert.equal(keeps(uptime, 0.9995), "broken")
  assert.equal(keeps(uptime, 0.995), "not known")
  assert.equal(keeps(uptime, 0.99), "kept")
})

test("of what nobody watches nothing is said", () => {
  const [nothing, noTime] = [uptimeOf([], 0, day), uptimeOf([], 0, 0)]
  assert.deepEqual([keeps(nothing, 0.9995), nothing.seen, keeps(noTime, 0.9995)], ["not known", 0, "not known"])
})

test("whatever is observed and however the clock jumps, intervals never overlap, and up, down and unknown are the whole", () => {
  const observation = fc.record({
    step: fc.integer({ min: -50_000, max: 100_000 }),
    outcome: fc.constantFrom<Outcome>("fine", "problem", "unknown"),
  })
  fc.assert(
    fc.property(fc.array(observation, { maxLength: 60 }), fc.integer({ min: 1, max: 60_000 }), (steps, silentAfterMs) => {
      let at = 1_000_000
      const ledger = ledgerOf(
        steps.map(({ step, outcome }) => ({ at: (at += step), outcome })),
        silentAfterMs,
      )
      ledger.forEach(({ from, until }, i) => {
        assert.ok(from <= until)
        const next = ledger[i + 1]
        if (next !== undefined) assert.equal(next.from, until)
      })
      const { upMs, downMs, unknownMs, least, most } = uptimeOf(ledger, 900_000, 3_000_000)
      assert.equal(upMs + downMs + unknownMs, 2_100_000)
      assert.ok(unknownMs >= 0 && least <= most)
    }),
  )
})
