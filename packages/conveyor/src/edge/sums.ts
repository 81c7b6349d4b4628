// What several members saw of one version, added up. Pure. Called by the edge set.
import type { Comparison, ComparisonCell, Tally, VersionCounters, VersionPages, VersionTraffic } from "./edge.ts"

export function addTraffic(one: VersionTraffic, other: VersionTraffic): VersionTraffic {
  return { inFlight: one.inFlight + other.inFlight, counters: addCounters(one.counters, other.counters) }
}

export function addPages(one: VersionPages, other: VersionPages): VersionPages {
  return { open: one.open + other.open, told: one.told + other.told, reloaded: one.reloaded + other.reloaded }
}

export function addCounters(one: VersionCounters, other: VersionCounters): VersionCounters {
  return {
    requests: one.requests + other.requests,
    serverErrors: one.serverErrors + other.serverErrors,
    unreachable: one.unreachable + other.unreachable,
    rescued: one.rescued + other.rescued,
    cut: one.cut + other.cut,
    latency: addCounts(one.latency, other.latency),
    askedBy: addCounts(one.askedBy, other.askedBy),
    failedBy: addCounts(one.failedBy, other.failedBy),
  }
}

const addCounts = (one: readonly number[], other: readonly number[]): readonly number[] =>
  one.length === 0 ? other : one.map((count, bucket) => count + (other[bucket] ?? 0))

/** Of the same two versions: a member that has not heard of them yet, or still compares others, adds nothing. */
export function addComparisons(all: readonly Comparison[], { newer, older }: { newer: string; older: string }): Comparison {
  const own = all.filter((each) => each.newer === newer && each.older === older)
  const cells = new Map<string, ComparisonCell>()
  const before: Record<string, Tally> = {}
  for (const one of own) {
    for (const cell of one.cells) {
      const key = `${cell.client} ${cell.route}`
      const sum = cells.get(key)
      cells.set(key, sum === undefined ? cell : addCells(sum, cell))
    }
    for (const [route, tally] of Object.entries(one.before)) before[route] = addTallies(before[route] ?? noTally, tally)
  }
  return { newer, older, cells: [...cells.values()], before }
}

export function addCells(one: ComparisonCell, other: ComparisonCell): ComparisonCell {
  return {
    route: one.route,
    client: one.client,
    pairs: one.pairs + other.pairs,
    onlyNewer: one.onlyNewer + other.onlyNewer,
    onlyOlder: one.onlyOlder + other.onlyOlder,
    both: one.both + other.both,
    newerSlower: one.newerSlower + other.newerSlower,
    olderSlower: one.olderSlower + other.olderSlower,
    newer: addTallies(one.newer, other.newer),
    older: addTallies(one.older, other.older),
  }
}

const noTally: Tally = { requests: 0, failed: 0 }
const addTallies = (one: Tally, other: Tally): Tally => ({ requests: one.requests + other.requests, failed: one.failed + other.failed })
