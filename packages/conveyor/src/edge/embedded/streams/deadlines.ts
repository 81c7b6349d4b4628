// When what is under way at a version is cut off: its pages have reloaded by then, or it has left the table. Told of each
// new table; asked by the connections of clients.
import type { RoutingTable } from "../../edge.ts"

export class Deadlines {
  #now: () => number
  #graceMs: number
  #table: RoutingTable | undefined
  /** When versions that the table does not name left it, in ms; those that it never named are taken for gone when they are asked for. */
  #leftAt = new Map<string, number>()

  constructor(now: () => number, graceMs: number) {
    this.#now = now
    this.#graceMs = graceMs
  }

  follow(table: RoutingTable): void {
    for (const version of Object.keys(this.#table?.versions ?? {})) {
      if (!Object.hasOwn(table.versions, version)) this.#leftAt.set(version, this.#now())
    }
    for (const version of Object.keys(table.versions)) this.#leftAt.delete(version)
    this.#table = table
  }

  /** In ms since the Unix epoch; undefined while nothing ends the version. */
  of(version: string): number | undefined {
    if (this.#table === undefined || version === this.#table.current) return undefined
    const routed = Object.hasOwn(this.#table.versions, version) ? this.#table.versions[version] : undefined
    if (routed !== undefined) return routed.notice === undefined ? undefined : routed.notice.reloadBy + this.#graceMs
    const leftAt = this.#leftAt.get(version) ?? this.#now()
    this.#leftAt.set(version, leftAt)
    return leftAt + this.#graceMs
  }
}
