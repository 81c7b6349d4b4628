// An edge without a network, for tests of what stands on the port: it keeps the tables it was given and reports
// the loads a test gives it. It passes the same port-level contract as the real ones.
import type {
  Certificate,
  Comparison,
  EdgeCapability,
  EdgeMember,
  RoutingTable,
  VersionCounters,
  VersionPages,
  VersionTraffic,
} from "./edge.ts"
import { latencyBoundsMs, noCounters } from "./edge.ts"
import { admit, parseRoutingTable } from "./table.ts"

export interface FakeLoad {
  inFlight: number
  counters: Partial<VersionCounters>
  pages: Partial<VersionPages>
}

export class FakeEdge implements EdgeMember {
  readonly name: string
  /** Every table taken into use, in order. */
  readonly applied: RoutingTable[] = []
  readonly #capabilities: readonly EdgeCapability[]
  #traffic = new Map<string, VersionTraffic>()
  #pages = new Map<string, VersionPages>()
  #comparison: Comparison | undefined
  #failures: Error[] = []
  #deaf = false

  constructor(name = "edge", capabilities: readonly EdgeCapability[] = ["rescue", "pages", "compare"]) {
    this.name = name
    this.#capabilities = capabilities
  }

  get inUse(): RoutingTable | undefined {
    return this.applied.at(-1)
  }

  async capabilities(signal: AbortSignal): Promise<readonly EdgeCapability[]> {
    await this.#act(signal)
    return this.#capabilities
  }

  async apply(table: RoutingTable, signal: AbortSignal): Promise<void> {
    await this.#act(signal)
    const offered = parseRoutingTable(structuredClone(table))
    if (admit(this.inUse, offered) === "new") this.applied.push(offered)
  }

  async table(signal: AbortSignal): Promise<RoutingTable | undefined> {
    await this.#act(signal)
    return this.inUse
  }

  async traffic(signal: AbortSignal): Promise<Record<string, VersionTraffic>> {
    await this.#act(signal)
    return this.#ofEach(this.#traffic, noTraffic)
  }

  async pages(signal: AbortSignal): Promise<Record<string, VersionPages>> {
    await this.#act(signal)
    return this.#ofEach(this.#pages, noPages)
  }

  async comparison(signal: AbortSignal): Promise<Comparison | undefined> {
    await this.#act(signal)
    const compare = this.inUse?.compare
    if (compare === undefined) return undefined
    const isSaid = this.#comparison?.newer === compare.newer && this.#comparison.older === compare.older
    return isSaid ? this.#comparison : { ...compare, cells: [], before: {} }
  }

  async certificates(_how: "as-they-are" | "read-anew", signal: AbortSignal): Promise<readonly Certificate[]> {
    await this.#act(signal)
    return []
  }

  /** What is said of these two versions from now on, while the table compares them. */
  setComparison(comparison: Comparison): void {
    this.#comparison = comparison
  }

  /** What is said of a version from now on; what is left out stays as it was. */
  setLoad(version: string, { inFlight, counters, pages }: Partial<FakeLoad>): void {
    const before = this.#traffic.get(version) ?? noTraffic
    this.#traffic.set(version, { inFlight: inFlight ?? before.inFlight, counters: { ...before.counters, ...counters } })
    this.#pages.set(version, { ...(this.#pages.get(version) ?? noPages), ...pages })
  }

  /** The next call, of whichever method, throws this; calls of this method queue up. */
  failNext(failure: Error): void {
    this.#failures.push(failure)
  }

  /** From now on every call hangs until its signal is aborted, as with a process that was stopped. */
  goDeaf(): void {
    this.#deaf = true
  }

  async #act(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const failure = this.#failures.shift()
    if (failure !== undefined) throw failure
    if (this.#deaf) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }))
  }

  #ofEach<T>(known: ReadonlyMap<string, T>, none: T): Record<string, T> {
    const names = new Set([...Object.keys(this.inUse?.versions ?? {}), ...known.keys()])
    return Object.fromEntries([...names].map((name) => [name, known.get(name) ?? none]))
  }
}

const noPages: VersionPages = { open: 0, told: 0, reloaded: 0 }
const noTraffic: VersionTraffic = {
  inFlight: 0,
  counters: { ...noCounters, latency: [...latencyBoundsMs.map(() => 0), 0] },
}
