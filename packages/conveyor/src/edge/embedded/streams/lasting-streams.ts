// WebSockets and event streams: they live across generations until their version's deadline, or until the version leaves
// the table, and are then closed with a reason. Called by the exchange and the tunnel; told of each new table.
import type { Clock } from "../../../kernel/time/clock.ts"
import type { RoutingTable } from "../../edge.ts"

export type EndStream = (reason: string) => void

// Node's timers overflow beyond 2^31 ms; a deadline further away is looked at again.
const longestSleepMs = 86_400_000

export class LastingStreams {
  #streams = new Map<string, Set<EndStream>>()
  #deadlines = new Map<string, AbortController>()
  #clock: Clock
  #table: RoutingTable | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives the function that takes the stream off again. */
  add(version: string, end: EndStream): () => void {
    const streams = this.#streams.get(version) ?? new Set()
    streams.add(end)
    this.#streams.set(version, streams)
    this.#watch(version)
    return () => streams.delete(end)
  }

  follow(table: RoutingTable): void {
    this.#table = table
    for (const version of this.#streams.keys()) this.#watch(version)
  }

  endAll(reason: string): void {
    for (const version of this.#streams.keys()) this.#end(version, reason)
  }

  #watch(version: string): void {
    this.#deadlines.get(version)?.abort()
    const deadline = this.#deadlineOf(version)
    if (deadline === undefined) return
    const watching = new AbortController()
    this.#deadlines.set(version, watching)
    void this.#endAt(version, deadline, watching.signal).catch(() => "a newer table set another deadline")
  }

  #deadlineOf(version: string): number | undefined {
    if (this.#table === undefined || this.#table.current === version) return undefined
    const routed = this.#table.versions[version]
    return routed === undefined ? this.#clock.now() : routed.notice?.reloadBy
  }

  async #endAt(version: string, deadline: number, signal: AbortSignal): Promise<void> {
    for (let left = deadline - this.#clock.now(); left > 0; left = deadline - this.#clock.now()) {
      await this.#clock.sleep(Math.min(left, longestSleepMs), signal)
    }
    signal.throwIfAborted()
    this.#end(version, `version ${version} is retired`)
  }

  #end(version: string, reason: string): void {
    const streams = this.#streams.get(version) ?? new Set()
    this.#streams.delete(version)
    for (const end of streams) end(reason)
  }
}
