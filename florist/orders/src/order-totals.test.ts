import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { withoutLine, repriced } from "./basket.ts"
import { Overdrawn, totalsOf } from "./order-totals.ts"
import type { DiscountRule, PricedLine } from "./order-totals.ts"
import type { Discount, Line } from "./order.ts"

const lines = fc.array(fc.record({ qty: fc.integer({ min: 1, max: 100_000 }), price: fc.integer({ min: 0, max: 10_000_000 }) }), {
  maxLength: 8,
})
const rules = fc.array(
  fc.record({
    of: fc.option(fc.nat(7)),
    kind: fc.constantFrom("discount" as const, "markup" as const),
    rate: fc.option(fc.integer({ min: 1, max: 10_000 })),
    amount: fc.integer({ min: 0, max: 500_000 }),
  }),
  { maxLength: 6 },
)
const orders = fc.tuple(lines, rules).map(([someLines, someRules]) => ({
  lines: someLines.map((line, index): PricedLine => ({ ...line, id: `l${index}` })),
  rules: someRules.map(({ of, ...rule }, index): DiscountRule => ({
    ...rule,
    id: `d${index}`,
    lineId: of !== null && of < someLines.length ? `l${of}` : null,
  })),
}))
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

test("lines add up to the order exactly under any discounts and markups, none of them below nothing", () => {
  let priced = 0
  fc.assert(
    fc.property(orders, ({ lines, rules }) => {
      let totals: ReturnType<typeof totalsOf>
      try {
        totals = totalsOf(lines, rules)
      } catch (cause) {
        assert.ok(cause instanceof Overdrawn)
        return
      }
      priced += 1
      assert.equal(sum(totals.lines.map(({ total }) => total)), totals.totalAmount)
      assert.equal(totals.linesAmount - totals.discountAmount + totals.markupAmount, totals.totalAmount)
      assert.equal(sum(totals.discounts), totals.discountAmount + totals.markupAmount)
      for (const { total, own } of totals.lines) assert.ok(total >= 0 && own >= 0)
    }),
    { numRuns: 3_000 },
  )
  assert.ok(priced > 500, `only ${priced} orders were priced at all`)
})

test("a discount of the whole order takes from each line in proportion, to the kopeck", () => {
  const three = ["a", "b", "c"].map((id) => ({ id, qty: 1_000, price: 100 }))
  const { lines, totalAmount } = totalsOf(three, [{ id: "d", lineId: null, kind: "discount", rate: null, amount: 100 }])
  assert.deepEqual([lines.map(({ total }) => total), totalAmount], [[66, 67, 67], 200])
})

test("more off than there is, is refused, and names the discount", () => {
  const line = { id: "a", qty: 1_000, price: 100 }
  assert.throws(
    () => totalsOf([line], [{ id: "d", lineId: "a", kind: "discount", rate: null, amount: 101 }]),
    (cause) => cause instanceof Overdrawn && cause.discountId === "d",
  )
  assert.throws(() => totalsOf([], [{ id: "m", lineId: null, kind: "markup", rate: null, amount: 1 }]), Overdrawn)
})

test("what is left without a line adds up too, whatever was taken off", () => {
  fc.assert(
    fc.property(orders, ({ lines, rules }) => {
      const whole = lines.map((line): Line => ({
        ...line,
        itemId: "i",
        bouquetId: null,
        title: "",
        categoryId: null,
        amount: 0,
        total: 0,
        manual: false,
      }))
      const discounts = rules.map((rule): Discount => ({ ...rule, reasonId: null, byTerms: false }))
      let basket: ReturnType<typeof repriced>["basket"]
      try {
        basket = repriced(whole, discounts).basket
      } catch {
        return
      }
      const left = withoutLine(basket, "l0")
      assert.equal(left.lines.length, Math.max(0, lines.length - 1))
      assert.equal(sum(left.lines.map(({ total }) => total)), left.totalAmount)
    }),
    { numRuns: 5_000 },
  )
})
