// Cells for tests of the judge and of the bake, and a generator of chances that gives the same in every run.
import type { ComparisonCell } from "../../edge/edge.ts"

export function cell(parts: Partial<ComparisonCell>): ComparisonCell {
  const nothing = { pairs: 0, onlyNewer: 0, onlyOlder: 0, both: 0, newerSlower: 0, olderSlower: 0 }
  const [newer, older] = [
    { requests: 0, failed: 0 },
    { requests: 0, failed: 0 },
  ]
  return { route: "reads of /", client: 1, ...nothing, newer, older, ...parts }
}

/** Small, fast and seeded (mulberry32). */
export function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
