// How long the demo will take, and what that is made of: said at its beginning, and held against the clock at its end.
// The seconds of work are of a machine with two cores that does nothing else; the waits are the story's own.
import type { DemoOptions } from "./stage.ts"
import { policy } from "./policy.ts"

export interface Part {
  what: string
  seconds: number
}

/** Measured on two cores: one COPY a shard, and a backfill that rests a fifth of its time. */
const rowsSeededPerSecond = 9_000
const rowsMovedPerSecond = 28_000

export function partsOf({ rows }: Pick<DemoOptions, "rows">): Part[] {
  const { bakeSeconds, noticeSeconds, observeSeconds, softDropSeconds } = policy
  return [
    { what: "two databases, the conveyor and the first version", seconds: 27 },
    { what: "a season in the shops", seconds: 14 + rows / rowsSeededPerSecond },
    { what: "the release with the change", seconds: 33 + rows / rowsMovedPerSecond + bakeSeconds + noticeSeconds },
    { what: "the bad release", seconds: 30 + bakeSeconds / 2 },
    { what: "back, and forward again", seconds: 6 + bakeSeconds + 2 * noticeSeconds },
    { what: "the contract, and looking everything up", seconds: 12 + observeSeconds + softDropSeconds },
  ]
}

export const secondsOf = (parts: readonly Part[]): number => Math.round(parts.reduce((sum, { seconds }) => sum + seconds, 0))

/** 238 -> "4 m", 75 -> "1 m 15 s": to the quarter of a minute, since it is no promise. */
export function roughly(seconds: number): string {
  const quarters = Math.max(1, Math.round(seconds / 15))
  const [minutes, rest] = [Math.floor(quarters / 4), (quarters % 4) * 15]
  return [...(minutes > 0 ? [`${minutes} m`] : []), ...(rest > 0 ? [`${rest} s`] : [])].join(" ")
}
