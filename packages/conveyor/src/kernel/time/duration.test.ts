import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { formatDuration, hours, minutes, parseDuration, seconds } from "./duration.ts"

test("durations are read with their unit, and sums of them are added up", () => {
  const read = ["250ms", "15s", "1.5s", "15m", "2h", "1d", "1h30m", "0s"].map(parseDuration)
  assert.deepEqual(read, [250, seconds(15), 1_500, minutes(15), hours(2), hours(24), minutes(90), 0])
})

test("what is no duration is not guessed at", () => {
  for (const text of ["", "15", "m", "15 m", "-5s", "5S", "1h 30m", "s5", "1.s", ".5s", "5s!", "١s"]) {
    assert.equal(parseDuration(text), undefined, text)
  }
})

test("no text makes reading throw, and what is read is a length of time", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^(\d{1,4}(ms|s|m|h|d)){1,3}$/)), (text) => {
      const ms = parseDuration(text)
      assert.ok(ms === undefined || ms >= 0)
    }),
  )
})

test("a person sees at most two units", () => {
  const written = [0, 950, 1_000, 1_250, 9_960, 15_000, 75_000, 60_000, hours(1), minutes(90), hours(26)].map(formatDuration)
  assert.deepEqual(written, ["0 ms", "950 ms", "1 s", "1.3 s", "10 s", "15 s", "1 m 15 s", "1 m", "1 h", "1 h 30 m", "26 h"])
})

test("rounding never writes a unit that is full: 60 s is 1 m", () => {
  assert.deepEqual([999.6, 59_600, 3_599_600].map(formatDuration), ["1 s", "1 m", "1 h"])
  fc.assert(fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => !/\b(1000 ms|60 s|60 m)\b/.test(formatDuration(ms))))
})
