import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { repriced } from "./basket.ts"
import type { Discount, Line, Order } from "./order.ts"
import { partReturn } from "./part-return.ts"

const line = (id: string, qty: number, price: number): Line => ({
  id,
  itemId: id,
  bouquetId: null,
  title: id,
  categoryId: null,
  qty,
  price,
  amount: 0,
  total: 0,
  manual: false,
})
const rule = (id: string, said: Partial<Discount>): Discount => ({
  id,
  lineId: null,
  kind: "discount",
  rate: null,
  amount: 0,
  reasonId: null,
  byTerms: false,
  ...said,
})
/** What a return looks at. */
const sold = (lines: readonly Line[], rules: readonly Discount[] = []) => repriced(lines, rules).basket as unknown as Order
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

test("two of five roses come back: their share of the price, of a rate and of a sum off the whole", () => {
  const order = sold(
    [line("rose", 5_000, 10_000), line("vase", 1_000, 50_000)],
    [rule("rate", { rate: 1_000 }), rule("sum", { amount: 10_000 })],
  )
  const part = partReturn(order, [{ id: "rose", qty: 2_000 }])
  assert.ok(part !== "whole")
  assert.deepEqual([order.totalAmount, part.kept.totalAmount, part.back.totalAmount], [80_000, 64_000, 16_000])
  assert.deepEqual(
    part.back.lines.map(({ id, qty, amount, total }) => [id, qty, amount, total]),
    [["rose", 2_000, 20_000, 16_000]],
  )
  assert.deepEqual(
    part.kept.lines.map(({ id, qty }) => [id, qty]),
    [
      ["rose", 3_000],
      ["vase", 1_000],
    ],
  )
})

test("what nobody has cannot come back, and all of it is a return of the whole", () => {
  const order = sold([line("rose", 5_000, 10_000)])
  assert.equal(partReturn(order, [{ id: "rose", qty: undefined }]), "whole")
  for (const asked of [
    [],
    [{ id: "lily", qty: 1_000 }],
    [{ id: "rose", qty: 5_001 }],
    [
      { id: "rose", qty: 1 },
      { id: "rose", qty: 1 },
    ],
  ])
    assert.throws(() => partReturn(order, asked), { name: "Refusal" })
})

const orders = fc
  .record({
    lines: fc.array(fc.record({ qty: fc.integer({ min: 1, max: 20_000 }), price: fc.integer({ min: 0, max: 500_000 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
    ofLine: fc.option(fc.record({ at: fc.nat(4), part: fc.integer({ min: 0, max: 100 }) })),
    rate: fc.option(fc.integer({ min: 1, max: 10_000 })),
    off: fc.integer({ min: 0, max: 100 }),
    markup: fc.integer({ min: 0, max: 10_000 }),
  })
  .map(({ lines: some, ofLine, rate, off, markup }) => {
    const lines = some.map(({ qty, price }, index) => line(`l${index}`, qty, price))
    const priced = sold(lines).lines
    const at = ofLine === null ? undefined : priced[ofLine.at]
    const own =
      at === undefined || ofLine === null ? [] : [rule("own", { lineId: at.id, amount: Math.floor((at.amount * ofLine.part) / 100) })]
    const base = sold(lines, own).totalAmount
    const whole = rate === null ? rule("off", { amount: Math.floor((base * off) / 100) }) : rule("rate", { rate })
    return sold(lines, [...own, whole, rule("markup", { kind: "markup", amount: markup })])
  })

test("property: in whatever parts an order comes back, what is kept and what is given back are what was paid, and never more", () => {
  fc.assert(
    fc.property(
      orders,
      fc.array(fc.record({ line: fc.nat(4), part: fc.integer({ min: 1, max: 1_000 }) }), { maxLength: 6 }),
      (first, steps) => {
        let order = first
        let given = 0
        for (const { line: at, part } of steps) {
          const back = order.lines[at % order.lines.length]
          if (back === undefined) return
          const qty = Math.max(1, Math.floor((back.qty * part) / 1_000))
          const step = partReturn(order, [{ id: back.id, qty }])
          if (step === "whole") break
          assert.equal(sum(step.back.lines.map(({ total }) => total)), step.back.totalAmount)
          assert.equal(step.kept.totalAmount + step.back.totalAmount, order.totalAmount)
          assert.ok(step.kept.lines.every(({ total }) => total >= 0))
          given += step.back.totalAmount
          order = { ...order, ...step.kept }
        }
        assert.equal(given + order.totalAmount, first.totalAmount)
      },
    ),
    { numRuns: 500 },
  )
})
