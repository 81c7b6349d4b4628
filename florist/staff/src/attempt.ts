// Limits guessing, and locks nobody out. Attempts that failed are counted for a user name from one address (a guesser waits longer each time), for the address (whoever
// tries many names is slowed down), and for the name (whoever has many addresses is). A name that has signed in from an address before is held back by the first
// alone, so that nobody elsewhere, and no neighbour behind the same address, can shut it out. Counted before the password is looked at, so that many at once gain
// nothing; forgiven with time. Kept on the shard of the user's shop (for a name that nobody has, on one that the name chooses), for no shop: shop 0. Called by sign-in.
import type { PooledDatabase, Reader } from "@florist/kit/database"
import type { Fleet } from "@florist/kit/fleet"

export interface Limit {
  /** Failures that cost nothing. */
  free: number
  firstWaitMs: number
  longestWaitMs: number
  /** One failure is forgiven each time that so long has passed since the last. */
  forgivesEveryMs: number
}

export const limits = {
  pair: { free: 5, firstWaitMs: 1_000, longestWaitMs: 15 * 60_000, forgivesEveryMs: 20 * 60_000 },
  address: { free: 60, firstWaitMs: 2_000, longestWaitMs: 2_000, forgivesEveryMs: 2_000 },
  username: { free: 100, firstWaitMs: 30_000, longestWaitMs: 30_000, forgivesEveryMs: 30_000 },
} as const satisfies Record<string, Limit>

/** How long the next attempt has to wait after so many failures: 0, then doubling up to the longest. */
export function waitAfter(failures: number, { free, firstWaitMs, longestWaitMs }: Limit): number {
  return failures <= free ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures - free - 1, 30))
}

/** Failures that still count, so long after the last of them. */
export function leftAfter(failures: number, passedMs: number, { forgivesEveryMs }: Limit): number {
  return Math.max(0, failures - Math.floor(Math.max(0, passedMs) / forgivesEveryMs))
}

/** Failures are swept away after a day without any; that a name was here, after so long without coming. */
const sweptAfterMs = 86_400_000
const knownForMs = 90 * 86_400_000
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
      const known = await isKnown(reader, attempt)
      // Always in the same order, so that two attempts cannot wait for each other. What has to wait counts no further.
      for (const { subject, limit } of known ? [pairOf(attempt)] : subjectsOf(attempt)) {
        const wait = await count(reader, subject, limit, now)
        if (wait > 0) return wait
      }
      return 0
    })
  }

  async succeeded(attempt: Attempt): Promise<void> {
    const shard = await this.#shardFor(attempt)
    const { now } = attempt
    await shard.transaction(nobodysShop, async (reader) => {
      const known = await isKnown(reader, attempt)
      for (const { subject } of known ? [] : [addressOf(attempt), usernameOf(attempt)]) {
        await reader.query(
          "UPDATE staff.sign_in_attempt SET failures = greatest(failures - 1, 0), blocked_until = last_at WHERE shop_id = 0 AND subject = $1",
          [subject],
        )
      }
      await reader.query("DELETE FROM staff.sign_in_attempt WHERE shop_id = 0 AND subject = $1", [pairOf(attempt).subject])
      await reader.query(
        `INSERT INTO staff.sign_in_attempt (shop_id, subject, failures, last_at, blocked_until) VALUES (0, $1, 0, $2, $2)
         ON CONFLICT (shop_id, subject) DO UPDATE SET last_at = excluded.last_at`,
        [knownAs(attempt), now],
      )
      await reader.query(
        "DELETE FROM staff.sign_in_attempt WHERE shop_id = 0 AND last_at < $2 AND (last_at < $1 OR subject NOT LIKE 'known %')",
        [new Date(now.getTime() - knownForMs), new Date(now.getTime() - sweptAfterMs)],
      )
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

interface Subject {
  subject: string
  limit: Limit
}

const pairOf = ({ username, address }: Attempt): Subject => ({ subject: `pair ${username} ${address}`, limit: limits.pair })
const addressOf = ({ address }: Attempt): Subject => ({ subject: `address ${address}`, limit: limits.address })
const usernameOf = ({ username }: Attempt): Subject => ({ subject: `username ${username}`, limit: limits.username })
const subjectsOf = (attempt: Attempt) => [addressOf(attempt), pairOf(attempt), usernameOf(attempt)]
const knownAs = ({ username, address }: Attempt) => `known ${username} ${address}`

async function isKnown(reader: Reader, attempt: Attempt): Promise<boolean> {
  const [row] = await reader.query("SELECT last_at FROM staff.sign_in_attempt WHERE shop_id = 0 AND subject = $1", [knownAs(attempt)])
  return row?.last_at instanceof Date && row.last_at.getTime() > attempt.now.getTime() - knownForMs
}

async function count(reader: Reader, subject: string, limit: Limit, now: Date): Promise<number> {
  const [row] = await reader.query(
    `INSERT INTO staff.sign_in_attempt AS kept (shop_id, subject, failures, last_at, blocked_until) VALUES (0, $1, 0, $2, $2)
     ON CONFLICT (shop_id, subject) DO UPDATE SET failures = kept.failures
     RETURNING failures, last_at, blocked_until`,
    [subject, now],
  )
  const at = (moment: unknown) => (moment instanceof Date ? moment.getTime() : 0)
  const failures = leftAfter(Number(row?.failures ?? 0), now.getTime() - at(row?.last_at), limit)
  // Of many at once one may be counted that began earlier: what costs nothing makes nobody wait.
  const wait = waitAfter(failures, limit) === 0 ? 0 : at(row?.blocked_until) - now.getTime()
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
