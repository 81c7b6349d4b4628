// The way of a QR payment between the shop and its bank, step by step; every step can be taken again. Called by operations, the callback and the agenda.
import { encodeEmvQr } from "@florist/bank/emv-qr"
import { BankRefusal, BankUnavailable } from "@florist/bank/sbp-client"
import type { SbpClient } from "@florist/bank/sbp-client"
import type { Surroundings } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { conflict, invalid, unavailable } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { pauseMs, putOnAgenda } from "./agenda.ts"
import type { Handler } from "./agenda.ts"
import { bankOf, merchantOf } from "./merchant.ts"
import { applyEvidence, findQr } from "./qr-evidence.ts"
import type { Evidence, EvidenceSource } from "./qr-evidence.ts"
import type { QrPayment } from "./qr-payment.ts"
import { isOpen } from "./qr-state.ts"

export interface BankDesk {
  surroundings: Surroundings
  shop: OpenShop
  signal: AbortSignal
}

export interface NewQr extends Pick<QrPayment, "id" | "saleId" | "storeId" | "kind" | "amount" | "workerId" | "shiftId" | "createdAt"> {
  expiresAt: Date
}

const firstLookMs = 5_000

/** The intention, before anybody is asked: whoever dies afterwards left it on the agenda. The sale is locked. */
export async function intendQr(tx: Transaction, qr: NewQr): Promise<void> {
  await tx.query(
    `INSERT INTO payments.qr_payment (shop_id, id, sale_id, store_id, kind, amount, state, expires_at, worker_id, shift_id, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, 'created', $7, $8, $9, $10)`,
    [tx.shop, qr.id, qr.saleId, qr.storeId, qr.kind, qr.amount, qr.expiresAt, qr.workerId, qr.shiftId, qr.createdAt],
  )
  if (qr.kind === "sbp") await putOnAgenda(tx, "qr", qr.id, new Date(qr.createdAt.getTime() + firstLookMs))
}

/** Gives a code that is only intended its payload. @throws Refusal 503 where the bank does not answer; it can be tried again. */
export async function registerQr(desk: BankDesk, qr: QrPayment): Promise<QrPayment> {
  if (qr.state !== "created") return qr
  const { shop, surroundings, signal } = desk
  if (qr.kind === "emv") {
    const payload = emvPayload(qr, surroundings.secret, shop)
    return see(desk, qr, "registration", { kind: "registered", bankQrId: null, payload })
  }
  const client = bankOf(surroundings, shop.id)
  const { qrId, payload } = await fromBank(() =>
    client.registerQr({ order: qr.id, type: "QRDynamic", amount: BigInt(qr.amount), expiresAt: qr.expiresAt ?? undefined }, signal),
  )
  return see(desk, qr, "registration", { kind: "registered", bankQrId: qrId, payload })
}

/** Asks the bank and applies what it says. */
async function pollQr(desk: BankDesk, given: QrPayment): Promise<QrPayment> {
  if (given.kind === "emv" || !isOpen(given.state)) return given
  const qr = await registerQr(desk, given)
  const { bankQrId } = qr
  if (bankQrId === null) return qr
  const client = bankOf(desk.surroundings, desk.shop.id)
  const evidence = await fromBank(() => askFor(client, bankQrId, desk.signal))
  return evidence === undefined ? qr : see(desk, qr, "poll", evidence)
}

async function askFor(client: SbpClient, bankQrId: string, signal: AbortSignal): Promise<Evidence | undefined> {
  // The code first: what succeeds between the two questions is then seen, and what ends between them is seen next time.
  const { status } = await client.qr(bankQrId, signal)
  const info = await client.paymentInfo(bankQrId, signal)
  if (info.status === "SUCCESS" && info.at !== undefined) {
    return { kind: "success", amount: Number(info.amount), transactionId: String(info.transactionId ?? bankQrId), at: info.at }
  }
  if (status === "EXPIRED") return { kind: "expired" }
  if (status === "CANCELLED") return { kind: "cancelled" }
  return info.status === "DECLINED" ? { kind: "declined" } : undefined
}

/** @throws Refusal 409 where it is paid already, 503 where the bank does not answer; the agenda goes on with it then. */
export async function cancelQr(desk: BankDesk, given: QrPayment, now: Date): Promise<QrPayment> {
  if (given.state === "cancelled") return given
  if (!isOpen(given.state))
    throw conflict(`The code is ${given.state} already; refund its payment instead.`, { parameter: "id" }, "not-cancellable")
  if (given.kind === "emv") return see(desk, given, "cancellation", { kind: "cancelled" })
  await desk.shop.write(async (tx) => {
    await tx.query("UPDATE payments.qr_payment SET cancel_asked_at = coalesce(cancel_asked_at, $2) WHERE id = $1", [given.id, now])
    await putOnAgenda(tx, "qr", given.id, new Date(now.getTime() + firstLookMs))
  })
  const after = await carryOutCancellation(desk, given)
  if (after.state !== "cancelled" && after.state !== "expired") {
    throw conflict(`The code is ${after.state} already; refund its payment instead.`, { parameter: "id" }, "not-cancellable")
  }
  return after
}

async function carryOutCancellation(desk: BankDesk, given: QrPayment): Promise<QrPayment> {
  const qr = await registerQr(desk, given)
  const { bankQrId } = qr
  if (bankQrId === null) return qr
  try {
    await bankOf(desk.surroundings, desk.shop.id).cancel(bankQrId, desk.signal)
  } catch (cause) {
    if (!(cause instanceof BankRefusal)) throw asRefusal(cause)
    // It is over already, in one way or another.
    return pollQr(desk, qr)
  }
  return see(desk, qr, "cancellation", { kind: "cancelled" })
}

/** A worker has seen the money of an EMVCo code on the shop's account. @throws Refusal 422 where the order does not take it. */
export async function confirmQr(desk: BankDesk, qr: QrPayment, now: Date): Promise<QrPayment> {
  if (qr.kind !== "emv") throw invalid("The bank itself tells of codes of the kind sbp.", { parameter: "id" }, "not-confirmable")
  if (!isOpen(qr.state)) return qr
  return see(desk, qr, "worker", { kind: "success", amount: qr.amount, transactionId: `worker ${qr.id}`, at: now })
}

async function see({ shop, surroundings }: BankDesk, qr: QrPayment, source: EvidenceSource, evidence: Evidence): Promise<QrPayment> {
  const seen = await shop.write((tx) => applyEvidence(tx, { qrId: qr.id, source, evidence, now: surroundings.clock() }))
  return seen ?? qr
}

/** How long after its end a code is still asked about. */
const asksForMs = 86_400_000
const asksEveryMs = 5_000

/** For callbacks that are lost: asks the bank, often at first, until nothing more can come. */
export function qrAgenda(surroundings: Surroundings, signal: AbortSignal): Handler {
  return async (shop, id, now, tries) => {
    const given = await findQr(shop, id)
    if (given === undefined || !isOpen(given.state)) return "done"
    const end = Math.max(given.expiresAt?.getTime() ?? 0, given.createdAt.getTime()) + asksForMs
    if (now.getTime() > end) return "done"
    const desk = { surroundings, shop, signal }
    const isToCancel =
      given.cancelAskedAt !== null && (given.state === "created" || given.state === "pending" || given.state === "declined")
    const qr = isToCancel ? await carryOutCancellation(desk, given) : await pollQr(desk, given)
    if (!isOpen(qr.state)) return "done"
    return new Date(now.getTime() + (qr.state === "pending" ? asksEveryMs : pauseMs(tries)))
  }
}

async function fromBank<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    throw asRefusal(cause)
  }
}

function asRefusal(cause: unknown): unknown {
  if (cause instanceof BankUnavailable) return unavailable("The bank", cause)
  if (cause instanceof BankRefusal)
    return invalid(`The bank refused: ${cause.message} (${cause.code}).`, { pointer: "/data" }, "bank-refused")
  return cause
}

/** The account's number in the payment network is the shop's merchant number. */
function emvPayload(qr: QrPayment, secret: string, shop: OpenShop): string {
  return encodeEmvQr({
    initiation: "dynamic",
    accounts: [{ id: "26", network: "ru.nspk.sbp", fields: [{ id: "01", value: merchantOf(secret, shop.id).id }] }],
    category: "5992",
    amount: BigInt(qr.amount),
    country: "RU",
    merchantName: latin(shop.name, 25, `Shop ${shop.id}`),
    merchantCity: latin(shop.city, 15, "Russia"),
    local: { language: "ru", name: shop.name.slice(0, 25) },
    billNumber: undefined,
    reference: qr.id.replaceAll("-", "").slice(0, 25),
    others: [],
  })
}

function latin(text: string, most: number, otherwise: string): string {
  return /^[ -~]+$/.test(text) ? text.slice(0, most) : otherwise
}
