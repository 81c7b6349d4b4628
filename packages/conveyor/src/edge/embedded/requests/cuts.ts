// Requests that the edge itself cut off: counted by version, and told in the log as what they are, those of one moment together.
// Told by the connections of clients, and by the edge process at its end.
import type { Logger } from "../../../kernel/logger.ts"
import type { Counters } from "../counting/counters.ts"
import type { FailureLog } from "./failure-log.ts"

export class Cuts {
  #counters: Counters
  #failures: FailureLog
  #log: Logger
  #untold = new Map<string, number>()

  constructor(counters: Counters, failures: FailureLog, log: Logger) {
    this.#counters = counters
    this.#failures = failures
    this.#log = log
  }

  /** Its pages have reloaded, or it has left the table: nothing of it is waited for any longer. */
  atDeadline(version: string): void {
    this.#counters.cut(version, 1)
    if (this.#untold.size === 0) setImmediate(() => this.#tell())
    this.#untold.set(version, (this.#untold.get(version) ?? 0) + 1)
  }

  /** Its client took nothing of what waits for it. That says nothing of the version. */
  stalled(version: string | undefined, stalledMs: number): void {
    this.#failures.note("a client stalled", { version, stalledMs }, "a client that took nothing of its answer was cut off")
  }

  /** Its connection cost more than its requests are worth. */
  flooded(address: string, why: string): void {
    this.#failures.note(`flooded ${why}`, { address, why }, "a client's connection was ended, since it cost too much beside its requests")
  }

  /** The edge ends, and they have not. */
  atEnd(inFlight: ReadonlyMap<string, number>): void {
    for (const [version, requests] of inFlight) {
      this.#counters.cut(version, requests)
      this.#log.warn({ version, requests }, "the edge ended before these requests did, and cut them off")
    }
  }

  #tell(): void {
    for (const [version, requests] of this.#untold) {
      this.#log.warn({ version, requests }, "requests were cut off: by now nothing of their version is waited for")
    }
    this.#untold.clear()
  }
}
