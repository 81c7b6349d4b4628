// The one place that gives tables to the edge: observes, makes the next table, applies it, one caller at a time.
// So the keeper and a step that want a new table at the same moment both get theirs.
import type { Edge, EdgeObservation, RoutingTable } from "../edge/edge.ts"
import type { Clock } from "../kernel/clock.ts"
import { seconds } from "../kernel/duration.ts"
import { ConveyorError } from "../kernel/errors.ts"
import { retry } from "../kernel/retry.ts"

/** Gives the next table, or undefined where the one in use will do. */
export type TableChange = (now: RoutingTable | undefined, observed: EdgeObservation) => RoutingTable | undefined

/** In all about 15 s: longer than the control plane needs to start a dead edge again. */
const patience = { attempts: 20, firstPauseMs: 200, longestPauseMs: seconds(1.5) }

export class Routing {
  readonly #edge: Edge
  readonly #clock: Clock
  #last: Promise<unknown> = Promise.resolve()

  constructor(edge: Edge, clock: Clock) {
    this.#edge = edge
    this.#clock = clock
  }

  observe(signal: AbortSignal): Promise<EdgeObservation> {
    return this.#patiently(() => this.#edge.observe(signal), signal)
  }

  /** Resolves with the table in use, acknowledged by every edge. */
  change(make: TableChange, signal: AbortSignal): Promise<RoutingTable | undefined> {
    const turn = this.#last.then(() => this.#change(make, signal))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #change(make: TableChange, signal: AbortSignal): Promise<RoutingTable | undefined> {
    const observed = await this.observe(signal)
    const next = make(observed.table, observed)
    if (next === undefined || next === observed.table) return observed.table
    await this.#patiently(() => this.#edge.apply(next, signal), signal)
    return next
  }

  /** An edge that is being started again is waited for; applying the same table twice is the same as once. */
  #patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return retry(work, {
      ...patience,
      clock: this.#clock,
      signal,
      isTransient: (thrown) => thrown instanceof ConveyorError && thrown.code === "edge-unreachable",
    })
  }
}
