// The customers of the simulated bank: they pay codes, are declined, or come too late; the merchant is told as the plan says. Called by the
// simulator's routes, and by itself where every new code is to be paid.
import type { Agenda } from "./agenda.ts"
import type { Bank } from "./bank.ts"
import { plainPlan } from "./callback-plan.ts"
import type { CallbackPlan } from "./callback-plan.ts"
import type { Clock } from "./clock.ts"
import type { Courier } from "./courier.ts"
import { paymentUnderWay } from "./qr.ts"
import type { Payment, Qr } from "./qr.ts"
import { Refused } from "./refused.ts"

export interface CustomersSurroundings {
  bank: Bank
  clock: Clock
  agenda: Agenda
  courier: Courier
}

export class Customers {
  readonly #in: CustomersSurroundings
  readonly #plans = new Map<string, CallbackPlan>()
  #usualPlan = plainPlan

  constructor(surroundings: CustomersSurroundings) {
    this.#in = surroundings
  }

  /** How the merchant is told of the payments of one code; of all others without a `qrId`. */
  planCallbacks(plan: CallbackPlan, qrId?: string): void {
    if (qrId === undefined) this.#usualPlan = plan
    else this.#plans.set(this.#in.bank.qr(qrId).id, plan)
  }

  /** Ends the payment that has begun, or begins one and ends it. @param amount kopecks, where the code has none. */
  pay(qrId: string, outcome: "succeed" | "decline", amount: bigint | undefined): Payment {
    const { bank, courier } = this.#in
    if (paymentUnderWay(bank.qr(qrId)) === undefined) bank.begin(qrId, amount)
    const payment = bank.end(qrId, outcome)
    courier.announce(bank.qr(qrId), payment, this.#plans.get(qrId) ?? this.#usualPlan)
    return payment
  }

  /** For a demo without people: pays this code after a while, unless somebody did or it is over. */
  payLater(qr: Qr, afterMs: number): void {
    const { agenda, clock } = this.#in
    if (qr.amount === undefined) return
    agenda.add(new Date(clock.now().getTime() + afterMs), qr.id, async () => {
      try {
        this.pay(qr.id, "succeed", undefined)
      } catch (cause) {
        if (!(cause instanceof Refused)) throw cause
      }
    })
  }
}
