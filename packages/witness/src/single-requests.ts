// Single requests from many independent clients, sent when they are due, whatever became of the ones before. Called by `runWitness`.
import { performance } from "node:perf_hooks"
import { dueTimes, followSchedule } from "./arrivals.ts"
import type { Schedule } from "./arrivals.ts"
import { ask } from "./ask.ts"
import { requestName } from "./run.ts"
import type { Run } from "./run.ts"
import type { WeightedRequest } from "./scenario.ts"
import { Pool } from "./wire/pool.ts"

export interface SingleRequestOptions {
  requests: readonly WeightedRequest[]
  schedule: Schedule
  /** More than this under way at once cannot be sent, and fails as timed out. */
  maxOutstanding: number
}

/** As many clients as requests a second, so that each asks about once a second and connections do stand idle; at least so many. */
const fewestClients = 50

export class SingleRequests {
  readonly #run: Run
  readonly #options: SingleRequestOptions
  readonly #clients: readonly Pool[]
  readonly #outstanding = new Set<Promise<unknown>>()

  constructor(run: Run, options: SingleRequestOptions) {
    this.#run = run
    this.#options = options
    const clients = Math.max(fewestClients, Math.round(options.schedule.ratePerSecond))
    this.#clients = Array.from({ length: clients }, () => new Pool(run.target, run.tally.recordUnasked))
  }

  /** Resolves when the last request has been sent. */
  async follow(): Promise<void> {
    const { chance, ending } = this.#run
    await followSchedule(dueTimes(this.#options.schedule, chance), (dueAt) => this.#arrive(dueAt), ending)
  }

  /** Resolves when everything that was sent has its outcome. */
  async finish(): Promise<void> {
    await Promise.all(this.#outstanding)
  }

  /** Gives up what is under way, each request as timed out. */
  close(): void {
    for (const client of this.#clients) client.close()
  }

  #arrive(dueAt: number): void {
    const { tally, chance, timeoutMs } = this.#run
    tally.recordOwnDelay(performance.now() - dueAt)
    const spec = chance.weighted(this.#options.requests).make(chance)
    // It waits in vain as long as any other, or being unable to send would flatter the latencies.
    if (this.#outstanding.size >= this.#options.maxOutstanding) {
      const detail = `not sent: ${this.#outstanding.size} requests were under way`
      tally.record({ request: requestName(spec), version: undefined, latencyMs: timeoutMs, failure: { kind: "timeout", detail } })
      return
    }
    const sent = ask(this.#run, spec, { pool: chance.pick(this.#clients), dueAt }).finally(() => this.#outstanding.delete(sent))
    this.#outstanding.add(sent)
  }
}
