// Sends what is due, on every shard, until the signal ends it: signed, each with a bound, tried again with growing pauses for a day. A delivery may arrive twice
// (its answer was lost); its id stays the same. Run by the gateway in the background.
import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { setTimeout as sleep } from "node:timers/promises"
import type { Surroundings } from "@florist/kit/app"
import type { PooledDatabase } from "@florist/kit/database"
import type { WebhooksTo } from "../gateway-config.ts"
import { publicAddress } from "./address.ts"
import { sign, signatureHeader } from "./signature.ts"

const answerWithinMs = 10_000
const idleMs = 500
const atOnce = 20
/** Longer than a delivery takes: whoever claimed it and died loses it then to another copy. */
const claimedForS = 30
const giveUpAfterTries = 15
/** 5 s, 10 s, 20 s ... two hours; fifteen tries are about a day. */
const pauseS = (tries: number) => Math.min(5 * 2 ** tries, 7_200)

export async function deliverWebhooks({ fleet, clock }: Surroundings, to: WebhooksTo, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let sent = 0
    try {
      for (const shard of await fleet.shards()) sent += await deliverDue(shard, { to, now: clock(), signal })
    } catch {
      // A shard that is down is tried again; its status tells of it.
    }
    if (sent === 0) await sleep(idleMs, undefined, { signal }).catch(() => {})
  }
}

interface Due {
  shop: number
  webhook: string
  event: string
}

interface Sending {
  to: WebhooksTo
  now: Date
  signal: AbortSignal
}

/** @returns how many were tried. */
export async function deliverDue(shard: PooledDatabase, sending: Sending): Promise<number> {
  const rows = await shard.query(
    `UPDATE gateway.webhook_due SET due_at = $1::timestamptz + interval '${claimedForS} seconds'
     WHERE (shop_id, webhook_id, event_id) IN (
       SELECT shop_id, webhook_id, event_id FROM gateway.webhook_due WHERE due_at <= $1 ORDER BY due_at LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
     RETURNING shop_id, webhook_id, event_id`,
    [sending.now],
  )
  const due = rows.map((row): Due => ({ shop: Number(row.shop_id), webhook: String(row.webhook_id), event: String(row.event_id) }))
  await Promise.all(due.map((each) => deliver(shard, each, sending)))
  return due.length
}

async function deliver(shard: PooledDatabase, due: Due, sending: Sending): Promise<void> {
  const key = [due.shop, due.webhook, due.event]
  const [row] = await shard.queryAs(
    due.shop,
    `SELECT w.url, w.secret, w.status, d.body, d.tries FROM gateway.webhook_delivery d JOIN gateway.webhook w ON w.shop_id = d.shop_id AND w.id = d.webhook_id
     WHERE d.shop_id = $1 AND d.webhook_id = $2 AND d.event_id = $3`,
    key,
  )
  // Without its webhook nobody wants it any more.
  const isWanted = row !== undefined && row.status === "on"
  const answer = isWanted
    ? await post(String(row.url), String(row.secret), String(row.body), due, sending)
    : { isDone: false, said: "the webhook is off" }
  const tries = Number(row?.tries ?? 0) + 1
  const status = answer.isDone ? "delivered" : !isWanted || tries >= giveUpAfterTries ? "given-up" : "waiting"
  await shard.transaction(due.shop, async (reader) => {
    await reader.query(
      `UPDATE gateway.webhook_delivery SET status = $4, tries = $5, last_answer = $6, ended_at = CASE WHEN $4 = 'waiting' THEN NULL ELSE $7::timestamptz END
       WHERE shop_id = $1 AND webhook_id = $2 AND event_id = $3`,
      [...key, status, tries, answer.said.slice(0, 500), sending.now],
    )
    if (status === "waiting") {
      const next = new Date(sending.now.getTime() + pauseS(tries) * 1_000)
      await reader.query("UPDATE gateway.webhook_due SET due_at = $4 WHERE shop_id = $1 AND webhook_id = $2 AND event_id = $3", [
        ...key,
        next,
      ])
    } else {
      await reader.query("DELETE FROM gateway.webhook_due WHERE shop_id = $1 AND webhook_id = $2 AND event_id = $3", key)
    }
  })
}

interface Said {
  isDone: boolean
  said: string
}

/** Any 2xx is a success. Redirects are not followed: the address was agreed on. */
async function post(url: string, secret: string, body: string, due: Due, { to, now, signal }: Sending): Promise<Said> {
  try {
    const target = new URL(url)
    const { address, family } = await publicAddress(target.hostname, to)
    const status = await new Promise<number>((resolve, reject) => {
      const send = target.protocol === "https:" ? httpsRequest : httpRequest
      const request = send(
        target,
        {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(body),
            "florist-event-id": due.event,
            [signatureHeader]: sign(secret, body, now),
          },
          // The address that was looked at, so that a name cannot lead elsewhere a moment later.
          lookup: (_name, options, found) => (options.all === true ? found(null, [{ address, family }]) : found(null, address, family)),
          signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
        },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      request.on("error", reject)
      request.end(body)
    })
    return { isDone: status >= 200 && status < 300, said: `HTTP ${status}` }
  } catch (cause) {
    return { isDone: false, said: cause instanceof Error ? cause.message : String(cause) }
  }
}
