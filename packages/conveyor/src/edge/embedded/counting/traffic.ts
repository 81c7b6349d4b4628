// The table in use and everything that is under way by it. A request's version and copy are picked, and the request is
// counted, in one synchronous call: nothing new can land on a version between "not routed" and "nothing in flight".
import type { RoutedVersion, RoutingTable, Target } from "../../edge.ts"
import { nameOfRoute, Routes } from "../../routes.ts"
import { Health } from "./health.ts"
import type { HealthChange, Heard } from "./health.ts"

export interface Claim {
  version: string
  /** The route that took the request, by its host (where it has one) and its prefix. */
  route: string
  target: Target
  /** What became of it at the copy, as soon as it is known. */
  heard: (heard: Heard) => void
  /** Ends the counting; only the first call counts. */
  release: () => void
}

export type Refusal = { refused: "no-table" | "no-host" | "no-route" } | { refused: "no-copy"; version: string; route: string }

const askedLast = 1e6

export class Traffic {
  #table: RoutingTable | undefined
  #routes = new Routes([])
  #versions = new Map<string, RoutedVersion>()
  #byVersion = new Map<string, number>()
  #byCopy = new Map<string, number>()
  #health: Health
  #turn = 0
  #now: () => number

  constructor(now: () => number, changed?: (change: HealthChange) => void) {
    this.#now = now
    this.#health = new Health(changed)
  }

  get table(): RoutingTable | undefined {
    return this.#table
  }

  get total(): number {
    return [...this.#byVersion.values()].reduce((sum, count) => sum + count, 0)
  }

  use(table: RoutingTable): void {
    this.#table = table
    this.#routes = new Routes(table.routes)
    this.#versions = new Map(Object.entries(table.versions))
    const targets = Object.values(table.versions).flatMap((version) => Object.values(version.targets).flat())
    this.#health.keep(new Set(targets.map(({ copy }) => copy)))
  }

  inFlight(version: string): number {
    return this.#byVersion.get(version) ?? 0
  }

  /** Versions with something under way, routed or not. */
  busyVersions(): string[] {
    return [...this.#byVersion.keys()]
  }

  /** Picks the copy with the least in flight that serves `path` at `wish`, else at the current version; `tried` copies are left out. */
  claim(path: string, wish: string | undefined, tried: ReadonlySet<string>, authority?: string): Claim | Refusal {
    if (this.#table === undefined) return { refused: "no-table" }
    const route = this.#routes.routeFor(path, authority)
    if (route === undefined) return { refused: this.#routes.knows(authority) ? "no-route" : "no-host" }
    const { service } = route
    const name = nameOfRoute(route)
    const version = this.#versionServing(service, wish ?? this.#table.current, this.#table.current)
    const target = this.#leastBusy(this.#targetsOf(version, service) ?? [], tried)
    return target === undefined ? { refused: "no-copy", version, route: name } : this.#count(version, name, target)
  }

  /** The version to ask for a request of which nothing reached `version`. */
  substituteFor(version: string): string | undefined {
    if (this.#table?.rescue?.from === version) return this.#table.rescue.to
    return this.#table?.current === version ? undefined : this.#table?.current
  }

  /** The other versions that serve the path, the newest first. */
  othersServing(path: string, than: string, authority?: string): string[] {
    const service = this.#routes.serviceFor(path, authority)
    if (service === undefined) return []
    const others = [...this.#versions.keys()].filter((version) => version !== than && this.#targetsOf(version, service) !== undefined)
    return others.toReversed()
  }

  #versionServing(service: string, wish: string, current: string): string {
    return this.#targetsOf(wish, service) === undefined ? current : wish
  }

  #targetsOf(version: string, service: string): readonly Target[] | undefined {
    const targets = this.#versions.get(version)?.targets
    return targets !== undefined && Object.hasOwn(targets, service) ? targets[service] : undefined
  }

  /** Of those that are well. Where none is, any: the last one is never left out. */
  #leastBusy(targets: readonly Target[], tried: ReadonlySet<string>): Target | undefined {
    let best: Target | undefined
    let bestLoad = Infinity
    const now = this.#now()
    // Starting one further each time shares ties out evenly.
    const start = this.#turn++
    for (let i = 0; i < targets.length; i++) {
      const target = targets[(start + i) % targets.length]
      if (target === undefined || tried.has(target.copy)) continue
      const { isOut, weight } = this.#health.standingOf(target, targets, now)
      const busy = this.#byCopy.get(target.copy) ?? 0
      const load = isOut ? busy + askedLast : weight === 1 ? busy : (busy + 1) * weight
      if (load < bestLoad) [best, bestLoad] = [target, load]
    }
    return best
  }

  #count(version: string, route: string, target: Target): Claim {
    add(this.#byVersion, version, 1)
    add(this.#byCopy, target.copy, 1)
    this.#health.asked(target.copy, this.#now())
    let [held, waits] = [true, true]
    const heard = (what: Heard) => {
      if (!waits) return
      waits = false
      this.#health.heard(target.copy, what, this.#now())
    }
    const release = () => {
      if (!held) return
      held = false
      heard("left")
      add(this.#byVersion, version, -1)
      add(this.#byCopy, target.copy, -1)
    }
    return { version, route, target, heard, release }
  }
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
