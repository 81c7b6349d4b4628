// The edge's counters of a version, subtracted and read. Pure. Called by the step bake and the users' view.
import { latencyBoundsMs } from "../../edge/edge.ts"
import type { Comparison, VersionCounters } from "../../edge/edge.ts"

/** What happened between two observations of one version. */
export function since(before: VersionCounters | undefined, now: VersionCounters): VersionCounters {
  if (before === undefined) return now
  return {
    requests: now.requests - before.requests,
    serverErrors: now.serverErrors - before.serverErrors,
    unreachable: now.unreachable - before.unreachable,
    rescued: now.rescued - before.rescued,
    cut: now.cut - before.cut,
    latency: less(now.latency, before.latency),
    askedBy: less(now.askedBy, before.askedBy),
    failedBy: less(now.failedBy, before.failedBy),
  }
}

const less = (now: readonly number[], before: readonly number[]) => now.map((count, bucket) => count - (before[bucket] ?? 0))

/** Upper bound in ms of the bucket that holds the share `p` of all answers; 0 for an empty sample. */
export function percentile(sample: VersionCounters, p: number): number {
  const wanted = p * sample.latency.reduce((sum, count) => sum + count, 0)
  if (wanted === 0) return 0
  let sum = 0
  const bucket = sample.latency.findIndex((count) => (sum += count) >= wanted)
  return latencyBoundsMs[bucket] ?? latencyBoundsMs.at(-1) ?? 0
}

/** For an edge that cannot ask both: all that the new version did, held against all that the old one ever did. */
export function comparisonOfCounters(
  names: Pick<Comparison, "newer" | "older">,
  newer: VersionCounters,
  older: VersionCounters,
): Comparison {
  const route = "requests"
  const nothing = { pairs: 0, onlyNewer: 0, onlyOlder: 0, both: 0, newerSlower: 0, olderSlower: 0 }
  const cell = { route, client: 0, ...nothing, newer: tallyOf(newer), older: { requests: 0, failed: 0 } }
  return { ...names, cells: [cell], before: { [route]: tallyOf(older) } }
}

const tallyOf = ({ requests, serverErrors, unreachable }: VersionCounters) => ({ requests, failed: serverErrors + unreachable })
