// Routing tables for the contract, built from copies.
import type { Notice, RoutedVersion, RoutingTable } from "../edge.ts"
import type { TestCopy } from "./copies.ts"

export interface TableShape {
  epoch?: number
  generation: number
  current: string
  copies: readonly TestCopy[]
  notices?: Readonly<Record<string, Notice>>
  rescue?: { from: string; to: string }
  compare?: { newer: string; older: string }
}

/** One service, "web", which takes every path. */
export function tableOf({ epoch = 0, generation, current, copies, notices = {}, rescue, compare }: TableShape): RoutingTable {
  const versions: Record<string, RoutedVersion> = {}
  for (const { version } of copies) {
    const targets = { web: copies.filter((copy) => copy.version === version).map(({ target }) => target) }
    const notice = notices[version]
    versions[version] = { release: `release of ${version}`, targets, ...(notice === undefined ? {} : { notice }) }
  }
  const during = { ...(rescue === undefined ? {} : { rescue }), ...(compare === undefined ? {} : { compare }) }
  return { epoch, generation, current, routes: [{ prefix: "/", service: "web" }], versions, ...during }
}
