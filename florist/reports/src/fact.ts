// The log of facts: every event that reports are made of, once, in the order of its arrival. Kept and projected in one transaction.
// Called by the relay for each event, and by the rebuild.
import { setTimeout as sleep } from "node:timers/promises"
import type { Reader, Row } from "@florist/kit/database"
import type { Consumption, Event } from "@florist/kit/relay"
import type { Transaction } from "@florist/kit/transaction"
import { bouquetChanged, movementsRecorded, orderIssued } from "@florist/kit/contracts/stock"
import { cashMoved, cashShiftChanged, paymentRecorded } from "@florist/kit/contracts/payments"
import { bouquetSeparated, orderChanged, orderPosted, orderReturned, orderReturnedPartly } from "@florist/kit/contracts/orders"
import { pointsChanged } from "@florist/kit/contracts/loyalty"
import { timecardClosed } from "@florist/kit/contracts/staff"
import { project } from "./projection.ts"
import type { Fact } from "./project/projecting.ts"
import { addTotals } from "./total.ts"

/** What is kept, by sender. */
const followed: Readonly<Record<string, readonly string[]>> = {
  orders: [orderChanged, orderPosted, orderReturned, orderReturnedPartly, bouquetSeparated],
  payments: [paymentRecorded, cashMoved, cashShiftChanged],
  stock: [movementsRecorded, orderIssued, bouquetChanged],
  loyalty: [pointsChanged],
  staff: [timecardClosed],
}

export const factsOf = (from: string): Consumption["on"] => Object.fromEntries((followed[from] ?? []).map((type) => [type, keepFact]))

const lookAgainMs = 10

/**
 * One writer at a time on a shard, until its transaction ends: projectors read and decide, and no two of them wait for each other's rows. Asked again and again instead of waited for in
 * the database, because the others may be at it for longer than a statement may take, and an event whose statement failed would be put aside.
 */
export async function lockProjections(reader: Reader): Promise<void> {
  for (;;) {
    const [lock] = await reader.query("SELECT pg_try_advisory_xact_lock(hashtextextended('reports', 8)) AS mine")
    if (lock?.mine === true) return
    await sleep(lookAgainMs)
  }
}

export async function keepFact(tx: Transaction, { id, type, subject, occurredAt, data }: Event): Promise<void> {
  await lockProjections(tx)
  const [kept] = await tx.query(
    `WITH put AS (
       INSERT INTO reports.fact (shop_id, id, type, subject, occurred_at, data) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING position),
     seen AS (
       INSERT INTO reports.projection AS there (shop_id, side, calculated_at) SELECT $1, 0, now() FROM put
       ON CONFLICT (shop_id) DO UPDATE SET calculated_at = now() RETURNING side)
     SELECT seen.side, (SELECT jsonb_object_agg(store_id, zone) FROM reports.store_zone WHERE shop_id = $1) AS zones FROM seen`,
    [tx.shop, id, type, subject, occurredAt, JSON.stringify(data)],
  )
  if (kept === undefined) return
  const side = Number(kept.side)
  const contributions = await project(
    { reader: tx, shop: tx.shop, side, zones: zonesIn(kept.zones) },
    { id, type, subject, occurredAt, data },
  )
  await addTotals(tx, tx.shop, side, contributions)
}

export const zonesIn = (value: unknown): Record<string, string> => (value ?? {}) as Record<string, string>

export interface LoggedFact extends Fact {
  position: number
}

export async function factsAfter(reader: Reader, shop: number, position: number, most: number): Promise<LoggedFact[]> {
  const rows = await reader.query(
    "SELECT position, id, type, subject, occurred_at, data FROM reports.fact WHERE shop_id = $1 AND position > $2 ORDER BY position LIMIT $3",
    [shop, position, most],
  )
  return rows.map(factOf)
}

function factOf(row: Row): LoggedFact {
  return {
    position: Number(row.position),
    id: String(row.id),
    type: String(row.type),
    subject: String(row.subject),
    occurredAt: row.occurred_at instanceof Date ? row.occurred_at : new Date(String(row.occurred_at)),
    data: row.data,
  }
}
