// What several members saw of one version, added up. Pure. Called by the edge set.
import type { VersionCounters, VersionPages, VersionTraffic } from "./edge.ts"

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
    latency: one.latency.length === 0 ? other.latency : one.latency.map((count, bucket) => count + (other.latency[bucket] ?? 0)),
  }
}
