import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { kopecksOf, MoneyError, roublesNumber, roublesOf } from "./money.ts"

const limit = 10n ** 15n

test("every amount survives the way to roubles and back, as text and through JSON", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: limit - 1n }), (kopecks) => {
      assert.equal(kopecksOf(roublesOf(kopecks)), kopecks)
      assert.equal(kopecksOf(JSON.parse(JSON.stringify(roublesNumber(kopecks))) as number), kopecks)
    }),
    { examples: [[0n], [1n], [10n], [29n], [15050n], [limit - 1n]] },
  )
})

test("kopecks are written with two digits, and read with one, two or none", () => {
  assert.equal(roublesOf(15050n), "150.50")
  assert.equal(roublesOf(5n), "0.05")
  assert.equal(kopecksOf("150.5"), 15050n)
  assert.equal(kopecksOf(150), 15000n)
})

test("what is no exact amount is refused, never rounded", () => {
  for (const wrong of ["", "1.", ".5", "1.005", "-1", "1e3", "1,50", " 1", 0.001, 1e21, Number.NaN, -0.01, "10000000000000"]) {
    assert.throws(() => kopecksOf(wrong), MoneyError, String(wrong))
  }
  assert.throws(() => roublesOf(-1n), MoneyError)
  assert.throws(() => roublesNumber(limit), MoneyError)
})
