// What users got, minute by minute, over restarts: what a budget is judged by. Written and read by the checks of users.
import type { DatabaseSync } from "node:sqlite"
import { longestWindowMs } from "../judgement/burn-rate.ts"
import type { Traffic as Sample } from "../judgement/burn-rate.ts"

const everyMs = 60_000

export class Traffic {
  readonly #database: DatabaseSync
  #history: Sample[]

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#history = database
      .prepare("SELECT * FROM traffic ORDER BY at")
      .all()
      .map((row) => ({ at: Number(row["at"]), requests: Number(row["requests"]), failed: Number(row["failed"]) }))
  }

  /** Oldest first. */
  get history(): readonly Sample[] {
    return this.#history
  }

  /** Once a minute one is kept; what is older than any window goes. */
  see(now: Sample): void {
    const last = this.#history.at(-1)
    // Fewer than before: whoever counts has begun anew, or the clock was set back. What was before says nothing any more.
    if (last !== undefined && (now.requests < last.requests || now.failed < last.failed || now.at < last.at)) this.#forget(Infinity)
    else if (last !== undefined && now.at - last.at < everyMs) return
    this.#database.prepare("INSERT OR REPLACE INTO traffic (at, requests, failed) VALUES (?, ?, ?)").run(now.at, now.requests, now.failed)
    this.#history.push(now)
    this.#forget(now.at - longestWindowMs - everyMs)
  }

  #forget(before: number): void {
    if ((this.#history[0]?.at ?? Infinity) >= before) return
    this.#history = this.#history.filter(({ at }) => at >= before)
    this.#database.prepare("DELETE FROM traffic WHERE at < ?").run(Number.isFinite(before) ? before : Number.MAX_SAFE_INTEGER)
  }
}
