// How the bank tells of one payment: when, how often, in which order, and what goes wrong. Pure; called by the courier. The default is a bank that
// works.
import { z } from "zod"
import type { PaymentStatus } from "./sbp.ts"

export const callbackPlan = z.strictObject({
  /** After the payment, or after the code's time is over if that is asked for. */
  delayMs: z.number().int().min(0).default(0),
  /** How many equal callbacks are sent for each status. */
  copies: z.number().int().min(1).max(20).default(1),
  /** Whether the payment's IN_PROGRESS is told of, and before its end or after it. */
  sequence: z.enum(["final-only", "progress-first", "final-first"]).default("final-only"),
  /** How many attempts of each callback are lost on their way. */
  lost: z.number().int().min(0).max(1000).default(0),
  send: z.enum(["at-once", "after-expiry"]).default("at-once"),
  signature: z.enum(["true", "forged"]).default("true"),
})
export type CallbackPlan = z.output<typeof callbackPlan>

export const plainPlan: CallbackPlan = callbackPlan.parse({})

export interface PlannedCallback {
  status: PaymentStatus
  dueAt: Date
}

const sequences: Record<CallbackPlan["sequence"], (final: PaymentStatus) => PaymentStatus[]> = {
  "final-only": (final) => [final],
  "progress-first": (final) => ["IN_PROGRESS", final],
  "final-first": (final) => [final, "IN_PROGRESS"],
}

/** In the order in which they are sent. */
export function plannedCallbacks(plan: CallbackPlan, final: PaymentStatus, endedAt: Date, expiresAt: Date | undefined): PlannedCallback[] {
  const isLater = plan.send === "after-expiry" && expiresAt !== undefined && expiresAt > endedAt
  const from = isLater ? expiresAt : endedAt
  const dueAt = new Date(from.getTime() + plan.delayMs)
  return sequences[plan.sequence](final).flatMap((status) => Array.from({ length: plan.copies }, () => ({ status, dueAt })))
}

const firstPauseMs = 10_000
const dayMs = 24 * 3600 * 1000

/**
 * "For a day, at growing intervals" is all that https://pay.raif.ru/doc/sbp.html says: here each pause is twice the one before, from 10 s on.
 * @param attempt the number of the attempt that failed, from 1.
 * @returns when to try again; undefined once a day has passed since `firstAt`.
 */
export function retryAt(firstAt: Date, attempt: number): Date | undefined {
  const afterMs = firstPauseMs * (2 ** attempt - 1)
  return afterMs <= dayMs ? new Date(firstAt.getTime() + afterMs) : undefined
}
