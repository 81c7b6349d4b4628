// Sends the callbacks: each as its plan says, again and again until it is answered with 200 or a day is over, and keeps a list of all attempts.
// Called by the customer's side when a payment ends.
import type { Agenda } from "./agenda.ts"
import { plannedCallbacks, retryAt } from "./callback-plan.ts"
import type { CallbackPlan } from "./callback-plan.ts"
import { signCallback } from "./callback.ts"
import type { Clock } from "./clock.ts"
import { whyFetchFailed } from "./fetch-failure.ts"
import { roublesNumber } from "./money.ts"
import type { Payment, Qr } from "./qr.ts"
import { signatureHeader } from "./sbp.ts"

export type AttemptResult =
  | { kind: "answered"; status: number }
  /** The plan has it lost on its way. */
  | { kind: "lost" }
  /** Nobody listens, or no answer came in time. */
  | { kind: "failed"; reason: string }

export interface Attempt {
  callback: number
  attempt: number
  at: string
  qrId: string
  order: string
  paymentStatus: string
  signature: CallbackPlan["signature"]
  result: AttemptResult
  /** Null: it was accepted, or the day is over. */
  nextAt: string | null
}

interface Callback {
  number: number
  qr: Qr
  paymentStatus: string
  body: string
  signature: string
  plan: CallbackPlan
  firstAt: Date
}

const answerWithinMs = 10_000
/** The list is for looking at; of a long run only the end is kept. */
const mostAttempts = 10_000

export class Courier {
  readonly #clock: Clock
  readonly #agenda: Agenda
  readonly #attempts: Attempt[] = []
  #lastNumber = 0

  constructor(clock: Clock, agenda: Agenda) {
    this.#clock = clock
    this.#agenda = agenda
  }

  /** The oldest first. */
  get attempts(): readonly Attempt[] {
    return this.#attempts
  }

  /** Tells the merchant how a payment ended. */
  announce(qr: Qr, payment: Payment, plan: CallbackPlan): void {
    for (const { status, dueAt } of plannedCallbacks(plan, payment.status, payment.at, qr.expiresAt)) {
      this.#lastNumber += 1
      const body = bodyOf(qr, payment, status)
      const signature = signCallback(plan.signature === "forged" ? `not ${qr.merchant.secretKey}` : qr.merchant.secretKey, body)
      this.#post({ number: this.#lastNumber, qr, paymentStatus: status, body, signature, plan, firstAt: dueAt }, 1, dueAt)
    }
  }

  #post(callback: Callback, attempt: number, dueAt: Date): void {
    this.#agenda.add(dueAt, callback.qr.id, (signal) => this.#try(callback, attempt, signal))
  }

  async #try(callback: Callback, attempt: number, signal: AbortSignal): Promise<void> {
    const url = callback.qr.merchant.callbackUrl
    if (url === undefined) return
    const result: AttemptResult = attempt <= callback.plan.lost ? { kind: "lost" } : await send(url, callback, signal)
    const isAccepted = result.kind === "answered" && result.status === 200
    const nextAt = isAccepted || signal.aborted ? undefined : retryAt(callback.firstAt, attempt)
    this.#list(callback, attempt, result, nextAt)
    if (nextAt !== undefined) this.#post(callback, attempt + 1, nextAt)
  }

  #list({ number, qr, paymentStatus, plan }: Callback, attempt: number, result: AttemptResult, nextAt: Date | undefined): void {
    this.#attempts.push({
      callback: number,
      attempt,
      at: this.#clock.now().toISOString(),
      qrId: qr.id,
      order: qr.order,
      paymentStatus,
      signature: plan.signature,
      result,
      nextAt: nextAt?.toISOString() ?? null,
    })
    if (this.#attempts.length > mostAttempts) this.#attempts.splice(0, this.#attempts.length - mostAttempts)
  }
}

async function send(url: string, { body, signature }: Callback, signal: AbortSignal): Promise<AttemptResult> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", [signatureHeader]: signature },
      body,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
    })
    await answer.body?.cancel()
    return { kind: "answered", status: answer.status }
  } catch (cause) {
    return { kind: "failed", reason: whyFetchFailed(cause) }
  }
}

function bodyOf(qr: Qr, payment: Payment, paymentStatus: string): string {
  return JSON.stringify({
    transactionId: payment.transactionId,
    qrId: qr.id,
    sbpMerchantId: qr.merchant.id,
    amount: roublesNumber(payment.amount),
    currency: "RUB",
    transactionDate: payment.at.toISOString(),
    paymentStatus,
    order: qr.order,
    createDate: qr.createdAt.toISOString(),
  })
}
