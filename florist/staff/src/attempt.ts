// Limits guessing: for each user name and each address (on each shard) the attempts that failed one after another are counted, and the next one has to wait, longer each
// time. Counted before the password is looked at, so that many at once gain nothing. Kept on the shard of the user's shop (for a name that nobody has, on
// one that the name chooses), for no shop: shop 0. Called by sign-in.
import type { PooledDatabase, Reader } from "@florist/kit/database"
import type { Fleet } from "@florist/kit/fleet"

export interface Limit {
  /** Failures that cost nothing. */
  free: number
  firstWaitMs: number
  longestWaitMs: number
}

export const limits = {
  username: { free: 5, firstWaitMs: 1_000, longestWaitMs: 15 * 60_000 },
  address: { free: 20, firstWaitMs: 1_000, longestWaitMs: 15 * 60_000 },
} as const satisfies Record<string, Limit>

/** How long the next attempt has to wait after so many failures: 0, then doubling up to the longest. */
export function waitAfter(failures: number, { free, firstWaitMs, longestWaitMs }: Limit): number {
  return failures <= free ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures - free - 1, 30))
}

/** Failures are forgotten after a day without any. */
const forgottenAfterMs = 86_400_000
const shardsFreshForMs = 60_000
const nobodysShop = 0

export interface Attempt {
  username: string
  address: string
  /** The shard of the user's shop; undefined for a name that nobody has. */
  shard: string | undefined
  now: Date
}

export class Attempts {
  readonly #fleet: Fleet
  #shards: { all: readonly PooledDatabase[]; until: number } | undefined

  constructor(fleet: Fleet) {
    this.#fleet = fleet
  }

  /** Counts it as failed until `succeeded` says otherwise. @returns how long to wait where it may not be tried now, else 0. */
  async begin(attempt: Attempt): Promise<number> {
    const { now } = attempt
    const shard = await this.#shardFor(attempt)
    return shard.transaction(nobodysShop, async (reader) => {
      // Always in the same order, so that two attempts cannot wait for each other. An address that has to wait makes no user name wait.
      for (const { subject, limit } of subjectsOf(attempt)) {
        const wait = await count(reader, subject, limit, now)
        if (wait > 0) return wait
      }
      return 0
    })
  }

  async succeeded(attempt: Attempt): Promise<void> {
    const shard = await this.#shardFor(attempt)
    await shard.transaction(nobodysShop, async (reader) => {
      await reader.query("DELETE FROM staff.sign_in_attempt WHERE shop_id = 0 AND subject = $1", [`username ${attempt.username}`])
      await reader.query(
        "UPDATE staff.sign_in_attempt SET failures = greatest(failures - 1, 0), blocked_until = last_at WHERE shop_id = 0 AND subject = $1",
        [`address ${attempt.address}`],
      )
      await reader.query("DELETE FROM staff.sign_in_attempt WHERE shop_id = 0 AND last_at < $1", [
        new Date(attempt.now.getTime() - forgottenAfterMs),
      ])
    })
  }

  async #shardFor({ username, shard, now }: Attempt): Promise<PooledDatabase> {
    if (this.#shards === undefined || this.#shards.until < now.getTime()) {
      this.#shards = { all: await this.#fleet.shards(), until: now.getTime() + shardsFreshForMs }
    }
    const { all } = this.#shards
    const chosen = all.find(({ name }) => name === `Shard ${shard ?? ""}`) ?? all[placeOf(username, all.length)]
    if (chosen === undefined) throw new Error("No shard keeps a shop yet, so nobody can sign in.")
    return chosen
  }
}

const subjectsOf = ({ username, address }: Attempt) => [
  { subject: `address ${address}`, limit: limits.address },
  { subject: `username ${username}`, limit: limits.username },
]

async function count(reader: Reader, subject: string, limit: Limit, now: Date): Promise<number> {
  const [row] = await reader.query(
    `INSERT INTO staff.sign_in_attempt AS kept (shop_id, subject, failures, last_at, blocked_until) VALUES (0, $1, 0, $2, $2)
     ON CONFLICT (shop_id, subject) DO UPDATE SET failures = CASE WHEN kept.last_at < $3 THEN 0 ELSE kept.failures END
     RETURNING failures, blocked_until`,
    [subject, now, new Date(now.getTime() - forgottenAfterMs)],
  )
  const failures = Number(row?.failures ?? 0)
  const blocked = row?.blocked_until instanceof Date ? row.blocked_until.getTime() : 0
  // Of many at once one may be counted that began earlier: what costs nothing makes nobody wait.
  const wait = waitAfter(failures, limit) === 0 ? 0 : blocked - now.getTime()
  if (wait > 0) return wait
  const blockedUntil = new Date(now.getTime() + waitAfter(failures + 1, limit))
  await reader.query(
    "UPDATE staff.sign_in_attempt SET failures = $2, last_at = $3, blocked_until = $4 WHERE shop_id = 0 AND subject = $1",
    [subject, failures + 1, now, blockedUntil],
  )
  return 0
}

function placeOf(text: string, places: number): number {
  let sum = 0
  for (const letter of text) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003
  return sum % Math.max(places, 1)
}
