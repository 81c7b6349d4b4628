// SQL of issues: one row for each order, which is also the lock that makes an issue happen once. Called by the issue.
import type { IssueResult } from "@florist/kit/contracts/stock"
import type { Row } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"

export interface Issue {
  orderId: string
  docNo: string
  status: "issued" | "returned" | "cancelled"
  turn: number
  orderRevision: number
  lines: IssueResult["lines"]
}

const columns = "order_id, doc_no, status, turn, order_revision, lines"

/** @returns "new", or the issue that is there, locked. */
export async function insertIssue(
  tx: Transaction,
  issue: { orderId: string; docNo: string; storeId: string | null; occurredAt: Date; status?: Issue["status"] },
): Promise<Issue | "new"> {
  const { orderId, docNo, storeId, occurredAt, status = "issued" } = issue
  const [inserted] = await tx.query(
    `INSERT INTO stock.sale_issue (shop_id, order_id, doc_no, store_id, status, turn, lines, occurred_at) VALUES ($1, $2, $3, $4, $5, 1, '[]', $6)
     ON CONFLICT DO NOTHING RETURNING order_id`,
    [tx.shop, orderId, docNo, storeId, status, occurredAt],
  )
  if (inserted !== undefined) return "new"
  return (await lockIssue(tx, orderId)) ?? "new"
}

export async function lockIssue(tx: Transaction, orderId: string): Promise<Issue | undefined> {
  const [row] = await tx.query(`SELECT ${columns} FROM stock.sale_issue WHERE order_id = $1 FOR UPDATE`, [orderId])
  return row === undefined ? undefined : issueOf(row)
}

export async function setIssue(
  tx: Transaction,
  change: { orderId: string } & (
    | { orderRevision: number }
    | { turn: number }
    | { issued: { docNo: string; storeId: string; turn: number; lines: IssueResult["lines"]; occurredAt: Date } }
  ),
): Promise<void> {
  if ("orderRevision" in change) {
    await tx.query("UPDATE stock.sale_issue SET order_revision = $2 WHERE order_id = $1", [change.orderId, change.orderRevision])
    return
  }
  if ("turn" in change) {
    await tx.query("UPDATE stock.sale_issue SET turn = $2 WHERE order_id = $1", [change.orderId, change.turn])
    return
  }
  const { docNo, storeId, turn, lines, occurredAt } = change.issued
  await tx.query(
    `UPDATE stock.sale_issue SET status = 'issued', doc_no = $2, store_id = $3, turn = $4, lines = $5, occurred_at = $6 WHERE order_id = $1`,
    [change.orderId, docNo, storeId, turn, JSON.stringify(lines), occurredAt],
  )
}

export async function endIssue(tx: Transaction, orderId: string, status: "returned" | "cancelled"): Promise<void> {
  await tx.query("UPDATE stock.sale_issue SET status = $2 WHERE order_id = $1", [orderId, status])
}

function issueOf(row: Row): Issue {
  return {
    orderId: String(row.order_id),
    docNo: String(row.doc_no),
    status: row.status as Issue["status"],
    turn: Number(row.turn),
    orderRevision: Number(row.order_revision),
    lines: (row.lines as IssueResult["lines"]).map(({ lineId, cost, shortage }) => ({ lineId, cost, shortage })),
  }
}
