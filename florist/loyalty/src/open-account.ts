// A customer's account while a transaction changes it: points by the ledger's rules, sums of followed orders, the group. Read once, written once, then told
// to the others. Called by the ledger, the followers of orders, and imports.
import { pointsChanged } from "@florist/kit/contracts/loyalty"
import type { Reader } from "@florist/kit/database"
import { newId } from "@florist/kit/id"
import { publish } from "@florist/kit/known"
import type { Transaction } from "@florist/kit/transaction"
import { z } from "zod"
import { credited, reversed, taken } from "./account.ts"
import type { Account, Change, Line, Settled } from "./account.ts"
import { customerColumns, customerResource } from "./customer.ts"

export interface Circumstances {
  /** In the shop, by the client's clock. */
  occurredAt: Date
  reason?: string
  /** The worker, where a person did it. */
  createdBy?: string
}

type Entry = Line & Circumstances & { id: string }

const debtsShape = z.array(z.object({ orderId: z.string(), points: z.number() }))

export class OpenAccount {
  readonly id: string
  readonly status: string
  bonusGroup: number | null
  ordersAmount: number
  readonly #entries: Entry[] = []
  #account: Account
  #spent: number
  #ordersQty: number
  #hasChanged = false
  #debtsChanged = false

  private constructor(row: Readonly<Record<string, unknown>>) {
    this.id = String(row.id)
    this.status = String(row.status)
    this.bonusGroup = row.bonus_group_id === null ? null : Number(row.bonus_group_id)
    this.ordersAmount = Number(row.orders_amount)
    this.#ordersQty = Number(row.orders_qty)
    this.#spent = Number(row.spent_points)
    this.#account = { balance: Number(row.balance), debts: debtsShape.parse(row.debts) }
  }

  /** Only after the transaction asked for its revision. @returns undefined for a customer that is not there. */
  static async open(reader: Reader, customerId: string): Promise<OpenAccount | undefined> {
    const [row] = await reader.query(
      `SELECT id, status, balance, spent_points, orders_amount, orders_qty, bonus_group_id,
         coalesce((SELECT json_agg(json_build_object('orderId', order_id, 'points', points) ORDER BY order_id)
                   FROM loyalty.points_debt debt WHERE debt.shop_id = customer.shop_id AND debt.customer_id = customer.id), '[]') AS debts
       FROM loyalty.customer WHERE id = $1`,
      [customerId],
    )
    return row === undefined ? undefined : new OpenAccount(row)
  }

  get balance(): number {
    return this.#account.balance
  }

  owedFor(orderId: string): number {
    return this.#account.debts.find((debt) => debt.orderId === orderId)?.points ?? 0
  }

  credit(change: Change, circumstances: Circumstances): Entry | undefined {
    if (change.kind === "spending-restored") this.#spent -= change.points
    return this.#enter(credited(this.#account, change), circumstances)
  }

  reverse(change: Change & { orderId: string }, circumstances: Circumstances): void {
    this.#enter(reversed(this.#account, change), circumstances)
  }

  /** @returns undefined, and changes nothing, where there are not enough points. */
  take(change: Change, circumstances: Circumstances): Entry | undefined {
    const settled = taken(this.#account, change)
    if (settled === undefined) return undefined
    if (change.kind === "spent") this.#spent -= change.points
    return this.#enter(settled, circumstances)
  }

  addOrders({ amount, qty }: { amount: number; qty: number }): void {
    if (amount === 0 && qty === 0) return
    this.ordersAmount += amount
    this.#ordersQty += qty
    this.#hasChanged = true
  }

  enterBonusGroup(id: number): void {
    this.bonusGroup = id
    this.#hasChanged = true
  }

  /** Something of the customer beside the account changed, which the others are to be told. */
  touch(): void {
    this.#hasChanged = true
  }

  #enter({ account, lines }: Settled, circumstances: Circumstances): Entry | undefined {
    if (account.debts !== this.#account.debts) this.#debtsChanged = true
    this.#account = account
    this.#hasChanged = true
    const entries = lines.map((line) => ({ ...line, ...circumstances, id: newId() }))
    this.#entries.push(...entries)
    return entries[0]
  }

  /** Writes what changed, and tells it. */
  async close(tx: Transaction, now: Date): Promise<void> {
    if (!this.#hasChanged) return
    const revision = await tx.revision()
    if (this.#entries.length > 0) await insertEntries(tx, this.id, this.#entries, now)
    if (this.#debtsChanged) await replaceDebts(tx, this.id, this.#account.debts)
    const [row] = await tx.query(
      `UPDATE loyalty.customer SET balance = $2, spent_points = $3, orders_amount = $4, orders_qty = $5, bonus_group_id = $6, updated_at = $7, revision = $8
       WHERE id = $1 RETURNING ${customerColumns}`,
      [this.id, this.#account.balance, this.#spent, this.ordersAmount, this.#ordersQty, this.bonusGroup, now, revision],
    )
    for (const { id, orderId, kind, points, balance, occurredAt } of this.#entries) {
      tx.emit({
        type: pointsChanged,
        subject: this.id,
        occurredAt,
        data: { id, customerId: this.id, orderId, kind, points, balance, occurredAt },
      })
    }
    if (row === undefined) throw new Error(`The customer ${this.id} went away while the account was open.`)
    publish(tx, { resource: customerResource(row), revision, state: row.status === "deleted" ? "deleted" : "there" }, now)
    this.#entries.length = 0
    this.#hasChanged = false
    this.#debtsChanged = false
  }
}

async function insertEntries(tx: Transaction, customerId: string, entries: readonly Entry[], now: Date): Promise<void> {
  const rows = entries.map(({ id, orderId, kind, sourceLine, points, balance, reason, createdBy, occurredAt }) => ({
    id,
    order_id: orderId,
    kind,
    source_line: sourceLine,
    points,
    balance,
    reason: reason ?? null,
    created_by: createdBy ?? null,
    occurred_at: occurredAt,
  }))
  await tx.query(
    `INSERT INTO loyalty.loyalty_entry (shop_id, id, customer_id, order_id, kind, source_line, points, balance, reason, created_by, occurred_at, created_at)
     SELECT $1, id, $2, order_id, kind, source_line, points, balance, reason, created_by, occurred_at, $4
     FROM jsonb_to_recordset($3::jsonb) AS (id uuid, order_id uuid, kind text, source_line text, points bigint, balance bigint, reason text, created_by text,
       occurred_at timestamptz)`,
    [tx.shop, customerId, JSON.stringify(rows), now],
  )
}

async function replaceDebts(tx: Transaction, customerId: string, debts: Account["debts"]): Promise<void> {
  await tx.query("DELETE FROM loyalty.points_debt WHERE customer_id = $1", [customerId])
  if (debts.length === 0) return
  await tx.query(
    `INSERT INTO loyalty.points_debt (shop_id, customer_id, order_id, points)
     SELECT $1, $2, "orderId", points FROM jsonb_to_recordset($3::jsonb) AS ("orderId" uuid, points bigint)`,
    [tx.shop, customerId, JSON.stringify(debts)],
  )
}
