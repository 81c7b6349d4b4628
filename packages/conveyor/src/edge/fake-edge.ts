// An edge without a network, for tests of what stands on the port: it keeps the tables it was given and reports
// the loads a test gives it. It passes the same port-level contract as the real ones.
import type { Edge, EdgeObservation, RoutingTable, VersionLoad } from "./edge.ts"
import { latencyBoundsMs } from "./edge.ts"
import { admit, parseRoutingTable } from "./table.ts"

export class FakeEdge implements Edge {
  /** Every table taken into use, in order. */
  readonly applied: RoutingTable[] = []
  #loads = new Map<string, VersionLoad>()
  #failures: Error[] = []

  get table(): RoutingTable | undefined {
    return this.applied.at(-1)
  }

  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    this.#act(signal)
    const offered = parseRoutingTable(structuredClone(table))
    if (admit(this.table, offered) === "new") this.applied.push(offered)
  }

  async observe(signal: AbortSignal): Promise<EdgeObservation> {
    this.#act(signal)
    const names = new Set([...Object.keys(this.table?.versions ?? {}), ...this.#loads.keys()])
    return { table: this.table, versions: Object.fromEntries([...names].map((name) => [name, this.#loads.get(name) ?? noLoad])) }
  }

  /** What `observe` says of a version from now on; what is left out stays as it was. */
  setLoad(version: string, change: Omit<Partial<VersionLoad>, "counters"> & { counters?: Partial<VersionLoad["counters"]> }): void {
    const before = this.#loads.get(version) ?? noLoad
    this.#loads.set(version, { ...before, ...change, counters: { ...before.counters, ...change.counters } })
  }

  /** The next call, of either method, throws this; calls of this method queue up. */
  failNext(failure: Error): void {
    this.#failures.push(failure)
  }

  #act(signal: AbortSignal): void {
    signal.throwIfAborted()
    const failure = this.#failures.shift()
    if (failure !== undefined) throw failure
  }
}

const noLoad: VersionLoad = {
  inFlight: 0,
  pages: 0,
  pagesTold: 0,
  pagesReloaded: 0,
  counters: { requests: 0, serverErrors: 0, unreachable: 0, rescued: 0, latency: [...latencyBoundsMs.map(() => 0), 0] },
}
