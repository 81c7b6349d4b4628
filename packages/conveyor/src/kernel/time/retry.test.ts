import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import type { Clock } from "./clock.ts"
import { retry } from "./retry.ts"
import type { RetryOptions } from "./retry.ts"

/** Notes every pause, and lets none of them last. */
function pausesOf(): { pauses: number[]; clock: Clock } {
  const pauses: number[] = []
  return { pauses, clock: { now: () => 0, sleep: async (ms) => void pauses.push(ms) } }
}

const options = (clock: Clock, changes: Partial<RetryOptions> = {}): RetryOptions => ({
  attempts: 4,
  firstPauseMs: 100,
  longestPauseMs: 300,
  clock,
  signal: new AbortController().signal,
  isTransient: () => true,
  ...changes,
})

const failing = (failures: number) => {
  let calls = 0
  return async () => {
    calls += 1
    if (calls <= failures) throw new Error(`failure ${calls}`)
    return calls
  }
}

test("a failure that passes is not seen by the caller", async () => {
  const { clock } = pausesOf()
  assert.equal(await retry(failing(3), options(clock)), 4)
})

test("after the last attempt the last failure is thrown, and there is no pause behind it", async () => {
  const { pauses, clock } = pausesOf()
  await assert.rejects(retry(failing(9), options(clock, { random: () => 1 })), /failure 4/)
  assert.deepEqual(pauses, [100, 200, 300])
})

test("a failure that does not pass is thrown at once", async () => {
  const { pauses, clock } = pausesOf()
  await assert.rejects(retry(failing(1), options(clock, { isTransient: () => false })), /failure 1/)
  assert.deepEqual(pauses, [])
})

test("an abort during a pause is the end of it", async () => {
  const stop = new AbortController()
  const clock: Clock = {
    now: () => 0,
    sleep: async (_ms, signal) => {
      stop.abort(new Error("enough"))
      signal?.throwIfAborted()
    },
  }
  await assert.rejects(retry(failing(9), options(clock, { signal: stop.signal })), /enough/)
})

test("every pause lies between nothing and a bound that doubles up to the longest", async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 12 }), async (chance, failures) => {
      const { pauses, clock } = pausesOf()
      const told: number[] = []
      await retry(
        failing(failures),
        options(clock, { attempts: 20, random: () => chance, onRetry: (_thrown, _attempt, pauseMs) => told.push(pauseMs) }),
      )
      assert.equal(pauses.length, failures)
      assert.deepEqual(told, pauses)
      for (const [i, pause] of pauses.entries()) assert.ok(pause >= 0 && pause <= Math.min(300, 100 * 2 ** i))
    }),
  )
})
