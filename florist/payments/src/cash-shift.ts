// A cash shift: a register's drawer from its opening to its counting. expected = opening + cash sales - cash refunds - change + paid in - paid out;
// difference = counted - expected. A closed one never changes.
import { z } from "zod"
import { cashShiftChanged } from "@florist/kit/contracts/payments"
import type { cashShiftSnapshot } from "@florist/kit/contracts/payments"
import type { Reader, Row } from "@florist/kit/database"
import { moment, oneOut, reference, resource, resourceOut } from "@florist/kit/document"
import type { Resource } from "@florist/kit/document"
import { roublesOut, toRoubles } from "@florist/kit/money"
import { conflict, invalid } from "@florist/kit/refusal"
import type { Transaction } from "@florist/kit/transaction"
import { dateOf, textOf } from "./cell.ts"
import { cashFloat, drawerOf, moved, overShort, record } from "./journal.ts"
import { registerType } from "./register-operations.ts"
import { settlementOf } from "./drawer.ts"

export const shiftType = "shifts"

export const shiftColumns = [
  "shop_id",
  "id",
  "register_id",
  "store_id",
  "opening",
  "opened_at",
  "opened_by",
  "closed_at",
  "closed_by",
  "expected",
  "counted",
]

export interface Shift {
  id: string
  registerId: string
  storeId: string
  opening: number
  openedAt: Date
  openedBy: string
  closedAt: Date | null
  closedBy: string | null
  /** Of an open shift: as things are now. */
  expected: number
  counted: number | null
}

/** Columns of a shift with what is expected in its drawer now. */
export const shiftSelection = `${shiftColumns.slice(1, -2).join(", ")}, counted,
  coalesce(expected, opening + (SELECT coalesce(sum(entry.amount), 0) FROM payments.cash_entry entry WHERE entry.shift_id = cash_shift.id)) AS expected`

export function shiftOf(row: Row): Shift {
  return {
    id: String(row.id),
    registerId: String(row.register_id),
    storeId: String(row.store_id),
    opening: Number(row.opening),
    openedAt: row.opened_at as Date,
    openedBy: String(row.opened_by),
    closedAt: dateOf(row.closed_at),
    closedBy: textOf(row.closed_by),
    expected: Number(row.expected),
    counted: row.counted === null ? null : Number(row.counted),
  }
}

const momentOut = z.string().nullable()
const amountOut = roublesOut.nullable()

export const shiftOut = resourceOut(
  shiftType,
  {
    status: z.enum(["open", "closed"]),
    openedAt: momentOut,
    closedAt: momentOut,
    openingAmount: roublesOut,
    expectedAmount: roublesOut,
    countedAmount: amountOut,
    differenceAmount: amountOut,
  },
  { register: oneOut, store: oneOut, openedBy: oneOut, closedBy: oneOut },
)

export function shiftResource(shift: Shift): Resource {
  const { counted, expected } = shift
  return resource(
    shiftType,
    shift.id,
    {
      status: shift.closedAt === null ? "open" : "closed",
      openedAt: moment(shift.openedAt),
      closedAt: moment(shift.closedAt),
      openingAmount: toRoubles(shift.opening),
      expectedAmount: toRoubles(expected),
      countedAmount: counted === null ? null : toRoubles(counted),
      differenceAmount: counted === null ? null : toRoubles(counted - expected),
    },
    {
      register: reference(registerType, shift.registerId),
      store: reference("stores", shift.storeId),
      openedBy: reference("workers", shift.openedBy),
      closedBy: reference("workers", shift.closedBy),
    },
  )
}

export async function findShift(reader: Reader, id: string): Promise<Shift | undefined> {
  const [row] = await reader.query(`SELECT ${shiftSelection} FROM payments.cash_shift WHERE id = $1`, [id])
  return row === undefined ? undefined : shiftOf(row)
}

export interface Opening {
  id: string
  registerId: string
  opening: number
  openedAt: Date
  openedBy: string
}

/**
 * Takes in what has waited for the register's next shift. The register is locked.
 * @throws Refusal 409 where another shift is open.
 */
export async function openShift(tx: Transaction, storeId: string, { id, registerId, opening, openedAt, openedBy }: Opening): Promise<void> {
  const [[open], [last]] = await Promise.all([
    tx.query("SELECT id FROM payments.cash_shift WHERE register_id = $1 AND closed_at IS NULL", [registerId]),
    tx.query("SELECT counted FROM payments.cash_shift WHERE register_id = $1 AND closed_at IS NOT NULL ORDER BY opened_at DESC LIMIT 1", [
      registerId,
    ]),
  ])
  if (open !== undefined) {
    throw conflict(
      `Shift ${String(open.id)} of the register is open; close it first.`,
      { pointer: "/data/relationships/register" },
      "shift-open",
    )
  }
  await tx.query(
    `INSERT INTO payments.cash_shift (shop_id, id, register_id, store_id, opening, opened_at, opened_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [tx.shop, id, registerId, storeId, opening, openedAt, openedBy],
  )
  await tx.query("UPDATE payments.cash_entry SET shift_id = $2 WHERE register_id = $1 AND shift_id IS NULL", [registerId, id])
  const brought = opening - Number(last?.counted ?? 0)
  if (brought !== 0) await record(tx, { id, occurredAt: openedAt, lines: moved(brought, cashFloat, drawerOf(registerId)) })
  await tellShift(tx, id, openedAt)
}

export interface Closing {
  counted: number
  closedAt: Date
  closedBy: string
}

/** The register is locked. @throws Refusal 422 where it would close before it was opened. */
export async function closeShift(tx: Transaction, shift: Shift, { counted, closedAt, closedBy }: Closing): Promise<void> {
  if (closedAt < shift.openedAt) {
    throw invalid(`The shift was opened at ${shift.openedAt.toISOString()}.`, { pointer: "/data/attributes/closedAt" })
  }
  await tx.query("UPDATE payments.cash_shift SET closed_at = $2, closed_by = $3, counted = $4, expected = $5 WHERE id = $1", [
    shift.id,
    closedAt,
    closedBy,
    counted,
    shift.expected,
  ])
  const difference = counted - shift.expected
  if (difference !== 0) {
    await record(tx, { id: settlementOf(shift.id), occurredAt: closedAt, lines: moved(difference, overShort, drawerOf(shift.registerId)) })
  }
  await tellShift(tx, shift.id, closedAt)
}

async function tellShift(tx: Transaction, id: string, occurredAt: Date): Promise<void> {
  const shift = await findShift(tx, id)
  if (shift === undefined) return
  const { registerId, storeId, openedAt, closedAt, opening, expected, counted } = shift
  const status = closedAt === null ? "open" : "closed"
  const data: z.input<typeof cashShiftSnapshot> = { id, storeId, registerId, status, openedAt, closedAt, opening, expected, counted }
  tx.emit({ type: cashShiftChanged, subject: id, occurredAt, data })
}
