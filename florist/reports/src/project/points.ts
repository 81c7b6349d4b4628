// Points given and taken, by kind, in the store of the order that they belong to; they move there when the order becomes known.
import { pointsEntry } from "@florist/kit/contracts/loyalty"
import type { Fact, Projecting } from "./projecting.ts"
import { noStore, takenBack, toMoney } from "../total.ts"
import type { Contribution } from "../total.ts"

interface Points {
  kind: string
  points: number
  occurredAt: Date
}

export async function projectPoints(on: Projecting, fact: Fact): Promise<void> {
  const { reader, shop, side, add } = on
  const { id, orderId, kind, points, occurredAt } = pointsEntry.parse(fact.data)
  const counted = await reader.query(
    `INSERT INTO reports.points_entry (shop_id, side, id, order_id, kind, points, occurred_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT DO NOTHING RETURNING id`,
    [shop, side, id, orderId, kind, points, occurredAt],
  )
  if (counted.length === 0) return
  add(pointsOf(on, { kind, points, occurredAt }, await storeOfOrder(on, orderId)))
  await reader.query(
    `INSERT INTO reports.points_balance AS there (shop_id, side, points) VALUES ($1, $2, $3)
     ON CONFLICT (shop_id, side) DO UPDATE SET points = there.points + excluded.points`,
    [shop, side, points],
  )
  if (orderId === null) return
  const earned = kind === "earned" || kind === "earning-reversed" ? points : 0
  const spent = kind === "spent" || kind === "spending-restored" ? -points : 0
  await reader.query(
    `INSERT INTO reports.sale_order AS there (shop_id, side, id, points_earned, points_spent) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET points_earned = there.points_earned + excluded.points_earned,
       points_spent = there.points_spent + excluded.points_spent`,
    [shop, side, orderId, earned, spent],
  )
}

function pointsOf({ local }: Projecting, { kind, points, occurredAt }: Points, store: string | null): Contribution[] {
  const values = points >= 0 ? { received: points, count: 1 } : { given: -points, count: 1 }
  return [toMoney({ breakdown: "points", key: kind, store: store ?? noStore, day: local(store, occurredAt).day, values })]
}

/** An order became known, or belongs to another store now. */
export async function movePoints(on: Projecting, order: string, from: string | null, to: string): Promise<void> {
  const rows = await on.reader.query(
    "SELECT kind, points, occurred_at FROM reports.points_entry WHERE shop_id = $1 AND side = $2 AND order_id = $3",
    [on.shop, on.side, order],
  )
  for (const row of rows) {
    const points = { kind: String(row.kind), points: Number(row.points), occurredAt: row.occurred_at as Date }
    on.add([...takenBack(pointsOf(on, points, from)), ...pointsOf(on, points, to)])
  }
}

/** Where an order's points belong, as far as the order is known. */
async function storeOfOrder({ reader, shop, side }: Projecting, order: string | null): Promise<string | null> {
  if (order === null) return null
  const [row] = await reader.query("SELECT store_id FROM reports.sale_order WHERE shop_id = $1 AND side = $2 AND id = $3", [
    shop,
    side,
    order,
  ])
  return typeof row?.store_id === "string" ? row.store_id : null
}
