// One member's table, traffic and pages in one answer, for tests that look at all of it.
import type { EdgeMember, RoutingTable, VersionCounters } from "../edge.ts"

export interface DescribedVersion {
  inFlight: number
  pages: number
  pagesTold: number
  pagesReloaded: number
  counters: VersionCounters
}

export interface DescribedEdge {
  /** In epoch 0, where none is said. */
  apply(table: Omit<RoutingTable, "epoch"> & { epoch?: number }, signal: AbortSignal): Promise<void>
  observe(signal: AbortSignal): Promise<{ table: RoutingTable | undefined; versions: Record<string, DescribedVersion> }>
}

export function describedEdge(member: EdgeMember): DescribedEdge {
  return {
    apply: (table, signal) => member.apply({ epoch: 0, ...table }, signal),
    async observe(signal) {
      const [table, traffic, pages] = await Promise.all([member.table(signal), member.traffic(signal), member.pages(signal)])
      const versions = Object.entries(traffic).map(([name, { inFlight, counters }]): [string, DescribedVersion] => {
        const { open = 0, told = 0, reloaded = 0 } = pages[name] ?? {}
        return [name, { inFlight, counters, pages: open, pagesTold: told, pagesReloaded: reloaded }]
      })
      return { table, versions: Object.fromEntries(versions) }
    },
  }
}
