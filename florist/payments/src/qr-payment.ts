// A payment by QR code: shapes, row, resource. Pure.
import drawCode from "qrcode-generator"
import { z } from "zod"
import type { Row } from "@florist/kit/database"
import { moment, oneOut, reference, resource, resourceIn, resourceOut, toOne } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { positiveRoubles, roublesOut, toRoubles } from "@florist/kit/money"
import { dateOf, textOf } from "./cell.ts"
import { paymentType } from "./payment-resource.ts"
import { qrStates } from "./qr-state.ts"
import type { QrState } from "./qr-state.ts"
import { seenOrder } from "./seen-order.ts"

const qrType = "qr-payments"
/** By the Faster Payments System, which tells of the payment; or an EMVCo code of the shop's own account, of which a worker tells. */
export const qrKinds = ["sbp", "emv"] as const

export interface QrPayment {
  id: string
  saleId: string
  storeId: string
  kind: (typeof qrKinds)[number]
  amount: number
  state: QrState
  bankQrId: string | null
  payload: string | null
  expiresAt: Date | null
  cancelAskedAt: Date | null
  received: number
  refunded: number
  /** Whether the money is a payment of the order; otherwise what is left of it is in suspense. */
  applied: boolean
  paidAt: Date | null
  workerId: string
  shiftId: string | null
  createdAt: Date
}

export const qrColumns = [
  "shop_id",
  "id",
  "sale_id",
  "store_id",
  "kind",
  "amount",
  "state",
  "bank_qr_id",
  "payload",
  "expires_at",
  "cancel_asked_at",
  "received",
  "refunded",
  "applied",
  "paid_at",
  "transaction_id",
  "worker_id",
  "shift_id",
  "created_at",
]

export function qrOf(row: Row): QrPayment {
  return {
    id: String(row.id),
    saleId: String(row.sale_id),
    storeId: String(row.store_id),
    kind: row.kind as QrPayment["kind"],
    amount: Number(row.amount),
    state: row.state as QrState,
    bankQrId: textOf(row.bank_qr_id),
    payload: textOf(row.payload),
    expiresAt: dateOf(row.expires_at),
    cancelAskedAt: dateOf(row.cancel_asked_at),
    received: Number(row.received),
    refunded: Number(row.refunded),
    applied: row.applied === true,
    paidAt: dateOf(row.paid_at),
    workerId: String(row.worker_id),
    shiftId: textOf(row.shift_id),
    createdAt: row.created_at as Date,
  }
}

export const qrIn = resourceIn(
  qrType,
  z.object({
    kind: z.enum(qrKinds).default("sbp"),
    /** What is still to be paid, where it is left out. */
    amount: positiveRoubles.optional(),
    /** Seconds. */
    expiresIn: z.number().int().min(60).max(86_400).default(900),
    ...seenOrder,
  }),
  z.object({ shift: toOne() }).optional(),
)

const momentOut = z.string().nullable()

export const qrOut = resourceOut(
  qrType,
  {
    kind: z.enum(qrKinds),
    status: z.enum(qrStates),
    amount: roublesOut,
    payload: z.string().nullable(),
    image: z.string().nullable(),
    createdAt: momentOut,
    expiresAt: momentOut,
    paidAt: momentOut,
    receivedAmount: roublesOut,
    appliedAmount: roublesOut,
    refundedAmount: roublesOut,
    suspenseAmount: roublesOut,
  },
  { order: oneOut, store: oneOut, payment: oneOut, createdBy: oneOut },
)

export function qrResource(qr: QrPayment): Resource {
  const left = qr.received - qr.refunded
  return resource(
    qrType,
    qr.id,
    {
      kind: qr.kind,
      status: qr.state,
      amount: toRoubles(qr.amount),
      payload: qr.payload,
      image: qr.payload === null ? null : pictureOf(qr.payload),
      createdAt: moment(qr.createdAt),
      expiresAt: moment(qr.expiresAt),
      paidAt: moment(qr.paidAt),
      receivedAmount: toRoubles(qr.received),
      appliedAmount: toRoubles(qr.applied ? left : 0),
      refundedAmount: toRoubles(qr.refunded),
      suspenseAmount: toRoubles(qr.applied ? 0 : left),
    },
    {
      order: reference("orders", qr.saleId),
      store: reference("stores", qr.storeId),
      payment: reference(paymentType, qr.applied ? qr.id : null),
      createdBy: reference("workers", qr.workerId),
    },
  )
}

/** SVG, as large as the page makes it. */
function pictureOf(payload: string): string {
  const code = drawCode(0, "M")
  code.addData(payload)
  code.make()
  return code.createSvgTag({ scalable: true, margin: 4 })
}
