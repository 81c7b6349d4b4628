// The one place that gives tables to the edge: observes, makes the next table, numbers it, applies it, one caller at a
// time. So the keeper and a step that want a new table at the same moment both get theirs.
import type { EdgeCapability, EdgeRouting, RoutingObservation, RoutingTable } from "../../edge/edge.ts"

/** Gives the next table, or the one in use (or undefined, where there is none) where that will do. */
export type TableChange = (now: RoutingTable | undefined) => RoutingTable | undefined

export class Routing {
  readonly #edge: EdgeRouting
  readonly #epoch: number
  #last: Promise<unknown> = Promise.resolve()

  /** `epoch` is the fence of this control plane. */
  constructor(edge: EdgeRouting, epoch: number) {
    this.#edge = edge
    this.#epoch = epoch
  }

  capabilities(signal: AbortSignal): Promise<readonly EdgeCapability[]> {
    return this.#edge.capabilities(signal)
  }

  observe(signal: AbortSignal): Promise<RoutingObservation> {
    return this.#edge.observe(signal)
  }

  /** Resolves with the table in use, acknowledged by every edge. */
  change(make: TableChange, signal: AbortSignal): Promise<RoutingTable | undefined> {
    const turn = this.#last.then(() => this.#change(make, signal))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #change(make: TableChange, signal: AbortSignal): Promise<RoutingTable | undefined> {
    const { table, members } = await this.#edge.observe(signal)
    const made = make(table)
    if (made === undefined) return table
    const isOurs = made === table && table.epoch === this.#epoch
    if (isOurs && members.every(({ state }) => state === "in-use")) return table
    // A table of the control plane before is made ours, even unchanged: from then on nothing that one still sends is taken.
    const next = isOurs ? table : { ...made, epoch: this.#epoch, generation: (table?.generation ?? 0) + 1 }
    await this.#edge.apply(next, signal)
    return next
  }
}
