// What went wrong with requests, in the log: the first of each kind in a second, with how many were left out since. A copy that
// is down fails thousands of requests a second, and writing each of them down would make it worse. Called by the exchange and
// the upgrade for copies, by the proxy for what the edge itself cut off.
import type { Facts } from "../../../kernel/errors/errors.ts"
import type { Logger } from "../../../kernel/logger.ts"

const quietMs = 1_000
const kindsKept = 1_000

export class FailureLog {
  #log: Logger
  #now: () => number
  #kinds = new Map<string, { loggedAt: number; leftOut: number }>()

  constructor(log: Logger, now: () => number) {
    this.#log = log
    this.#now = now
  }

  note(kind: string, facts: Facts, what = "a copy did not answer"): void {
    const known = this.#kinds.get(kind)
    if (known !== undefined && this.#now() - known.loggedAt < quietMs) {
      known.leftOut++
      return
    }
    if (this.#kinds.size >= kindsKept) this.#kinds.clear()
    this.#kinds.set(kind, { loggedAt: this.#now(), leftOut: 0 })
    this.#log.warn({ ...facts, ...(known !== undefined && known.leftOut > 0 ? { leftOut: known.leftOut } : {}) }, what)
  }
}
