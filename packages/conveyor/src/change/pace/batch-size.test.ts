import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { BatchSize, p90 } from "./batch-size.ts"
import { defaultPolicy } from "../policy.ts"

const policy = { ...defaultPolicy.batch, firstRows: 1_000, smallestRows: 10, largestRows: 20_000, targetMs: 250 }

/** A server on which a row takes `msPerRow`. */
function settle(msPerRow: number, batches: number): BatchSize {
  const size = new BatchSize(policy)
  for (let i = 0; i < batches; i++) size.observe(size.rows, size.rows * msPerRow)
  return size
}

test("the size settles where a batch takes the target", () => {
  for (const msPerRow of [0.05, 0.1, 1, 5]) {
    const { rows } = settle(msPerRow, 200)
    assert.ok(Math.abs(rows * msPerRow - policy.targetMs) < policy.targetMs * 0.25, `${rows} rows at ${msPerRow} ms`)
  }
})

test("a batch of five times the target cuts the size to a tenth at once", () => {
  const size = new BatchSize(policy)
  size.observe(1_000, policy.targetMs * policy.panicFactor)
  assert.equal(size.rows, 100)
})

test("batches with little to do say nothing about the size", () => {
  const size = new BatchSize(policy)
  for (let i = 0; i < 50; i++) size.observe(3, 1)
  assert.equal(size.rows, 1_000)
})

test("whatever the times are, the size stays within its limits and grows at most by half at once", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { maxLength: 200 }), (times) => {
      const size = new BatchSize(policy)
      for (const ms of times) {
        const before = size.rows
        size.observe(before, ms)
        assert.ok(size.rows >= policy.smallestRows && size.rows <= policy.largestRows && size.rows <= Math.round(before * 1.5))
      }
    }),
  )
})

test("p90 is the value that nine of ten do not pass", () => {
  assert.equal(p90([5]), 5)
  assert.equal(p90([10, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 9)
  assert.equal(p90([]), 0)
})
