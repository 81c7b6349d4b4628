// Which state of a QR payment follows which. Pure; called by whatever moves one.
export const qrStates = [
  "created",
  "pending",
  "paid",
  "expired",
  "cancelled",
  "declined",
  "paid_late",
  "applied",
  "partially_refunded",
  "refunded",
] as const
export type QrState = (typeof qrStates)[number]

/** "success" is money in time, "late-success" money after the code's end; "part-back" and "all-back" is money that went back. */
export type QrSign = "registered" | "success" | "late-success" | "declined" | "expired" | "cancelled" | "applied" | "part-back" | "all-back"

/** A customer who was declined may try the same code again, so "declined" is no end. What is not named does not move. */
const transitions: Record<QrState, Partial<Record<QrSign, QrState>>> = {
  created: {
    registered: "pending",
    success: "paid",
    "late-success": "paid_late",
    declined: "declined",
    expired: "expired",
    cancelled: "cancelled",
  },
  pending: { success: "paid", "late-success": "paid_late", declined: "declined", expired: "expired", cancelled: "cancelled" },
  declined: { success: "paid", "late-success": "paid_late", expired: "expired", cancelled: "cancelled" },
  expired: { "late-success": "paid_late" },
  cancelled: { "late-success": "paid_late" },
  paid: { "part-back": "partially_refunded", "all-back": "refunded" },
  paid_late: { applied: "applied", "all-back": "refunded" },
  applied: { "part-back": "partially_refunded", "all-back": "refunded" },
  partially_refunded: { "part-back": "partially_refunded", "all-back": "refunded" },
  refunded: {},
}

/** Undefined where the sign changes nothing any more. */
export function moveQr(state: QrState, sign: QrSign): QrState | undefined {
  return transitions[state][sign]
}

/** No money has come yet, and some may still come. */
export const isOpen = (state: QrState): boolean => transitions[state]["late-success"] !== undefined
