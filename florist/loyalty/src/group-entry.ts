// How spending brings a customer into groups: into the highest group that it reaches, never down, never into or out of a private one. Called when orders
// are sold and when customers are created.
import type { Reader } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import { bonusGroups } from "./group.ts"
import { recordChanges } from "./group-store.ts"
import { nextNumber } from "./number.ts"
import type { OpenAccount } from "./open-account.ts"

const holds = "status = 'on' AND (valid_from IS NULL OR valid_from <= $1) AND (valid_to IS NULL OR valid_to >= $1)"

/** The rate by which the order counts that made the customer's spending what it is. In hundredths of a per cent. */
export async function enterGroups(tx: Transaction, account: OpenAccount, { at, now }: { at: Date; now: Date }): Promise<number> {
  const rows = await tx.query(
    `SELECT id, rate, entry_amount, private, activate_on_entry, ${holds} AS holds, NOT private AND entry_amount <= $2 AS reached FROM loyalty.bonus_group
     WHERE id = $3 OR (${holds} AND NOT private AND entry_amount <= $2) ORDER BY entry_amount DESC NULLS LAST, id DESC`,
    [at, account.ordersAmount, account.bonusGroup],
  )
  await enterDiscountGroup(tx, account, at)
  const own = rows.find((row) => Number(row.id) === account.bonusGroup)
  const ownRate = own?.holds === true ? Number(own.rate) : 0
  const next = rows.find((row) => row.holds === true && row.reached === true)
  if (next === undefined || next === own) return ownRate
  const staysInOwn =
    own?.holds === true && (own.private === true || own.entry_amount === null || Number(own.entry_amount) >= Number(next.entry_amount))
  if (staysInOwn) return ownRate

  const groupId = Number(next.id)
  const oldValue = account.bonusGroup === null ? null : String(account.bonusGroup)
  const change = { groupId, operation: "update", field: "customer", oldValue, newValue: String(groupId), customerId: account.id } as const
  await recordChanges(tx, bonusGroups, [change], now)
  account.enterBonusGroup(groupId)
  return next.activate_on_entry === true ? Number(next.rate) : ownRate
}

async function enterDiscountGroup(tx: Transaction, account: OpenAccount, at: Date): Promise<void> {
  const [next] = await tx.query(
    `SELECT id, EXISTS (SELECT FROM loyalty.customer_discount_group link WHERE link.shop_id = discount_group.shop_id AND link.group_id = discount_group.id
       AND link.customer_id = $3) AS inside FROM loyalty.discount_group
     WHERE ${holds} AND NOT private AND entry_amount <= $2 ORDER BY entry_amount DESC, id DESC LIMIT 1`,
    [at, account.ordersAmount, account.id],
  )
  if (next === undefined || next.inside === true) return
  await tx.query("INSERT INTO loyalty.customer_discount_group (shop_id, customer_id, group_id, id) VALUES ($1, $2, $3, $4)", [
    tx.shop,
    account.id,
    next.id,
    await nextNumber(tx, "customer-discount-group"),
  ])
  account.touch()
}

export interface Terms {
  discountRate: number
  bonusRate: number
  bonusLimit: number
  balance: number
}

/** Where no group in force limits it, points may pay all. */
const everything = 10_000

/** What a customer's groups give at a moment. @returns undefined for a customer that is not there. */
export async function termsOf(reader: Reader, customerId: string, at: Date): Promise<Terms | undefined> {
  const [row] = await reader.query(
    `SELECT customer.balance,
       (SELECT max(discount_group.rate) FROM loyalty.customer_discount_group link JOIN loyalty.discount_group
          ON discount_group.shop_id = link.shop_id AND discount_group.id = link.group_id
        WHERE link.shop_id = customer.shop_id AND link.customer_id = customer.id AND ${holds}) AS discount_rate,
       bonus.rate AS bonus_rate, bonus.payable
     FROM loyalty.customer
     LEFT JOIN LATERAL (SELECT rate, payable FROM loyalty.bonus_group
       WHERE bonus_group.shop_id = customer.shop_id AND bonus_group.id = customer.bonus_group_id AND ${holds}) bonus ON true
     WHERE customer.id = $2 AND customer.status <> 'deleted'`,
    [at, customerId],
  )
  if (row === undefined) return undefined
  return {
    discountRate: Number(row.discount_rate ?? 0),
    bonusRate: Number(row.bonus_rate ?? 0),
    bonusLimit: Number(row.payable ?? everything),
    balance: Number(row.balance),
  }
}
