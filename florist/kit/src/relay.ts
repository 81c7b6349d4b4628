// Brings the events of other services to this one: reads their outboxes on each shard in order, and changes this service's tables and its place in
// the outbox in one transaction, so that each event takes effect exactly once, whatever is killed when. Started by `serve`.
//
// Why nothing is overtaken: rows get their numbers before they commit, so a greater number may become visible first. A row carries the id of its transaction, and
// is read only when every older transaction has ended (xid below the snapshot's xmin); order is then (xid, number).
import type { FastifyBaseLogger } from "fastify"
import { setTimeout as sleep } from "node:timers/promises"
import { isRivalry } from "./database.ts"
import type { PooledDatabase, Reader, Row } from "./database.ts"
import { openTransaction } from "./transaction.ts"
import type { Transaction } from "./transaction.ts"

export interface Event {
  id: string
  type: string
  shop: number
  subject: string
  occurredAt: Date
  /** The reader parses it with the sender's contract. */
  data: unknown
}

export interface Consumption {
  from: string
  /** By event type. Types that are not named pass by. An event may come again after a failure, so applying it twice must change nothing more. */
  on: Readonly<Record<string, (tx: Transaction, event: Event) => Promise<void>>>
}

export interface RelayOptions {
  service: string
  shard: PooledDatabase
  consumptions: readonly Consumption[]
  log: FastifyBaseLogger
}

interface Source extends Omit<RelayOptions, "consumptions"> {
  consumption: Consumption
}

/** What an event locks stays locked until its batch commits, so batches are small: requests of the same shops wait for no longer than a few events take. */
const atOnce = 8
const idleMs = 150
const idleAtMostMs = 1_000
const retryStuckEveryMs = 10_000

/** Until the signal ends it. A shard that is down is tried again; the others go on. */
export async function relay({ consumptions: asWritten, ...options }: RelayOptions, signal: AbortSignal): Promise<void> {
  const { log, shard, service } = options
  const consumptions = bySource(asWritten)
  const anythingNew = anythingNewIn(service, consumptions)
  let place: "to be taken" | "taken" = "to be taken"
  let idleFor = idleMs
  let stuckTriedAt = 0
  while (!signal.aborted) {
    try {
      if (place === "to be taken") await takePlaces(service, shard, consumptions)
      place = "taken"
      let taken = 0
      for (const { source } of await shard.query(anythingNew)) {
        const consumption = consumptions.find(({ from }) => from === source)
        if (consumption !== undefined) taken += await takeBatch({ ...options, consumption })
      }
      if (Date.now() - stuckTriedAt > retryStuckEveryMs) {
        stuckTriedAt = Date.now()
        for (const consumption of consumptions) await retryStuck({ ...options, consumption })
      }
      if (taken >= atOnce) continue
      idleFor = taken > 0 ? idleMs : Math.min(idleFor * 1.3, idleAtMostMs)
    } catch (cause) {
      if (signal.aborted) return
      log.warn({ err: cause, shard: shard.name }, "events could not be read; it is tried again")
      idleFor = idleAtMostMs
    }
    await sleep(idleFor, undefined, { signal }).catch(() => {})
  }
}

/** A service has one place in each outbox, so whatever follows the same one goes through it together, in the order written. */
function bySource(consumptions: readonly Consumption[]): Consumption[] {
  return [...Map.groupBy(consumptions, ({ from }) => from)].map(([from, all]) => {
    const types = new Set(all.flatMap(({ on }) => Object.keys(on)))
    const together = (type: string) => async (tx: Transaction, event: Event) => {
      for (const { on } of all) await on[type]?.(tx, event)
    }
    return { from, on: Object.fromEntries([...types].map((type) => [type, together(type)])) }
  })
}

/** From the first moment on it can be seen who follows whom, and how far. */
async function takePlaces(service: string, shard: PooledDatabase, consumptions: readonly Consumption[]): Promise<void> {
  const sources = consumptions.map(({ from }) => from)
  await shard.query(`INSERT INTO ${service}.inbox (source) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`, [sources])
}

/** One look at all outboxes that a service follows, which writes nothing: most looks find nothing. */
function anythingNewIn(service: string, consumptions: readonly Consumption[]): string {
  return consumptions
    .map(
      ({ from }) => `SELECT '${from}' AS source WHERE EXISTS (
        SELECT FROM ${from}.outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, position) > (
          coalesce((SELECT xid FROM ${service}.inbox WHERE source = '${from}'), '0'), coalesce((SELECT position FROM ${service}.inbox WHERE source = '${from}'), 0)))`,
    )
    .join("\nUNION ALL\n")
}

/** @returns how many events it passed; 0 also where another copy is at it. */
async function takeBatch({ service, shard, consumption, log }: Source): Promise<number> {
  const { from, on } = consumption
  return shard.transaction(undefined, async (reader) => {
    const [lock] = await reader.query("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine", [`${service}<${from}`])
    if (lock?.mine !== true) return 0
    const [place] = await reader.query(`SELECT xid::text, position FROM ${service}.inbox WHERE source = $1`, [from])
    const rows = await reader.query(
      `SELECT xid::text, position, shop_id, id, type, subject, occurred_at, data FROM ${from}.outbox
       WHERE (xid, position) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
       ORDER BY xid, position LIMIT ${atOnce}`,
      [place?.xid ?? "0", place?.position ?? 0],
    )
    for (const row of rows) {
      const event = eventOf(row)
      const apply = on[event.type]
      if (apply !== undefined) await applyGuarded({ service, from, reader, event, apply, log })
    }
    const last = rows.at(-1)
    if (last !== undefined) {
      await reader.query(`UPDATE ${service}.inbox SET xid = $2::xid8, position = $3, moved_at = now() WHERE source = $1`, [
        from,
        last.xid,
        last.position,
      ])
    }
    return rows.length
  })
}

interface Application {
  service: string
  from: string
  reader: Reader
  event: Event
  apply: Consumption["on"][string]
  log: FastifyBaseLogger
}

/** An event that cannot be applied is put aside with the reason and tried again later; it does not hold up the others. */
async function applyGuarded({ service, from, reader, event, apply, log }: Application): Promise<void> {
  await reader.query("SELECT set_config('florist.shop', $1, true)", [String(event.shop)])
  await reader.query("SAVEPOINT event")
  try {
    await openTransaction({ service, shop: event.shop, reader }, (tx) => apply(tx, event))
    await reader.query("RELEASE SAVEPOINT event")
  } catch (cause) {
    // Nothing is wrong with the event: the whole batch runs again.
    if (isRivalry(cause)) throw cause
    await reader.query("ROLLBACK TO SAVEPOINT event")
    const reason = cause instanceof Error ? cause.message : String(cause)
    log.error({ err: cause, from, event: event.id, type: event.type }, "an event could not be applied and was put aside")
    await reader.query(
      `INSERT INTO ${service}.stuck_event (id, source, shop_id, type, subject, occurred_at, data, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, tries = stuck_event.tries + 1, tried_at = now()`,
      [event.id, from, event.shop, event.type, event.subject, event.occurredAt, JSON.stringify(event.data), reason],
    )
  }
}

async function retryStuck({ service, shard, consumption, log }: Source): Promise<void> {
  const { from, on } = consumption
  await shard.transaction(undefined, async (reader) => {
    const rows = await reader.query(
      `SELECT id, type, shop_id, subject, occurred_at, data FROM ${service}.stuck_event
       WHERE source = $1 AND tried_at < now() - make_interval(secs => least(3600, 5 * power(2, tries))) ORDER BY occurred_at LIMIT 20 FOR UPDATE SKIP LOCKED`,
      [from],
    )
    for (const row of rows) {
      const event = eventOf(row)
      const apply = on[event.type]
      await reader.query("SELECT set_config('florist.shop', $1, true)", [String(event.shop)])
      await reader.query("SAVEPOINT event")
      try {
        if (apply !== undefined) await openTransaction({ service, shop: event.shop, reader }, (tx) => apply(tx, event))
        await reader.query(`DELETE FROM ${service}.stuck_event WHERE id = $1`, [event.id])
      } catch (cause) {
        if (isRivalry(cause)) throw cause
        await reader.query("ROLLBACK TO SAVEPOINT event")
        log.warn({ err: cause, event: event.id, type: event.type }, "an event that was put aside still cannot be applied")
        await reader.query(`UPDATE ${service}.stuck_event SET tries = tries + 1, tried_at = now(), reason = $2 WHERE id = $1`, [
          event.id,
          cause instanceof Error ? cause.message : String(cause),
        ])
      }
    }
  })
}

function eventOf(row: Row): Event {
  return {
    id: String(row.id),
    type: String(row.type),
    shop: Number(row.shop_id),
    subject: String(row.subject),
    occurredAt: row.occurred_at instanceof Date ? row.occurred_at : new Date(String(row.occurred_at)),
    data: row.data,
  }
}
