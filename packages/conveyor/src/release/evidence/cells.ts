// Cells of the edge's comparison, subtracted, and made of what the conveyor itself has asked. Pure. Called by the step bake.
import type { ComparisonCell, Tally } from "../../edge/edge.ts"
import { isMuchSlower } from "../../edge/edge.ts"

/** What came after `before`. A cell that has become less was counted anew, by an edge that was restarted. */
export function cellsSince(before: readonly ComparisonCell[], now: readonly ComparisonCell[]): ComparisonCell[] {
  const known = new Map(before.map((cell) => [keyOf(cell), cell]))
  return now.map((cell) => {
    const earlier = known.get(keyOf(cell))
    return earlier === undefined || earlier.pairs > cell.pairs ? cell : less(cell, earlier)
  })
}

const keyOf = ({ route, client }: ComparisonCell) => `${client} ${route}`

function less(cell: ComparisonCell, earlier: ComparisonCell): ComparisonCell {
  const tally = (now: Tally, then: Tally) => ({ requests: now.requests - then.requests, failed: now.failed - then.failed })
  return {
    ...cell,
    pairs: cell.pairs - earlier.pairs,
    onlyNewer: cell.onlyNewer - earlier.onlyNewer,
    onlyOlder: cell.onlyOlder - earlier.onlyOlder,
    both: cell.both - earlier.both,
    newerSlower: cell.newerSlower - earlier.newerSlower,
    olderSlower: cell.olderSlower - earlier.olderSlower,
    newer: tally(cell.newer, earlier.newer),
    older: tally(cell.older, earlier.older),
  }
}

export interface PathSeen {
  failed: boolean
  ms: number
}

/** The conveyor itself: no client is counted so. */
export const ownClient = -1

/** One path, asked of both at the same moment. */
export function pairCell(path: string, newer: PathSeen, older: PathSeen): ComparisonCell {
  const both = newer.failed && older.failed
  const well = !newer.failed && !older.failed
  return {
    route: `synthetic ${path}`,
    client: ownClient,
    pairs: 1,
    onlyNewer: Number(newer.failed && !both),
    onlyOlder: Number(older.failed && !both),
    both: Number(both),
    newerSlower: Number(well && isMuchSlower(newer.ms, older.ms)),
    olderSlower: Number(well && isMuchSlower(older.ms, newer.ms)),
    newer: { requests: 0, failed: 0 },
    older: { requests: 0, failed: 0 },
  }
}
