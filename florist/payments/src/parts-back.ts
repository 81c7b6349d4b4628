// How what is owed back of an order that came back in part is shared out: to each payment in proportion to what is left of it, so that it goes back as it was paid.
// Pure. Called by the agenda of returns.
import { splitByWeight } from "@florist/kit/quantity"
import type { Payment } from "./payment.ts"
import { kopecksPerPoint } from "./spending-flow.ts"

type Part = Pick<Payment, "method" | "amount" | "refunded">

/** @returns nothing where nothing is owed. Points are whole: what is left of one is paid in money, where any was. */
export function partsBack<P extends Part>(payments: readonly P[], owed: number): { payment: P; amount: number }[] {
  const open = payments.filter((payment) => leftOf(payment) > 0)
  const left = open.reduce((sum, payment) => sum + leftOf(payment), 0)
  if (owed <= 0 || left === 0) return []
  const shares = splitByWeight(Math.min(owed, left), open.map(leftOf))
  const given = open.map((payment, index) => ({ payment, amount: whole(payment, shares[index] ?? 0) }))
  let missing = Math.min(owed, left) - given.reduce((sum, { amount }) => sum + amount, 0)
  for (const part of given) {
    if (part.payment.method === "bonus") continue
    const more = Math.min(missing, leftOf(part.payment) - part.amount)
    part.amount += more
    missing -= more
  }
  return given.filter(({ amount }) => amount > 0)
}

const leftOf = ({ amount, refunded }: Part): number => amount - refunded
const whole = ({ method }: Part, share: number): number => (method === "bonus" ? share - (share % kopecksPerPoint) : share)
