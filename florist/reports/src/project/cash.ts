// Cash shifts as they are by their newest event, what moved in their drawers, and which shift is the last of each register.
import { cashMovement, cashShiftSnapshot } from "@florist/kit/contracts/payments"
import type { Fact, Projecting } from "./projecting.ts"
import { toMoney } from "../total.ts"

/** Signed, in kopecks. The shift's own event may come later. */
export async function moveCash({ reader, shop, side }: Projecting, shift: string, amount: number): Promise<void> {
  await reader.query(
    `INSERT INTO reports.cash_shift AS there (shop_id, side, id, moved) VALUES ($1, $2, $3, $4)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET moved = there.moved + excluded.moved`,
    [shop, side, shift, amount],
  )
}

export async function projectCashMovement(on: Projecting, fact: Fact): Promise<void> {
  const { storeId, shiftId, kind, reasonId, amount, occurredAt } = cashMovement.parse(fact.data)
  const { day } = on.local(storeId, occurredAt)
  const values = kind === "deposit" ? { received: amount, count: 1 } : { given: amount, count: 1 }
  on.add([toMoney({ breakdown: "cash-movement", key: `${kind}/${reasonId ?? ""}`, store: storeId, day, values })])
  await moveCash(on, shiftId, kind === "deposit" ? amount : -amount)
}

/**
 * Snapshots have no revision, and ids of events grow with time: of an open shift the first one counts (what is expected then has what waited for it; everything after it is told
 * by movements of its own), of a closed one the last one.
 */
export async function projectCashShift({ reader, shop, side }: Projecting, fact: Fact): Promise<void> {
  const { id, storeId, registerId, status, openedAt, closedAt, opening, expected, counted } = cashShiftSnapshot.parse(fact.data)
  await reader.query(
    `INSERT INTO reports.cash_shift AS there (shop_id, side, id, store_id, register_id, status, opened_at, closed_at, opening, expected, counted, rank)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET store_id = excluded.store_id, register_id = excluded.register_id, status = excluded.status,
       opened_at = excluded.opened_at, closed_at = excluded.closed_at, opening = excluded.opening, expected = excluded.expected,
       counted = excluded.counted, rank = excluded.rank
     WHERE there.status IS NULL OR (excluded.status = 'closed' AND (there.status = 'open' OR there.rank < excluded.rank))
       OR (excluded.status = 'open' AND there.status = 'open' AND excluded.rank < there.rank)`,
    [shop, side, id, storeId, registerId, status, openedAt, closedAt, opening, expected, counted, fact.id],
  )
  await reader.query(
    `INSERT INTO reports.register AS there (shop_id, side, id, shift_id, opened_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (shop_id, side, id) DO UPDATE SET shift_id = excluded.shift_id, opened_at = excluded.opened_at
     WHERE (there.opened_at, there.shift_id) < (excluded.opened_at, excluded.shift_id)`,
    [shop, side, registerId, id, openedAt],
  )
}
