// Takes away what has served its time: events that everybody has read long ago, and answers kept for repeated requests. Started by `serve`.
import { setTimeout as sleep } from "node:timers/promises"
import type { FastifyBaseLogger } from "fastify"
import type { PooledDatabase } from "./database.ts"
import type { Fleet } from "./fleet.ts"

export interface PruneOptions {
  service: string
  fleet: Fleet
  log: FastifyBaseLogger
}

const everyMs = 10 * 60_000
const atOnce = 5_000
/** A follower that is further behind than this has to be rebuilt by its own means. */
const eventsKeptFor = "14 days"
/** Long enough for a register that was offline over the holidays. */
const answersKeptFor = "30 days"

/** Until the signal ends it. */
export async function prune({ service, fleet, log }: PruneOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => {})
    if (signal.aborted) return
    try {
      for (const shard of await fleet.shards()) await pruneShard(service, shard, signal)
    } catch (cause) {
      log.warn({ err: cause }, "old events and answers could not be taken away; it is tried again")
    }
  }
}

/** Small bites, so that nothing waits for it. */
export async function pruneShard(service: string, shard: PooledDatabase, signal: AbortSignal): Promise<void> {
  const bites = [
    // The oldest stand first, so that a look at those is enough.
    `DELETE FROM ${service}.outbox WHERE (xid, position) IN (
       SELECT xid, position FROM (SELECT xid, position, created_at FROM ${service}.outbox ORDER BY xid, position LIMIT ${atOnce}) oldest
       WHERE created_at < now() - interval '${eventsKeptFor}') RETURNING 1`,
    // Answers belong to shops, and this work to none: the function may, for the service's own.
    `SELECT FROM florist.forget_answers('${service}', interval '${answersKeptFor}', ${atOnce})`,
  ]
  for (const bite of bites) {
    while (!signal.aborted && (await shard.query(bite)).length === atOnce);
  }
}
