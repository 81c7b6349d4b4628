// What a shop took since a moment, by method, and what it gave back. `summarise` is pure; called by the routes.
import type { Database } from "@florist/kit/database"
import { methodFromSql, methodInSql } from "./tender.ts"
import type { Method } from "./tender.ts"

/** All tenders of one method and status. */
export interface Group {
  method: Method
  status: string
  payments: number
  amount: bigint
}

export interface Summary {
  methods: { method: Method; payments: number; amount: number }[]
  taken: number
  refunded: number
}

const selectGroups = `
  SELECT ${methodInSql} AS kind, status, count(*) AS payments, sum(amount) AS amount
  FROM payments.payment WHERE shop_id = $1 AND occurred_at >= $2
  GROUP BY kind, status ORDER BY kind, status`

export async function summaryOf(database: Database, shop: number, since: Date): Promise<Summary> {
  const rows = await database.query(selectGroups, [shop, since])
  return summarise(
    rows.map((row) => ({
      method: methodFromSql(row.kind),
      status: String(row.status),
      payments: Number(row.payments),
      amount: BigInt(String(row.amount)),
    })),
  )
}

export function summarise(groups: readonly Group[]): Summary {
  const taken = groups.filter(({ status }) => status === "paid")
  const refunded = groups.filter(({ status }) => status === "refunded")
  return {
    methods: taken.map(({ method, payments, amount }) => ({ method, payments, amount: Number(amount) })),
    taken: Number(sumOf(taken)),
    refunded: Number(sumOf(refunded)),
  }
}

function sumOf(groups: readonly Group[]): bigint {
  return groups.reduce((sum, { amount }) => sum + amount, 0n)
}
