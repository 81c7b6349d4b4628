// What happened to the requests and pages of each version, since the edge first ran. Called by the proxy on each
// answer; saved and restored by the edge's state. Only the newest versions are kept.
import { z } from "zod"
import type { Result } from "./comparing.ts"
import type { VersionCounters } from "../../edge.ts"
import { clientBuckets, latencyBoundsMs } from "../../edge.ts"

const count = z.int().min(0)
const byClient = (): number[] => Array.from({ length: clientBuckets }, () => 0)
const row = z.object({
  requests: count,
  serverErrors: count,
  unreachable: count,
  rescued: count,
  cut: count.default(0),
  latency: z.array(count).length(latencyBoundsMs.length + 1),
  askedBy: z.array(count).length(clientBuckets).default(byClient),
  failedBy: z.array(count).length(clientBuckets).default(byClient),
  pagesTold: count,
  pagesReloaded: count,
})
type Row = z.infer<typeof row>

export const savedCounters = z.record(z.string(), row)
export type SavedCounters = z.infer<typeof savedCounters>

const versionsKept = 50
const counts = ["requests", "serverErrors", "unreachable", "rescued", "cut", "pagesTold", "pagesReloaded"] as const
const lists = ["latency", "askedBy", "failedBy"] as const

export class Counters {
  #rows: Map<string, Row>

  constructor(saved: SavedCounters = {}) {
    this.#rows = new Map(Object.entries(saved))
  }

  answered(version: string, status: number, ms: number): void {
    const row = this.#row(version)
    row.requests++
    if (status >= 500) row.serverErrors++
    const bucket = bucketOf(ms)
    row.latency[bucket] = (row.latency[bucket] ?? 0) + 1
  }

  /** No copy of the version answered. */
  unreachable(version: string): void {
    const row = this.#row(version)
    row.requests++
    row.unreachable++
  }

  /** An answer that was counted as such broke off half-way. */
  brokeOff(version: string): void {
    this.#row(version).unreachable++
  }

  /** A request that says something of the version, and of whom it came. */
  heard(version: string, client: number, result: Result): void {
    const { askedBy, failedBy } = this.#row(version)
    askedBy[client] = (askedBy[client] ?? 0) + 1
    if (result === "failed") failedBy[client] = (failedBy[client] ?? 0) + 1
  }

  rescued(version: string): void {
    this.#row(version).rescued++
  }

  /** The edge did not wait for them any longer. */
  cut(version: string, requests: number): void {
    this.#row(version).cut += requests
  }

  pageTold(version: string): void {
    this.#row(version).pagesTold++
  }

  pageReloaded(version: string): void {
    this.#row(version).pagesReloaded++
  }

  knows(version: string): boolean {
    return this.#rows.has(version)
  }

  versions(): string[] {
    return [...this.#rows.keys()]
  }

  /** Makes sure that the version has counters, so that its row's age is that of its first table. */
  open(version: string): void {
    this.#row(version)
  }

  of(version: string): { counters: VersionCounters; pagesTold: number; pagesReloaded: number } {
    const { pagesTold, pagesReloaded, ...counters } = this.#rows.get(version) ?? emptyRow()
    return { counters: structuredClone(counters), pagesTold, pagesReloaded }
  }

  /** What another has counted for the same versions. */
  add(counted: SavedCounters): void {
    for (const [version, more] of Object.entries(counted)) {
      const row = this.#row(version)
      for (const name of counts) row[name] += more[name]
      for (const name of lists) row[name] = row[name].map((value, i) => value + (more[name][i] ?? 0))
    }
  }

  save(): SavedCounters {
    return Object.fromEntries(this.#rows)
  }

  #row(version: string): Row {
    const known = this.#rows.get(version)
    if (known !== undefined) return known
    const row = emptyRow()
    this.#rows.set(version, row)
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= versionsKept) break
      this.#rows.delete(oldest)
    }
    return row
  }
}

/** What was counted since; versions of which nothing was are left out. */
export function difference(now: SavedCounters, before: SavedCounters): SavedCounters {
  const result: SavedCounters = {}
  for (const [version, row] of Object.entries(now)) {
    const earlier = before[version] ?? emptyRow()
    const more = emptyRow()
    for (const name of lists) more[name] = row[name].map((value, i) => value - (earlier[name][i] ?? 0))
    for (const name of counts) more[name] = row[name] - earlier[name]
    if (counts.some((name) => more[name] > 0)) result[version] = more
  }
  return result
}

const emptyRow = (): Row => ({
  requests: 0,
  serverErrors: 0,
  unreachable: 0,
  rescued: 0,
  cut: 0,
  latency: [...latencyBoundsMs.map(() => 0), 0],
  askedBy: byClient(),
  failedBy: byClient(),
  pagesTold: 0,
  pagesReloaded: 0,
})

function bucketOf(ms: number): number {
  let [low, high] = [0, latencyBoundsMs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ms <= (latencyBoundsMs[middle] ?? Infinity)) high = middle
    else low = middle + 1
  }
  return low
}
