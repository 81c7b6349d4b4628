// Payments in the database: rows of `payments.payment`, one for each tender, that share their payment's id. Called by the routes.
import type { Database, Row } from "@florist/kit/database"
import { conflict } from "@florist/kit/refusal"
import { firstDifference, paymentOf, paymentsOf } from "./payment.ts"
import type { Payment, PaymentRequest } from "./payment.ts"
import type { Place } from "./place.ts"
import { tenderColumns, tenderToRow } from "./tender.ts"

/** What this version reads and writes, with types. */
export const paymentColumns = {
  shop_id: "bigint",
  id: "uuid",
  line: "smallint",
  order_id: "uuid",
  amount: "bigint",
  currency: "text",
  status: "text",
  cashier: "text",
  customer_id: "uuid",
  occurred_at: "timestamptz",
  note: "text",
  ...tenderColumns,
} as const

const names = Object.keys(paymentColumns)
const columns = names.join(", ")
const columnsOfPayment = names.map((name) => `payment.${name}`).join(", ")
const typedColumns = Object.entries(paymentColumns)
  .map(([name, type]) => `${name} ${type}`)
  .join(", ")

// Whoever writes line 0 writes the payment: a rival with the same id waits there, and then writes nothing at all.
const insertPayment = `
  WITH asked AS MATERIALIZED (SELECT ${columns} FROM jsonb_to_recordset($1::jsonb) AS asked(${typedColumns})),
  first AS (INSERT INTO payments.payment (${columns}) SELECT ${columns} FROM asked WHERE line = 0 ON CONFLICT DO NOTHING RETURNING id),
  others AS (INSERT INTO payments.payment (${columns}) SELECT ${columns} FROM asked WHERE line > 0 AND EXISTS (SELECT FROM first))
  SELECT id FROM first`

const selectPayment = `SELECT ${columns} FROM payments.payment WHERE shop_id = $1 AND id = $2 ORDER BY line`

const selectLatest = `
  SELECT ${columnsOfPayment}
  FROM (
    SELECT shop_id, id, occurred_at FROM payments.payment
    WHERE shop_id = $1 AND line = 0 AND (occurred_at, id) < ($2::timestamptz, $3::uuid)
    ORDER BY occurred_at DESC, id DESC LIMIT $4
  ) latest
  JOIN payments.payment ON payment.shop_id = latest.shop_id AND payment.id = latest.id
  ORDER BY latest.occurred_at DESC, latest.id DESC, payment.line`

const selectJustTaken = `
  SELECT ${columnsOfPayment} FROM payments.payment
  WHERE created_at > now() - make_interval(secs => $1) AND shop_id = ANY ($2::bigint[])
  ORDER BY created_at, id, line`

const selectFacts = `SELECT count(*) AS payments, max(occurred_at) AS last FROM payments.payment WHERE shop_id = $1 AND line = 0`

/** @throws Refusal 409 where the id was used for another payment. */
export async function takePayment(database: Database, request: PaymentRequest, now: Date): Promise<{ payment: Payment; isNew: boolean }> {
  const inserted = await database.query(insertPayment, [JSON.stringify(rowsOf(request, now))])
  const payment = await findPayment(database, request.shop, request.id)
  if (payment === undefined) throw new Error(`Payment ${request.id} was stored and cannot be found`)
  if (inserted.length === 1) return { payment, isNew: true }
  const difference = firstDifference(request, payment)
  if (difference !== undefined) {
    throw conflict(`Payment ${request.id} was taken with another \`${difference}\`; a new payment needs a new id.`, `body.${difference}`)
  }
  return { payment, isNew: false }
}

export async function findPayment(database: Database, shop: number, id: string): Promise<Payment | undefined> {
  return paymentOf(await database.query(selectPayment, [shop, id]))
}

export async function latestPayments(database: Database, shop: number, before: Place, limit: number): Promise<Payment[]> {
  return paymentsOf(await database.query(selectLatest, [shop, before.occurredAt, before.id, limit]))
}

/** What was written in the last seconds, by the database's clock, by whichever copy and version. */
export async function justTaken(database: Database, shops: readonly number[], seconds: number): Promise<Payment[]> {
  return paymentsOf(await database.query(selectJustTaken, [seconds, shops]))
}

export async function paymentFacts(database: Database, shop: number): Promise<{ payments: number; lastPaymentAt: unknown }> {
  const [row] = await database.query(selectFacts, [shop])
  return { payments: Number(row?.payments ?? 0), lastPaymentAt: row?.last ?? null }
}

function rowsOf(request: PaymentRequest, now: Date): Row[] {
  const { shop, id, order, currency, cashier, customer, note, occurredAt = now } = request
  const shared = {
    shop_id: shop,
    id,
    order_id: order,
    currency,
    status: "paid",
    cashier,
    customer_id: customer,
    note,
    occurred_at: occurredAt,
  }
  return request.tenders.map((tender, line) => ({ ...shared, line, amount: tender.amount, ...tenderToRow(tender) }))
}
