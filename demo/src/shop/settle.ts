// Waits until every service has followed every event of every other one, so that figures are whole. Called after a season and by the end-to-end tests.
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import type { Shard } from "./schema.ts"
import { serviceNames } from "./services.ts"

export interface Settling {
  signal?: AbortSignal
  withinMs?: number
}

/** @throws Error that names who is behind whom, or which events could not be applied. */
export async function settle(shards: readonly Shard[], { signal, withinMs = 60_000 }: Settling = {}): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  for (;;) {
    const behind = (await Promise.all(shards.map(whoIsBehind))).flat()
    if (behind.length === 0) return
    if (Date.now() > giveUpAt) throw new Error(`Not everything was followed within ${withinMs / 1_000} s: ${behind.join(", ")}`)
    await sleep(50, undefined, { signal })
  }
}

/** A service's places in the outboxes it follows are in its inbox from its first second on. */
const behindSql = serviceNames.map((service) => {
  const cases = serviceNames.map(
    (from) => `WHEN '${from}' THEN (SELECT count(*) FROM ${from}.outbox WHERE (xid, position) > (i.xid, i.position))`,
  )
  return `SELECT '${service} < ' || source AS who, CASE source ${cases.join(" ")} END AS events FROM ${service}.inbox i`
})
const stuckSql = serviceNames.map((service) => `SELECT '${service}: ' || type || ': ' || reason AS what FROM ${service}.stuck_event`)

async function whoIsBehind({ name, url }: Shard): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const stuck = await client.query<{ what: string }>(stuckSql.join(" UNION ALL "))
    if (stuck.rows.length > 0) throw new Error(`Events could not be applied on ${name}:\n${stuck.rows.map(({ what }) => what).join("\n")}`)
    const { rows } = await client.query<{ who: string; events: number }>(
      `SELECT who, events::int FROM (${behindSql.join(" UNION ALL ")}) places WHERE events > 0`,
    )
    return rows.map(({ who, events }) => `${who} on ${name} by ${events} events`)
  } finally {
    await client.end()
  }
}
