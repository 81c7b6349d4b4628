// The one place that gives tables to the edge: observes, makes the next table, applies it, one caller at a time.
// So the keeper and a step that want a new table at the same moment both get theirs.
import type { Edge, EdgeObservation, RoutingTable } from "../edge/edge.ts"

/** Gives the next table, or undefined where the one in use will do. */
export type TableChange = (now: RoutingTable | undefined, observed: EdgeObservation) => RoutingTable | undefined

export class Routing {
  readonly #edge: Edge
  #last: Promise<unknown> = Promise.resolve()

  constructor(edge: Edge) {
    this.#edge = edge
  }

  observe(signal: AbortSignal): Promise<EdgeObservation> {
    return this.#edge.observe(signal)
  }

  /** Resolves with the table in use, acknowledged by every edge. */
  change(make: TableChange, signal: AbortSignal): Promise<RoutingTable | undefined> {
    const turn = this.#last.then(() => this.#change(make, signal))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #change(make: TableChange, signal: AbortSignal): Promise<RoutingTable | undefined> {
    const observed = await this.#edge.observe(signal)
    const next = make(observed.table, observed)
    if (next === undefined || next === observed.table) return observed.table
    await this.#edge.apply(next, signal)
    return next
  }
}
