// Carries out refunds that another one has to make: the bank gives money back, loyalty gives points back. Called by whoever asked for the refund, and by the agenda
// for those that were cut off. Also gives back what a returned order was paid with.
import { BankRefusal, BankUnavailable } from "@florist/bank/sbp-client"
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { Refusal, unavailable } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import type { cancelSpendingRequest, restoreSpendingRequest } from "@florist/kit/contracts/loyalty"
import { pauseMs } from "./agenda.ts"
import type { Handler } from "./agenda.ts"
import { derivedId } from "./derived-id.ts"
import { salesOf } from "./journal.ts"
import { bankOf } from "./merchant.ts"
import { findMoney, paymentsOf } from "./money-rows.ts"
import { partsBack } from "./parts-back.ts"
import type { Payment } from "./payment.ts"
import { completeRefund, declineRefund, findRefund, giveBack } from "./refund.ts"
import type { NewRefund, Refund } from "./refund.ts"
import { clientReturnsWithinMs, isClosed, lockSale } from "./sale.ts"
import type { Sale } from "./sale.ts"
import { kopecksPerPoint } from "./spending-flow.ts"

type Answer = "done" | "under-way" | { declined: string }

/** @returns the refund after it. @throws Refusal 503 where the other one does not answer. */
export async function carryOutRefund(
  surroundings: Surroundings,
  shop: OpenShop,
  id: string,
  signal: AbortSignal,
): Promise<Refund | undefined> {
  const refund = await findRefund(shop, id)
  if (refund === undefined || refund.state !== "pending") return refund
  const answer = await (refund.method === "bonus" ? askLoyalty : askBank)(surroundings, shop, refund, signal)
  if (answer === "under-way") return refund
  await shop.write((tx) => (answer === "done" ? completeRefund(tx, id) : declineRefund(tx, id, answer.declined)))
  return findRefund(shop, id)
}

async function askLoyalty({ peers }: Surroundings, shop: OpenShop, refund: Refund, signal: AbortSignal): Promise<Answer> {
  const paymentId = String(refund.parentId)
  const { occurredAt } = refund
  const isWhole = (await findMoney(shop, paymentId))?.amount === refund.amount
  const cancel: z.input<typeof cancelSpendingRequest> = { paymentId, occurredAt }
  const restore: z.input<typeof restoreSpendingRequest> = {
    refundId: refund.id,
    paymentId,
    points: refund.amount / kopecksPerPoint,
    occurredAt,
  }
  const [path, body] = isWhole ? (["/v1/spendings/cancel", cancel] as const) : (["/v1/spendings/restore", restore] as const)
  try {
    await peers.ask({ service: "loyalty", method: "POST", path, shop: shop.id, body, answer: z.unknown(), signal })
    return "done"
  } catch (cause) {
    if (cause instanceof Refusal && cause.status < 500) return { declined: cause.message }
    throw cause
  }
}

/** The bank says so of a refund that it will never make; anything else it may still make. */
const neverMade = "ERROR.REFUND_INSUFFICIENT_FUNDS"

async function askBank(surroundings: Surroundings, shop: OpenShop, refund: Refund, signal: AbortSignal): Promise<Answer> {
  const client = bankOf(surroundings, shop.id)
  try {
    // Asked for again, it is made once.
    await client.refund({ refundId: refund.id, order: String(refund.parentId), amount: BigInt(refund.amount) }, signal)
    const { status } = await client.refundStatus(refund.id, signal)
    if (status === "COMPLETED") return "done"
    return status === "DECLINED" ? { declined: "The bank declined the refund." } : "under-way"
  } catch (cause) {
    if (cause instanceof BankRefusal && cause.code === neverMade) return { declined: `${cause.code}: ${cause.message}` }
    if (cause instanceof BankRefusal || cause instanceof BankUnavailable) throw unavailable("The bank", cause)
    throw cause
  }
}

const bankLooksAgainMs = 2_000

export function refundAgenda(surroundings: Surroundings, signal: AbortSignal): Handler {
  return async (shop, id, now, tries) => {
    const refund = await carryOutRefund(surroundings, shop, id, signal)
    if (refund === undefined || refund.state !== "pending") return "done"
    return new Date(now.getTime() + Math.max(bankLooksAgainMs, pauseMs(tries)))
  }
}

/** Gives back what is left of a returned order's payments, unless a client has posted returns of it by itself; of an order that came back in part, what is held beyond
 * its price, whoever has given back how much of it. */
export function orderReturnAgenda(): Handler {
  return async (shop, saleId, now, tries) => {
    const left = await shop.write(async (tx) => {
      const sale = await lockSale(tx, saleId)
      if (!isClosed(sale)) {
        for (const { payment, amount } of partsBack(await paymentsOf(tx, saleId), sale.held - sale.total)) {
          const id = derivedId(`part-return ${payment.id} ${payment.refunded}`)
          await giveBack(tx, sale, { ...backOf(payment, sale, amount, now), id }, now)
        }
        return 0
      }
      if (sale.status !== "returned" || (await clientReturned(tx, sale, now))) return 0
      for (const payment of await paymentsOf(tx, saleId)) {
        const amount = payment.amount - payment.refunded
        if (amount > 0) await giveBack(tx, sale, backOf(payment, sale, amount, now), now)
      }
      return heldByTheBooks(tx, saleId)
    })
    // Payments that this version does not see are another version's to give back.
    return left === 0 || tries > mostTries ? "done" : new Date(now.getTime() + leavesToOthersMs(tries))
  }
}

const mostTries = 20
const soonFor = 8

/** Soon at first, and never in step: two versions that look at the agenda as often would meet it in the same order for good. */
const leavesToOthersMs = (tries: number): number => pauseMs(Math.max(1, tries - soonFor)) * (0.5 + Math.random())

async function clientReturned(tx: Transaction, { id, returnedAt }: Sale, now: Date): Promise<boolean> {
  const since = new Date((returnedAt ?? now).getTime() - 10 * clientReturnsWithinMs)
  const found = await tx.query(
    "SELECT FROM payments.refund WHERE sale_id = $1 AND type = 'return' AND origin = 'client' AND occurred_at >= $2 LIMIT 1",
    [id, since],
  )
  return found.length > 0
}

/** Money of the order that has not gone back, whichever version recorded it. */
async function heldByTheBooks(tx: Transaction, saleId: string): Promise<number> {
  const [row] = await tx.query("SELECT coalesce(-sum(amount), 0) AS held FROM payments.journal_line WHERE account = $1", [salesOf(saleId)])
  return Number(row?.held)
}

function backOf({ id, method, storeId, ref, ...payment }: Payment, sale: Sale, amount: number, now: Date): NewRefund {
  const at = sale.returnedAt ?? now
  const workerId = sale.returnedBy ?? payment.workerId
  return {
    id: derivedId(`order-return ${id}`),
    type: "return",
    origin: "order-return",
    paymentId: id,
    paidWith: ref,
    method,
    amount,
    occurredAt: at,
    date: at.toISOString().slice(0, 10),
    storeId,
    // Of the day that it goes back on, not of the day of the payment.
    shiftId: sale.returnedShift,
    workerId,
    postedBy: workerId,
    postedAt: now,
    ref: null,
    note: null,
    prepayment: false,
    fiscalized: false,
    fiscalizedAt: null,
    fiscalShiftId: null,
    fiscalizedBy: null,
  }
}
