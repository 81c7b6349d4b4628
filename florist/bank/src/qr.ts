// A payment code and the payments made by it: which of its statuses follows which. Pure; called by the bank.
import { Refused } from "./refused.ts"
import type { QrStatus, QrType, PaymentStatus } from "./sbp.ts"

export interface Merchant {
  id: string
  secretKey: string
  /** Undefined: nobody is called. */
  callbackUrl: string | undefined
}

export interface Qr {
  readonly id: string
  readonly merchant: Merchant
  readonly order: string
  readonly type: QrType
  /** Kopecks; undefined where the customer says how much. */
  readonly amount: bigint | undefined
  readonly createdAt: Date
  /** Undefined: never. */
  readonly expiresAt: Date | undefined
  status: QrStatus
  /** The latest is last. */
  readonly payments: Payment[]
}

export interface Payment {
  readonly transactionId: number
  readonly amount: bigint
  status: Exclude<PaymentStatus, "NO_INFO">
  /** When it last changed. */
  at: Date
}

/** A customer begins to pay, and it succeeds or is declined; a code's time runs out; the shop cancels it. */
export type QrEvent = "begin" | "succeed" | "decline" | "expire" | "cancel"

type Transitions = Record<QrStatus, Partial<Record<QrEvent, QrStatus>>>

/**
 * What has begun before a code's end may succeed after it: then the money came late, and the code is PAID.
 * Which status a code has after a declined payment is not published: here it can be paid again.
 */
const payableOnce: Transitions = {
  NEW: { begin: "IN_PROGRESS", expire: "EXPIRED", cancel: "CANCELLED" },
  IN_PROGRESS: { succeed: "PAID", decline: "NEW", expire: "EXPIRED", cancel: "CANCELLED" },
  EXPIRED: { succeed: "PAID", decline: "EXPIRED" },
  CANCELLED: { succeed: "PAID", decline: "CANCELLED", cancel: "CANCELLED" },
  PAID: {},
}

/** A code that is payable many times stays NEW through all of them. */
const payableAgain: Transitions = {
  NEW: { begin: "NEW", succeed: "NEW", decline: "NEW", expire: "EXPIRED", cancel: "CANCELLED" },
  IN_PROGRESS: {},
  EXPIRED: { succeed: "EXPIRED", decline: "EXPIRED" },
  CANCELLED: { succeed: "CANCELLED", decline: "CANCELLED", cancel: "CANCELLED" },
  PAID: {},
}

const transitions: Record<QrType, Transitions> = { QRDynamic: payableOnce, QRStatic: payableAgain, QRVariable: payableAgain }

/** @throws Refused where the code's status does not allow it; nothing changes then. */
export function moveQr(qr: Qr, event: QrEvent): void {
  const next = transitions[qr.type][qr.status][event]
  if (next === undefined) throw new Refused("ERROR.QR_NOT_PAYABLE", `The QR ${qr.id} is ${qr.status}: it cannot ${event}.`)
  qr.status = next
}

export function canBecome(qr: Qr, event: QrEvent): boolean {
  return transitions[qr.type][qr.status][event] !== undefined
}

/** The payment that has begun and not ended; the latest of them. */
export function paymentUnderWay(qr: Qr): Payment | undefined {
  return qr.payments.findLast(({ status }) => status === "IN_PROGRESS")
}
