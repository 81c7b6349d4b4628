// A payment by points: they are reserved here, taken by loyalty, recorded here. Each step can be taken again, by the client or by the agenda, and ends the same.
import { z } from "zod"
import type { Surroundings } from "@florist/kit/app"
import type { OpenShop } from "@florist/kit/fleet"
import { spendingAnswer } from "@florist/kit/contracts/loyalty"
import type { spendingRequest } from "@florist/kit/contracts/loyalty"
import { Refusal, invalid } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { putOnAgenda, takeOffAgenda } from "./agenda.ts"
import type { Handler } from "./agenda.ts"
import type { NewPayment } from "./payment.ts"
import { lockSale } from "./sale.ts"
import type { LockedSale } from "./sale.ts"
import { checkDue, takeMoney } from "./take-money.ts"

export const kopecksPerPoint = 100
/** Whoever asks takes the steps at once; after this time somebody else does. */
const carriedOutWithinMs = 10_000

type Spending = { payment: NewPayment; saleId: string; saleTotal: number; customerId: string; state: "asked" | "taken" | "refused" }

/** First step: from here on the points count against what is due. @throws Refusal 422 */
export async function intendSpending(tx: Transaction, sale: LockedSale, payment: NewPayment, now: Date): Promise<void> {
  const amountAt = { pointer: "/data/attributes/amount" }
  if (sale.customerId === null)
    throw invalid(`Order ${sale.docNo} has no customer whose points could pay.`, { parameter: "id" }, "no-customer")
  if (payment.amount % kopecksPerPoint !== 0) throw invalid("A point pays a rouble; points are whole.", amountAt)
  const known = await findSpending(tx, payment.id)
  if (known?.state === "asked") return
  // Refused before, for want of points perhaps: it is asked for again under the same id.
  checkDue(sale, payment)
  await tx.query(
    `INSERT INTO payments.spending (shop_id, id, sale_id, customer_id, amount, state, request, occurred_at) VALUES ($1, $2, $3, $4, $5, 'asked', $6, $7)
     ON CONFLICT (shop_id, id) DO UPDATE SET sale_id = excluded.sale_id, customer_id = excluded.customer_id, amount = excluded.amount, state = 'asked', request = excluded.request`,
    [tx.shop, payment.id, sale.id, sale.customerId, payment.amount, JSON.stringify(payment), payment.occurredAt],
  )
  await putOnAgenda(tx, "spending", payment.id, new Date(now.getTime() + carriedOutWithinMs))
}

/** The other steps. @throws Refusal: loyalty's own where it does not give the points, 503 where it does not answer. */
export async function carryOutSpending({ peers }: Surroundings, shop: OpenShop, id: string, signal: AbortSignal): Promise<void> {
  const spending = await findSpending(shop, id)
  if (spending === undefined || spending.state !== "asked") return
  const { payment, saleId, saleTotal, customerId } = spending
  const body: z.input<typeof spendingRequest> = {
    paymentId: id,
    orderId: saleId,
    customerId,
    points: payment.amount / kopecksPerPoint,
    // So that no more of it is paid by points than the customer's group lets.
    orderAmount: saleTotal,
    occurredAt: payment.occurredAt,
  }
  try {
    await peers.ask({ service: "loyalty", method: "POST", path: "/v1/spendings", shop: shop.id, body, answer: spendingAnswer, signal })
  } catch (cause) {
    if (cause instanceof Refusal && cause.status < 500) await shop.write((tx) => end(tx, spending, "refused"))
    throw cause
  }
  await shop.write((tx) => end(tx, spending, "taken"))
}

async function end(tx: Transaction, { payment, saleId }: Spending, state: "taken" | "refused"): Promise<void> {
  const sale = await lockSale(tx, saleId)
  const ended = await tx.query("UPDATE payments.spending SET state = $2 WHERE id = $1 AND state = 'asked' RETURNING id", [
    payment.id,
    state,
  ])
  if (ended.length === 0) return
  if (state === "taken") await takeMoney(tx, sale, payment)
  await takeOffAgenda(tx, "spending", payment.id)
}

const kept = z.object({ occurredAt: z.coerce.date(), postedAt: z.coerce.date(), fiscalizedAt: z.coerce.date().nullable() })

async function findSpending(reader: Pick<Transaction, "query">, id: string): Promise<Spending | undefined> {
  const [row] = await reader.query(
    `SELECT sale_id, spending.customer_id, state, request, total FROM payments.spending
     JOIN payments.sale ON sale.shop_id = spending.shop_id AND sale.id = spending.sale_id WHERE spending.id = $1`,
    [id],
  )
  if (row === undefined) return undefined
  const payment = { ...(row.request as NewPayment), ...kept.parse(row.request) }
  return {
    payment,
    saleId: String(row.sale_id),
    saleTotal: Number(row.total),
    customerId: String(row.customer_id),
    state: row.state as Spending["state"],
  }
}

export function spendingAgenda(surroundings: Surroundings, signal: AbortSignal): Handler {
  return async (shop, id) => {
    try {
      await carryOutSpending(surroundings, shop, id, signal)
    } catch (cause) {
      // Loyalty said no, and that is kept.
      if (!(cause instanceof Refusal) || cause.status >= 500) throw cause
    }
    return "done"
  }
}
