// What has to be looked at again, on every shard: bank codes, refunds under way, points that were asked for. Whoever is killed in the middle of something left a line
// here, in the transaction that began it. Claimed for a while, so that one copy works on it; worked off in the background.
import { setTimeout as sleep } from "node:timers/promises"
import type { Surroundings } from "@florist/kit/app"
import type { Reader } from "@florist/kit/database"
import type { OpenShop } from "@florist/kit/fleet"
import type { Transaction } from "@florist/kit/transaction"

export const agendaKinds = ["spending", "refund", "qr", "order-return"] as const
export type AgendaKind = (typeof agendaKinds)[number]

/** When to look again, or "done". */
type Outcome = Date | "done"

/** Must end in the same state however often it runs. `tries` counts this one too. */
export type Handler = (shop: OpenShop, id: string, now: Date, tries: number) => Promise<Outcome>

/** What this version does not handle is left to those that do. */
export type Handlers = Readonly<Partial<Record<AgendaKind, Handler>>>

/** Puts it on the agenda, or moves it. */
export async function putOnAgenda(tx: Transaction, kind: AgendaKind, id: string, dueAt: Date): Promise<void> {
  await tx.query(
    `INSERT INTO payments.agenda (shop_id, kind, id, due_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (shop_id, kind, id) DO UPDATE SET due_at = excluded.due_at, tries = 0`,
    [tx.shop, kind, id, dueAt],
  )
}

export async function takeOffAgenda(tx: Transaction, kind: AgendaKind, id: string): Promise<void> {
  await tx.query("DELETE FROM payments.agenda WHERE shop_id = $1 AND kind = $2 AND id = $3", [tx.shop, kind, id])
}

const atOnce = 20
const claimedForMs = 60_000
const idleMs = 500
const longestPauseMs = 600_000

const claim = `
  UPDATE payments.agenda a SET due_at = $2, tries = tries + 1
  WHERE (shop_id, kind, id) IN (SELECT shop_id, kind, id FROM payments.agenda WHERE due_at <= $1 AND kind = ANY ($3) ORDER BY due_at LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
  RETURNING shop_id, kind, id, tries`

interface Item {
  shop: number
  kind: AgendaKind
  id: string
  tries: number
}

/** Until the signal ends it. */
export async function workOffAgenda(surroundings: Surroundings, handlers: Handlers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const done = await workOffOnce(surroundings, handlers).catch(() => 0)
    if (done < atOnce) await sleep(idleMs, undefined, { signal }).catch(() => {})
  }
}

/** Everything that is due now, at most a handful on each shard. @returns how much it was. */
export async function workOffOnce({ fleet, clock }: Pick<Surroundings, "fleet" | "clock">, handlers: Handlers): Promise<number> {
  const counts = (await fleet.shards()).map(async (shard) => {
    const now = clock()
    const rows = await shard.query(claim, [now, new Date(now.getTime() + claimedForMs), Object.keys(handlers)]).catch(() => [])
    const items = rows.map((row): Item => ({
      shop: Number(row.shop_id),
      kind: row.kind as AgendaKind,
      id: String(row.id),
      tries: Number(row.tries),
    }))
    await Promise.all(items.map(async (item) => settle(shard, item, await attempt(item))))
    return items.length
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)

  async function attempt({ kind, shop, id, tries }: Item): Promise<Attempt> {
    try {
      const outcome = await handlers[kind]?.(await fleet.shop(shop), id, clock(), tries)
      return { outcome: outcome ?? new Date(clock().getTime() + pauseMs(tries)), reason: null }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return { outcome: new Date(clock().getTime() + pauseMs(tries)), reason: reason.slice(0, 500) }
    }
  }
}

interface Attempt {
  outcome: Outcome
  /** Why it failed; whoever looks into the table sees it. */
  reason: string | null
}

/** 1 s, 2 s, 4 s ... ten minutes. */
export const pauseMs = (tries: number): number => Math.min(longestPauseMs, 1_000 * 2 ** Math.min(tries - 1, 20))

/** What was put on the agenda anew in the meantime (tries are 0 again) stays as it is. */
async function settle(shard: Reader, { shop, kind, id, tries }: Item, { outcome, reason }: Attempt): Promise<void> {
  const same = "shop_id = $1 AND kind = $2 AND id = $3 AND tries = $4"
  const values = [shop, kind, id, tries]
  if (outcome === "done") await shard.query(`DELETE FROM payments.agenda WHERE ${same}`, values)
  else await shard.query(`UPDATE payments.agenda SET due_at = $5, reason = $6 WHERE ${same}`, [...values, outcome, reason])
}
