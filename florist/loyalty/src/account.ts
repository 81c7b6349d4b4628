// The arithmetic of points, without a database: what an order earns, and how an account changes. Called by the ledger; a replay in tests uses the same words.

export type EntryKind = "earned" | "spent" | "earning-reversed" | "spending-restored" | "granted" | "expired"

/** Points of a returned order that were spent before it came back. */
export interface Debt {
  orderId: string
  points: number
}

export interface Account {
  /** Never below zero. */
  balance: number
  /** Oldest first. While there is one, the balance is zero. */
  debts: readonly Debt[]
}

export interface Change {
  kind: EntryKind
  orderId: string | null
  /** What in the order it comes from; together with order and kind it comes once. */
  sourceLine: string
  /** Signed, never zero. */
  points: number
}

/** A change as it is entered, with the balance after it. */
export type Line = Change & { balance: number }

export interface Settled {
  account: Account
  lines: readonly Line[]
}

/** Whole points for what is paid in money. Amounts in kopecks, the rate in hundredths of a per cent. Rounded down. */
export function earnedPoints({ total, paidByPoints, rate }: { total: number; paidByPoints: number; rate: number }): number {
  const base = BigInt(Math.max(0, total - paidByPoints))
  return Number((base * BigInt(rate)) / 1_000_000n)
}

/** A credit pays debts first: it is entered whole, and what is owed is taken from it in lines of its own. */
export function credited(account: Account, change: Change): Settled {
  let balance = account.balance + change.points
  const lines: Line[] = [{ ...change, balance }]
  const debts: Debt[] = []
  for (const debt of account.debts) {
    const paid = Math.min(debt.points, balance)
    if (paid > 0) {
      balance -= paid
      const sourceLine = `debt:${change.kind}:${change.orderId ?? ""}:${change.sourceLine}`
      lines.push({ kind: "earning-reversed", orderId: debt.orderId, sourceLine, points: -paid, balance })
    }
    if (debt.points > paid) debts.push({ orderId: debt.orderId, points: debt.points - paid })
  }
  return { account: { balance, debts }, lines }
}

/** An earning is taken back as far as there are points; the rest is owed. `change.points` is negative. */
export function reversed(account: Account, change: Change & { orderId: string }): Settled {
  const wanted = -change.points
  const taken = Math.min(wanted, account.balance)
  const balance = account.balance - taken
  const owed = wanted - taken
  return {
    account: { balance, debts: owed === 0 ? account.debts : withDebt(account.debts, { orderId: change.orderId, points: owed }) },
    lines: taken === 0 ? [] : [{ ...change, points: -taken, balance }],
  }
}

/** @returns undefined where there are not enough points. `change.points` is negative. */
export function taken(account: Account, change: Change): Settled | undefined {
  const balance = account.balance + change.points
  return balance < 0 ? undefined : { account: { ...account, balance }, lines: [{ ...change, balance }] }
}

function withDebt(debts: readonly Debt[], debt: Debt): readonly Debt[] {
  const known = debts.find(({ orderId }) => orderId === debt.orderId)
  if (known === undefined) return [...debts, debt]
  return debts.map((each) => (each === known ? { ...each, points: each.points + debt.points } : each))
}
