// Waits until every service has followed every event of every other one, so that figures are whole. Called after a season and by the end-to-end tests.
import { setTimeout as sleep } from "node:timers/promises"
import pg from "pg"
import type { Shard } from "./schema.ts"
import { followings } from "./followings.ts"
import type { Following } from "./followings.ts"
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

function behindSql(followings: readonly Following[]): string {
  const places = followings.map(
    ({ service, from }) => `SELECT '${service} < ${from}' AS who, count(*)::int AS events FROM ${from}.outbox WHERE (xid, position) > (
      coalesce((SELECT xid FROM ${service}.inbox WHERE source = '${from}'), '0'), coalesce((SELECT position FROM ${service}.inbox WHERE source = '${from}'), 0))`,
  )
  return `SELECT who, events FROM (${places.join(" UNION ALL ")}) places WHERE events > 0`
}
const stuckSql = serviceNames.map((service) => `SELECT '${service}: ' || type || ': ' || reason AS what FROM ${service}.stuck_event`)

async function whoIsBehind({ name, url }: Shard): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const stuck = await client.query<{ what: string }>(stuckSql.join(" UNION ALL "))
    if (stuck.rows.length > 0) throw new Error(`Events could not be applied on ${name}:\n${stuck.rows.map(({ what }) => what).join("\n")}`)
    const { rows } = await client.query<{ who: string; events: number }>(behindSql(await followings()))
    return rows.map(({ who, events }) => `${who} on ${name} by ${events} events`)
  } finally {
    await client.end()
  }
}
