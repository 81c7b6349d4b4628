// Routing tables, made from what is served now and what is wanted next. Pure. Called by the steps switch and retire,
// and by the keeper; routing.ts applies what comes out.
import type { Notice, RoutedVersion, Route, RoutingTable, Target } from "../../edge/edge.ts"
import type { Copy } from "../../runtime/runtime.ts"

export interface VersionToRoute {
  name: string
  release: string
  routes: readonly Route[]
  copies: readonly Copy[]
}

/** What happens to the requests of a version while it bakes. */
export interface Probation {
  rescue: "rescue" | "no-rescue"
  compare: "compare" | "no-compare"
}

/** New pages go to `next`; what was current stays for its own pages. */
export function switchedTo(now: RoutingTable | undefined, next: VersionToRoute, probation: Probation): RoutingTable {
  const previous = now?.current
  const others = Object.entries(now?.versions ?? {}).filter(([name]) => name !== next.name)
  return {
    epoch: now?.epoch ?? 0,
    generation: (now?.generation ?? 0) + 1,
    current: next.name,
    routes: next.routes,
    versions: { ...Object.fromEntries(others), [next.name]: { release: next.release, targets: targetsOf(next.copies) } },
    ...(previous !== undefined && previous !== next.name && probationOf(probation, next.name, previous)),
  }
}

const probationOf = ({ rescue, compare }: Probation, newer: string, older: string): Pick<RoutingTable, "rescue" | "compare"> => ({
  ...(rescue === "rescue" && { rescue: { from: newer, to: older } }),
  ...(compare === "compare" && { compare: { newer, older } }),
})

/** The current version answers for itself. Gives the same object where it does already. */
export function withoutProbation(now: RoutingTable): RoutingTable {
  if (now.rescue === undefined && now.compare === undefined) return now
  const { rescue: _, compare: __, ...rest } = now
  return { ...rest, generation: now.generation + 1 }
}

/**
 * Pages of these versions are told to reload; the current one's never are. A notice that stands already stays as it is. Gives
 * the same object where nobody is left to be told.
 */
export function withNotice(now: RoutingTable, told: readonly string[], notice: Notice): RoutingTable {
  const isTold = (name: string, version: RoutedVersion) => name === now.current || version.notice !== undefined || !told.includes(name)
  if (Object.entries(now.versions).every(([name, version]) => isTold(name, version))) return now
  const versions = mapVersions(now, (name, version) => (isTold(name, version) ? version : { ...version, notice }))
  return { ...now, generation: now.generation + 1, versions }
}

export interface WayBack {
  bad: string
  previous: string
  routes: readonly Route[]
  notice: Notice
}

/** New pages go back to the previous version; pages of the bad one are told to reload, pages of all others know nothing of it. */
export function wentBack(now: RoutingTable, { bad, previous, routes, notice }: WayBack): RoutingTable {
  const { rescue: _, compare: __, ...rest } = now
  const versions = mapVersions(now, (name, version) => (name === bad ? { ...version, notice } : version))
  return { ...rest, generation: now.generation + 1, current: previous, routes, versions }
}

/** Requests that still name one of these versions go to the current one. */
export function without(now: RoutingTable, gone: readonly string[]): RoutingTable {
  const { rescue, compare, ...rest } = now
  const versions = Object.fromEntries(Object.entries(now.versions).filter(([name]) => name === now.current || !gone.includes(name)))
  const keepsRescue = rescue !== undefined && rescue.from in versions && rescue.to in versions
  const keepsComparing = compare !== undefined && compare.newer in versions && compare.older in versions
  return { ...rest, generation: now.generation + 1, versions, ...(keepsRescue && { rescue }), ...(keepsComparing && { compare }) }
}

/** The same versions, at the addresses where their copies are now. Gives the same object where nothing moved. */
export function withCopies(now: RoutingTable, copies: readonly Copy[]): RoutingTable {
  const versions = mapVersions(now, (name, version) => {
    // A service without any living copy keeps its old addresses: the edge retries them, and a person sees where they were.
    const targets = { ...version.targets, ...targetsOf(copies.filter((copy) => copy.version === name && copy.state === "running")) }
    return sameTargets(version.targets, targets) ? version : { ...version, targets }
  })
  const isSame = Object.entries(versions).every(([name, version]) => version === now.versions[name])
  return isSame ? now : { ...now, generation: now.generation + 1, versions }
}

export function targetsOf(copies: readonly Copy[]): Record<string, Target[]> {
  const targets: Record<string, Target[]> = {}
  for (const copy of copies.toSorted((a, b) => a.index - b.index)) {
    ;(targets[copy.service] ??= []).push({ copy: copy.id, ...copy.address })
  }
  return targets
}

const sameTargets = (a: RoutedVersion["targets"], b: RoutedVersion["targets"]) => canonical(a) === canonical(b)
const canonical = (targets: RoutedVersion["targets"]) =>
  JSON.stringify(
    Object.entries(targets)
      .map(
        ([service, list]) =>
          `${service}:${list
            .map((t) => t.copy)
            .toSorted()
            .join(",")}`,
      )
      .toSorted(),
  )

function mapVersions(table: RoutingTable, change: (name: string, version: RoutedVersion) => RoutedVersion): Record<string, RoutedVersion> {
  return Object.fromEntries(Object.entries(table.versions).map(([name, version]) => [name, change(name, version)]))
}
