import assert from "node:assert/strict"
import { test } from "node:test"
import { ManualClock } from "../../kernel/time/clock.ts"
import { defaultPolicy } from "../policy.ts"
import { Rate } from "./rate.ts"
import { isWithin } from "./signals.ts"
import { SignalError, createThrottle } from "./throttle.ts"
import type { Level } from "./throttle.ts"

const policy = { ...defaultPolicy.throttle, everyMs: 100, longestPauseMs: 10_000 }
const never = new AbortController().signal

const signalOf = (name: string, read: () => Level | Promise<Level>) => ({ name, read: () => Promise.resolve().then(read) })

test("the worst signal decides, and its reason is told until it is over", async () => {
  const clock = new ManualClock()
  let lag = 1.2
  const throttle = createThrottle(
    [signalOf("calm", () => ({ level: 0.9, reason: "calm" })), signalOf("lag", () => ({ level: lag, reason: "the replica lags" }))],
    policy,
    clock,
    never,
  )
  const reasons: string[] = []
  let rest: number | undefined
  const work = throttle.mayGoOn((reason) => Promise.resolve(void reasons.push(reason))).then((value) => (rest = value))
  await clock.advance(250)
  assert.deepEqual(new Set(reasons), new Set(["the replica lags"]))
  assert.equal(rest, undefined)
  lag = 0.2
  await clock.advance(100)
  await work
  // 0.9 of a limit: nine times the batch's own time.
  assert.ok(Math.abs((rest ?? 0) - 9) < 0.001)
})

test("below half of every limit nothing slows the batches", async () => {
  const throttle = createThrottle([signalOf("low", () => ({ level: 0.5, reason: "" }))], policy, new ManualClock(), never)
  assert.equal(await throttle.mayGoOn(() => Promise.resolve()), 0)
})

test("a signal that cannot be read stops the batches; a lost connection is the caller's to mend", async () => {
  const clock = new ManualClock()
  let isDown = true
  const broken = signalOf("the probe", () => {
    if (isDown) throw new SignalError(new Error("no route"))
    return { level: 0, reason: "" }
  })
  const reasons: string[] = []
  const work = createThrottle([broken], policy, clock, never).mayGoOn((reason) => Promise.resolve(void reasons.push(reason)))
  await clock.advance(100)
  assert.equal(reasons[0], "the probe cannot be read: no route")
  isDown = false
  await clock.advance(200)
  await work
  const lost = signalOf("the shard", () => {
    throw new Error("Connection terminated")
  })
  await assert.rejects(
    createThrottle([lost], policy, clock, never).mayGoOn(() => Promise.resolve()),
    /Connection terminated/,
  )
})

test("a pause has an end, which names its reason", async () => {
  const clock = new ManualClock()
  const work = createThrottle([signalOf("load", () => ({ level: 3, reason: "too much load" }))], policy, clock, never).mayGoOn(() =>
    Promise.resolve(),
  )
  const ended = assert.rejects(work, { code: "paused-too-long", message: /too much load/ })
  await clock.advance(11_000)
  await ended
})

test("a window of hours may go over midnight", () => {
  const at = (time: string) => new Date(`2026-11-21T${time}:00`)
  assert.equal(isWithin("22:00", "06:00", at("23:30")), true)
  assert.equal(isWithin("22:00", "06:00", at("05:59")), true)
  assert.equal(isWithin("22:00", "06:00", at("06:00")), false)
  assert.equal(isWithin("22:00", "06:00", at("12:00")), false)
  assert.equal(isWithin("01:00", "03:30", at("03:29")), true)
  assert.equal(isWithin("01:00", "03:30", at("03:30")), false)
})

test("the rate counts the pauses, so that the estimate of the end is honest", async () => {
  const clock = new ManualClock()
  const rate = new Rate(clock)
  rate.observe(0)
  await clock.advance(1_000)
  rate.observe(10_000)
  assert.equal(rate.perSecond, 10_000)
  await clock.advance(9_000)
  assert.equal(rate.perSecond, 1_000)
  rate.observe(10_000)
  await clock.advance(60_000)
  for (let second = 0; second < 90; second++) {
    rate.observe(10_000 + second * 500)
    await clock.advance(1_000)
  }
  assert.ok(Math.abs(rate.perSecond - 500) < 20, String(rate.perSecond))
})
