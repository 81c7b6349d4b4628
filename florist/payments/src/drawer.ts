// Which drawer cash goes to, and the entry of it there. Money of a shift that is closed already goes to its register's next shift and is marked late.
import { toRoublesText } from "@florist/kit/money"
import { conflict } from "@florist/kit/refusal"
import type { Refusal } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { derivedId } from "./derived-id.ts"
import { unlessTaken } from "./id-taken.ts"

export interface CashFact {
  /** Of the payment, refund or movement: each has one entry. */
  id: string
  kind: "sale" | "refund" | "change" | "deposit" | "withdraw"
  /** Kopecks, above 0; the kind gives the direction. */
  amount: number
  storeId: string
  /** As the client names it. Without one the store's only open shift is meant. */
  shiftId: string | null
  occurredAt: Date
}

export interface Drawer {
  registerId: string
  /** Null where the money waits for the register's next shift. */
  shiftId: string | null
}

const directions: Record<CashFact["kind"], 1 | -1> = { sale: 1, refund: -1, change: -1, deposit: 1, withdraw: -1 }

/**
 * @returns undefined where no register is known: the cash is the store's then.
 * @throws Refusal 409 where more would be taken out than an open shift's drawer holds.
 */
export async function putIntoDrawer(tx: Transaction, fact: CashFact): Promise<Drawer | undefined> {
  const meant = fact.shiftId ?? (await onlyOpenShift(tx, fact.storeId))
  if (meant === undefined) return undefined
  // Opening and closing hold the register alone, so the shift that is open after the first statement stays so.
  const ofMeant = "(SELECT register_id FROM payments.cash_shift WHERE id = $1)"
  const isTaken = directions[fact.kind] < 0
  const [[register], [open]] = await Promise.all([
    // What goes out waits for what comes in, so that two together do not take more than there is.
    tx.query(`SELECT id FROM payments.register WHERE id = ${ofMeant} FOR ${isTaken ? "NO KEY UPDATE" : "SHARE"}`, [meant]),
    tx.query(
      `SELECT id, opened_at, opening + (SELECT coalesce(sum(entry.amount), 0) FROM payments.cash_entry entry WHERE entry.shift_id = cash_shift.id) AS holds
       FROM payments.cash_shift WHERE register_id = ${ofMeant} AND closed_at IS NULL`,
      [meant],
    ),
  ])
  if (register === undefined) return undefined
  if (isTaken && open !== undefined && fact.amount > Number(open.holds)) throw tooLittle(fact, Number(open.holds))
  const shiftId = open === undefined ? null : String(open.id)
  const isLate = shiftId !== meant || (open?.opened_at as Date) > fact.occurredAt
  const inserted = tx.query(
    `INSERT INTO payments.cash_entry (shop_id, id, register_id, shift_id, kind, amount, occurred_at, late) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tx.shop, fact.id, register.id, shiftId, fact.kind, fact.amount * directions[fact.kind], fact.occurredAt, isLate],
  )
  await unlessTaken(fact.id, inserted)
  return { registerId: String(register.id), shiftId }
}

function tooLittle({ amount }: CashFact, holds: number): Refusal {
  const detail = `${toRoublesText(amount)} roubles cannot be taken out: the drawer holds ${toRoublesText(holds)}. Put cash in first, or give it back otherwise.`
  return conflict(detail, { pointer: "/data/attributes/amount" }, "not-enough-cash")
}

async function onlyOpenShift(tx: Transaction, storeId: string): Promise<string | undefined> {
  const rows = await tx.query("SELECT id FROM payments.cash_shift WHERE store_id = $1 AND closed_at IS NULL LIMIT 2", [storeId])
  return rows.length === 1 ? String(rows[0]?.id) : undefined
}

/** Of the transaction that settles what another one began. */
export const settlementOf = (id: string): string => derivedId(`settlement ${id}`)
