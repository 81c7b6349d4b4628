// Double entry: every fact about money is lines that sum to nothing. Called by whatever records money.
import type { PaymentMethod } from "@florist/kit/contracts/payments"
import type { Transaction } from "@florist/kit/transaction"
import { unlessTaken } from "./id-taken.ts"

export interface Line {
  account: string
  /** Kopecks; above 0 what the account has gained. */
  amount: number
}

export interface Entry {
  /** One for each fact: another one cannot be recorded under it. */
  id: string
  occurredAt: Date
  lines: readonly Line[]
}

/** What an order was sold for, from the other side: it loses what the shop gains. */
export const salesOf = (orderId: string): string => `sales:${orderId}`
export const drawerOf = (registerId: string): string => `cash:${registerId}`
/** Cash that came in where no register is known. */
export const cashOfStore = (storeId: string): string => `cash:store:${storeId}`
export const bank = "bank_sbp"
export const giftCards = "gift_cards"
export const giftCardsIssued = "gift_cards_issued"
/** Money of which it is not settled yet whose it is. */
export const suspense = "suspense"
export const overShort = "cash_over_short"
export const cashFloat = "cash_float"
export const cashMoved = "cash_moved"

const accounts: Record<Exclude<PaymentMethod, "cash">, string> = { card: "card", bonus: "bonus", gift_card: giftCards, qr: bank }

/** Where money of a method lies. */
export function accountOf(method: PaymentMethod, cashAccount: string): string {
  return method === "cash" ? cashAccount : accounts[method]
}

/** From one account to another. */
export function moved(amount: number, from: string, to: string): readonly Line[] {
  return [
    { account: to, amount },
    { account: from, amount: -amount },
  ]
}

/** @throws Refusal 409 for an id that was recorded already. */
export async function record(tx: Transaction, { id, occurredAt, lines }: Entry): Promise<void> {
  const inserted = tx.query(
    `INSERT INTO payments.journal_line (shop_id, transaction_id, line, account, currency, amount, occurred_at)
     SELECT $1, $2, place, account, 'RUB', amount, $3 FROM unnest($4::text[], $5::bigint[]) WITH ORDINALITY AS line(account, amount, place)`,
    [tx.shop, id, occurredAt, lines.map(({ account }) => account), lines.map(({ amount }) => amount)],
  )
  await unlessTaken(id, inserted)
}
