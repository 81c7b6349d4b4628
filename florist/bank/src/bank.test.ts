import assert from "node:assert/strict"
import { test } from "node:test"
import fc from "fast-check"
import { Bank } from "./bank.ts"
import type { Merchant, Qr } from "./qr.ts"
import { Refused } from "./refused.ts"

const merchant: Merchant = { id: "MA0000000001", secretKey: "secret", callbackUrl: undefined }
const startMs = Date.parse("2026-03-08T09:00:00Z")
const expiresAfterMs = 1000

type QrType = Qr["type"]
type Step =
  | { do: "register"; order: number; amount: bigint }
  | { do: "begin" | "succeed" | "decline" | "expire" | "cancel"; order: number }
  | { do: "refund"; order: number; refund: number; amount: bigint }
  | { do: "decline refund"; refund: number }
  | { do: "wait"; ms: number }

const order = fc.nat({ max: 1 })
const refund = fc.nat({ max: 3 })
const amount = fc.bigInt({ min: 1n, max: 3n })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("register" as const), order, amount }),
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "begin" as const,
          "succeed" as const,
          "succeed" as const,
          "decline" as const,
          "expire" as const,
          "cancel" as const,
        ),
        order,
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("refund" as const), order, refund, amount }) },
    fc.record({ do: fc.constant("decline refund" as const), refund }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 400, 2000) }),
  ),
  { minLength: 1, maxLength: 40, size: "max" },
)

/** A bank with its registered codes, and beside it the plain sums of what it said yes to. */
class Watched {
  readonly type: QrType
  now = startMs
  readonly bank: Bank
  readonly qrs = new Map<number, Qr>()
  readonly successes = new Map<number, number>()
  captured = 0n
  /** By id: what was accepted once. */
  readonly refunds = new Map<number, bigint>()

  constructor(type: QrType) {
    this.type = type
    this.bank = new Bank({ merchants: [merchant], now: () => new Date(this.now), refundTakesMs: 500 })
    for (const order of [0, 1]) this.do({ do: "register", order, amount: 3n })
  }

  /** Does nothing where the bank refuses. */
  try(step: Step): void {
    try {
      this.do(step)
    } catch (cause) {
      if (!(cause instanceof Refused)) throw cause
    }
  }

  do(step: Step): void {
    const owner = this.bank.merchant(merchant.id)
    switch (step.do) {
      case "register": {
        const { qr } = this.bank.register({
          sbpMerchantId: merchant.id,
          qrType: this.type,
          order: String(step.order),
          amount: step.amount,
          currency: "RUB",
          qrExpirationDate: new Date(startMs + expiresAfterMs),
        })
        assert.equal(qr, this.qrs.get(step.order) ?? qr, "the same order has one code")
        this.qrs.set(step.order, qr)
        return
      }
      case "succeed": {
        const payment = this.bank.end(this.idOf(step.order), "succeed")
        this.captured += payment.amount
        this.successes.set(step.order, (this.successes.get(step.order) ?? 0) + 1)
        return
      }
      case "decline":
        return void this.bank.end(this.idOf(step.order), "decline")
      case "begin":
        return void this.bank.begin(this.idOf(step.order), undefined)
      case "expire":
        return void this.bank.expire(this.idOf(step.order))
      case "cancel":
        return this.bank.cancel(owner, this.idOf(step.order))
      case "refund": {
        const paid = this.qrs.get(step.order)?.payments.findLast(({ status }) => status === "SUCCESS")
        const request = { refundId: String(step.refund), order: String(step.order), amount: step.amount }
        const accepted = this.bank.refund(owner, { ...request, transactionId: paid?.transactionId ?? 0 })
        this.refunds.set(step.refund, this.refunds.get(step.refund) ?? step.amount)
        assert.equal(accepted.amount, step.amount)
        return
      }
      case "decline refund":
        this.bank.declineRefund(owner, String(step.refund))
        this.refunds.set(step.refund, 0n)
        return
      case "wait":
        this.now += step.ms
    }
  }

  idOf(order: number): string {
    return this.qrs.get(order)?.id ?? ""
  }

  check(): void {
    const { captured, refunded, kept } = this.bank.totals(this.bank.merchant(merchant.id))
    const expected = [...this.refunds.values()].reduce((sum, amount) => sum + amount, 0n)
    assert.equal(captured, this.captured)
    assert.equal(refunded, expected)
    assert.equal(kept, captured - refunded)
    assert.ok(kept >= 0n, `${kept} kept`)
    for (const [order, { status, payments }] of this.qrs) {
      const count = payments.filter((payment) => payment.status === "SUCCESS").length
      assert.equal(count, this.successes.get(order) ?? 0)
      if (this.type !== "QRDynamic") continue
      assert.ok(count <= 1, `paid ${count} times`)
      assert.equal(status === "PAID", count === 1, `${status} after ${count} payments`)
    }
  }
}

for (const type of ["QRDynamic", "QRStatic", "QRVariable"] as const) {
  test(`${type}: whatever is asked in whatever order, captured = refunded + kept, and a dynamic code is paid once`, () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const watched = new Watched(type)
        for (const step of steps) {
          watched.try(step)
          watched.check()
        }
      }),
      { numRuns: 400 },
    )
  })
}

test("the property's steps do reach payments, late payments and refunds", () => {
  const watched = new Watched("QRDynamic")
  const late: Step[] = [
    { do: "begin", order: 0 },
    { do: "wait", ms: 2000 },
    { do: "cancel", order: 1 },
    { do: "succeed", order: 0 },
    { do: "refund", order: 0, refund: 0, amount: 2n },
    { do: "refund", order: 0, refund: 0, amount: 2n },
    { do: "refund", order: 0, refund: 1, amount: 2n },
    { do: "decline refund", refund: 0 },
    { do: "refund", order: 0, refund: 1, amount: 2n },
  ]
  for (const step of late) {
    watched.try(step)
    watched.check()
  }
  assert.deepEqual(
    [...watched.refunds],
    [
      [0, 0n],
      [1, 2n],
    ],
  )
  assert.equal(watched.captured, 3n)
})
