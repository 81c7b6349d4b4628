// Sessions in the database: one row each, whatever the number of refreshes. Called by the session operations and by whoever ends sessions.
import type { Reader, Row } from "@florist/kit/database"
import type { Transaction } from "@florist/kit/transaction"
import type { Rotation } from "./refresh-token.ts"

export type EndReason = "signed-out" | "reused" | "password-changed" | "switched-off" | "dismissed"

export interface KeptSession {
  account: string
  rotation: Rotation
  expiresAt: Date
  isEnded: boolean
}

const keepEndedForMs = 30 * 86_400_000

/** Also forgets this account's sessions that ended long ago. */
export async function openSession(
  tx: Transaction,
  { id, account, rotation, expiresAt, now }: { id: string; account: string; rotation: Rotation; expiresAt: Date; now: Date },
): Promise<void> {
  await tx.query("DELETE FROM staff.session WHERE shop_id = $1 AND account_id = $2 AND expires_at < $3", [
    tx.shop,
    account,
    new Date(now.getTime() - keepEndedForMs),
  ])
  await tx.query(
    `INSERT INTO staff.session (shop_id, id, account_id, token_hash, rotated_at, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $5)`,
    [tx.shop, id, account, rotation.tokenHash, now, expiresAt],
  )
}

/** Others who use a token of this session wait. */
export async function lockSession(tx: Transaction, id: string): Promise<KeptSession | undefined> {
  const [row] = await tx.query(
    `SELECT account_id, token_hash, previous_hash, successor_sealed, rotated_at, expires_at, ended_at FROM staff.session
     WHERE shop_id = $1 AND id = $2 FOR UPDATE`,
    [tx.shop, id],
  )
  if (row === undefined) return undefined
  return {
    account: String(row.account_id),
    rotation: {
      tokenHash: row.token_hash as Buffer,
      previousHash: row.previous_hash as Buffer | null,
      successorSealed: row.successor_sealed as Buffer | null,
      rotatedAt: row.rotated_at as Date,
    },
    expiresAt: row.expires_at as Date,
    isEnded: row.ended_at !== null,
  }
}

export async function keepRotation(
  tx: Transaction,
  id: string,
  { tokenHash, previousHash, successorSealed, rotatedAt }: Rotation,
  expiresAt: Date,
) {
  await tx.query(
    `UPDATE staff.session SET token_hash = $3, previous_hash = $4, successor_sealed = $5, rotated_at = $6, expires_at = $7 WHERE shop_id = $1 AND id = $2`,
    [tx.shop, id, tokenHash, previousHash, successorSealed, rotatedAt, expiresAt],
  )
}

export async function endSession(tx: Transaction, id: string, reason: EndReason, now: Date): Promise<void> {
  await tx.query("UPDATE staff.session SET ended_at = $3, end_reason = $4 WHERE shop_id = $1 AND id = $2 AND ended_at IS NULL", [
    tx.shop,
    id,
    now,
    reason,
  ])
}

/** No refresh works any more; access tokens that were given out end by themselves within their quarter of an hour. */
export async function endSessions(tx: Transaction, accounts: readonly string[], reason: EndReason, now: Date): Promise<void> {
  if (accounts.length === 0) return
  await tx.query(
    "UPDATE staff.session SET ended_at = $3, end_reason = $4 WHERE shop_id = $1 AND account_id = ANY ($2::uuid[]) AND ended_at IS NULL",
    [tx.shop, [...accounts], now, reason],
  )
}

export async function accountByUsername(reader: Reader, shop: number, username: string): Promise<Row | undefined> {
  const [row] = await reader.query(
    `SELECT a.id, a.worker_id, a.role, a.status, a.password_hash, a.password_salt, a.password_cost, w.dismissed_at
     FROM staff.account a JOIN staff.worker w ON w.shop_id = a.shop_id AND w.id = a.worker_id WHERE a.shop_id = $1 AND a.username = $2`,
    [shop, username],
  )
  return row
}

export async function accountById(reader: Reader, shop: number, id: string): Promise<Row | undefined> {
  const [row] = await reader.query(
    `SELECT a.id, a.worker_id, a.role, a.status, a.password_hash, a.password_salt, a.password_cost, w.dismissed_at
     FROM staff.account a JOIN staff.worker w ON w.shop_id = a.shop_id AND w.id = a.worker_id WHERE a.shop_id = $1 AND a.id = $2`,
    [shop, id],
  )
  return row
}
