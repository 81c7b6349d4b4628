import assert from "node:assert/strict"
import { test } from "node:test"
import { ManualClock } from "./clock.ts"
import { TimedOutError } from "../errors/errors.ts"
import { until } from "./until.ts"

const never = new AbortController().signal
const options = (clock: ManualClock, signal = never) => ({ what: "the flower opens", everyMs: 100, withinMs: 250, clock, signal })

test("what is there at once is given without any waiting", async () => {
  assert.equal(await until(() => ({ done: 7 }), options(new ManualClock())), 7)
})

test("a probe that throws counts as not yet", async () => {
  const clock = new ManualClock()
  let probes = 0
  const waiting = until(async () => {
    probes += 1
    if (probes < 3) throw new Error("closed")
    return { done: "open" }
  }, options(clock))
  await clock.advance(200)
  assert.equal(await waiting, "open")
})

test("it looks a last time at the deadline, and then says what was waited for and what was seen last", async () => {
  const clock = new ManualClock()
  const probedAt: number[] = []
  const waiting = until(() => {
    probedAt.push(clock.now())
    return { notYet: `closed for ${clock.now()} ms` }
  }, options(clock))
  const refused = assert.rejects(waiting, (thrown) => {
    assert.ok(thrown instanceof TimedOutError)
    assert.equal(thrown.message, "the flower opens: not within 250 ms; last seen: closed for 250 ms")
    return true
  })
  await clock.advance(1_000)
  await refused
  assert.deepEqual(probedAt, [0, 100, 200, 250])
})

test("aborting ends the wait with the reason of the abort", async () => {
  const clock = new ManualClock()
  const stop = new AbortController()
  const waiting = until(() => ({ notYet: "closed" }), options(clock, stop.signal))
  stop.abort(new Error("winter"))
  await assert.rejects(waiting, /winter/)
})

test("what is aborted before it begins is never probed", async () => {
  const probes: number[] = []
  const waiting = until(() => ({ done: probes.push(1) }), options(new ManualClock(), AbortSignal.abort(new Error("winter"))))
  await assert.rejects(waiting, /winter/)
  assert.deepEqual(probes, [])
})
