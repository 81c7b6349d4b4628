// One execution for each Idempotency-Key: the answer is kept in the transaction that made it, and given again to whoever repeats the request.
// Called by the app for every write that carries the header.
import { createHash } from "node:crypto"
import type { Reader } from "./database.ts"
import { Refusal } from "./refusal.ts"

export interface KeptAnswer {
  status: number
  body: unknown
}

export interface IdempotentRequest {
  service: string
  shop: number
  key: string
  hash: string
}

/** What makes two requests the same: who asks for what. */
export function requestHash(parts: { worker: string; method: string; path: string; body: unknown }): string {
  return createHash("sha256")
    .update(JSON.stringify([parts.worker, parts.method, parts.path, parts.body ?? null]))
    .digest("hex")
}

/**
 * Claims the key for this transaction. A rival with the same key waits here until the first one ends, and then gets its answer.
 * @returns the kept answer; "mine" where the request has to be carried out (also again, after a flow that was cut off in the middle).
 * @throws Refusal 422 where the key was used for another request.
 */
export async function claim(reader: Reader, { service, shop, key, hash }: IdempotentRequest): Promise<KeptAnswer | "mine"> {
  const claimed = await reader.query(
    `INSERT INTO ${service}.idempotency (shop_id, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING key`,
    [shop, key, hash],
  )
  if (claimed.length === 1) return "mine"
  const [kept] = await reader.query(`SELECT request_hash, status, body FROM ${service}.idempotency WHERE shop_id = $1 AND key = $2`, [
    shop,
    key,
  ])
  if (kept !== undefined && kept.request_hash !== hash) throw usedOtherwise(key)
  return kept === undefined || kept.status === null ? "mine" : { status: Number(kept.status), body: kept.body }
}

export async function keep(reader: Reader, { service, shop, key }: IdempotentRequest, { status, body }: KeptAnswer): Promise<void> {
  await reader.query(`UPDATE ${service}.idempotency SET status = $3, body = $4::json WHERE shop_id = $1 AND key = $2`, [
    shop,
    key,
    status,
    body === undefined ? null : JSON.stringify(body),
  ])
}

function usedOtherwise(key: string): Refusal {
  const detail = `The key "${key}" was used for another request; a new request needs a new key.`
  return new Refusal([
    { status: 422, code: "idempotency-key-reused", title: "Idempotency key reused", detail, source: { header: "idempotency-key" } },
  ])
}
