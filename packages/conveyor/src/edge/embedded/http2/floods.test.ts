import assert from "node:assert/strict"
import { test } from "node:test"
import { floodLimits, Floods } from "./floods.ts"

const { earlyEnds, earlyEndsPerSecond, overheadBytes } = floodLimits

test("streams that are given up are counted against what one may give up, which comes back with time", () => {
  const floods = new Floods(floodLimits, 0)
  for (let i = 0; i < earlyEnds; i++) assert.ok(floods.endedEarly(0), `the ${i}th`)
  assert.equal(floods.endedEarly(0), false)
  assert.equal(floods.endedEarly(1_000), true)
  for (let i = 1; i < earlyEndsPerSecond; i++) assert.ok(floods.endedEarly(1_000))
  assert.equal(floods.endedEarly(1_000), false)
})

test("what comes is counted against bodies, heads and what was sent; what is left over is flood", () => {
  const floods = new Floods(floodLimits, 0)
  assert.equal(floods.isFlooded({ read: overheadBytes, written: 0 }, 0), false)
  assert.equal(floods.isFlooded({ read: overheadBytes + 1, written: 0 }, 0), true)
  floods.bodyCame(5_000_000)
  assert.equal(floods.isFlooded({ read: 5_000_000 + overheadBytes, written: 0 }, 0), false)
  floods.streamBegun()
  assert.equal(floods.isFlooded({ read: 5_000_000 + overheadBytes + 16_000, written: 0 }, 0), false)
  assert.equal(floods.isFlooded({ read: 6_000_000, written: 64_000_000 }, 0), false)
  assert.equal(floods.isFlooded({ read: 7_000_000, written: 0 }, 0), true)
  assert.equal(floods.isFlooded({ read: 7_000_000, written: 0 }, 3_600_000), false)
})
