import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { percentOf, roubles, toRoubles, toRoublesText } from "./money.ts"
import { splitByWeight, timesPrice, toUnitsText, quantity } from "./quantity.ts"

test("every amount of kopecks goes out and comes back the same, as a number and as text", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000_000_000 }), (kopecks) => {
      assert.equal(roubles.parse(toRoubles(kopecks)), kopecks)
      assert.equal(roubles.parse(toRoublesText(kopecks)), kopecks)
      assert.equal(roubles.parse(JSON.parse(JSON.stringify(toRoubles(kopecks)))), kopecks)
    }),
  )
})

test("what is no amount is refused: more decimals than there are kopecks, signs, exponents, other things", () => {
  for (const bad of [0.001, "1.005", "-1", -0.01, "1e3", 1e21, "", " 1", "1,5", Number.NaN, null, [], true, "9".repeat(13)])
    assert.equal(roubles.safeParse(bad).success, false, JSON.stringify(bad))
  for (const [good, kopecks] of [
    ["800.00", 80_000],
    [76.8, 7_680],
    ["0.10000", 10],
    [0, 0],
    ["-0", 0],
  ] as const)
    assert.equal(roubles.parse(good), kopecks)
})

test("a total that is split by weight is the sum of its parts, and no part is off by more than one", () => {
  const weights = fc
    .array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 20 })
    .filter((all) => all.some((each) => each > 0))
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), weights, (total, weights) => {
      const parts = splitByWeight(total, weights)
      const sum = weights.reduce((a, b) => a + b, 0)
      assert.equal(
        parts.reduce((a, b) => a + b, 0),
        total,
      )
      parts.forEach((part, index) => assert.ok(Math.abs(part - (total * (weights[index] ?? 0)) / sum) <= 1))
    }),
  )
  assert.deepEqual(splitByWeight(100, [1, 1, 1]), [34, 33, 33])
})

test("parts and products are rounded once, half away from zero", () => {
  assert.equal(percentOf(333, 5_000), 167)
  assert.equal(timesPrice(2_500, 33), 83)
  assert.equal(timesPrice(-2_500, 33), -83)
  assert.equal(timesPrice(1_000, 15_050), 15_050)
})

test("quantities keep three decimals and are written with two where two are enough", () => {
  assert.equal(quantity.parse("1.00"), 1_000)
  assert.equal(quantity.parse(0.125), 125)
  assert.equal(toUnitsText(1_000), "1.00")
  assert.equal(toUnitsText(125), "0.125")
  assert.equal(quantity.safeParse("0.0001").success, false)
})
