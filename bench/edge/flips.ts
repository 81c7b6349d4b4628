// What a switch costs the users who are there at that moment: the slowest request of each second with a flip, against
// that of the quiet second after it, in one run. Called by the bench.
import { systemClock } from "../../packages/conveyor/src/kernel/clock.ts"
import type { SecondSlice } from "../../packages/witness/src/result.ts"
import type { BenchContext } from "../report.ts"
import { median } from "./saturation.ts"
import type { Stage } from "./stage.ts"
import { witness } from "./witness.ts"

export interface FlipFigures {
  flips: number
  requests: number
  /** The slowest request of each second, in order. */
  maxMsWithFlip: readonly number[]
  maxMsWithout: readonly number[]
  /** Until the edge had acknowledged: on its disk and in use. */
  acknowledgedMs: readonly number[]
}

export const rate = 400
const flips = 20

export async function measureFlips(stage: Stage, { log, signal }: BenchContext): Promise<FlipFigures> {
  const watching = witness({ url: stage.edgeUrl, traffic: "both", rate, seconds: 2 * flips + 2 }, signal)
  const [{ requests, seconds }, flipped] = await Promise.all([watching, flipInEachOtherSecond(stage, signal)])
  const slowest = slowestBySecond(seconds)
  const maxOf = (second: number) => slowest.get(second) ?? 0
  const figures: FlipFigures = {
    flips,
    requests: requests.total,
    maxMsWithFlip: flipped.map(({ second }) => maxOf(second)),
    maxMsWithout: flipped.map(({ second }) => maxOf(second + 1)),
    acknowledgedMs: flipped.map(({ ms }) => ms),
  }
  log(
    `${flips} flips: the slowest request of a second ${median(figures.maxMsWithFlip).toFixed(1)} ms, without a flip ${median(figures.maxMsWithout).toFixed(1)} ms`,
  )
  return figures
}

/** Each table names the new version alone, so that every flip meets a copy to which the edge holds no connection. */
async function flipInEachOtherSecond({ edge, tableOf }: Stage, signal: AbortSignal): Promise<{ second: number; ms: number }[]> {
  const flipped = []
  // The witness has to start, and its first requests open connections.
  const firstAt = Math.ceil(Date.now() / 1_000) * 1_000 + 1_500
  for (let n = 0; n < flips; n++) {
    const at = firstAt + n * 2_000
    await systemClock.sleep(at - Date.now(), signal)
    const beganAt = performance.now()
    await edge.apply(tableOf(n + 2), signal)
    flipped.push({ second: Math.floor(at / 1_000), ms: performance.now() - beganAt })
  }
  return flipped
}

function slowestBySecond(slices: readonly SecondSlice[]): ReadonlyMap<number, number> {
  const slowest = new Map<number, number>()
  for (const { second, maxMs } of slices) slowest.set(second, Math.max(slowest.get(second) ?? 0, maxMs))
  return slowest
}
