// What a switch costs the users who are there at that moment: the slowest request of each second with a flip, against
// that of the quiet seconds between them, in one run. Called by the bench.
import { systemClock } from "../../packages/conveyor/src/kernel/time/clock.ts"
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
/** Two seconds with a flip, then one without, again and again. */
const [flips, pattern] = [20, ["flip", "flip", "quiet"] as const]
const runSeconds = (flips * pattern.length) / 2

export async function measureFlips(stage: Stage, { log, signal }: BenchContext): Promise<FlipFigures> {
  const watching = witness({ url: stage.edgeUrl, traffic: "both", rate, seconds: runSeconds + 2 }, signal)
  const [{ requests, seconds }, flipping] = await Promise.all([watching, flipBySecond(stage, signal)])
  const slowest = slowestBySecond(seconds)
  const maxOf = (second: number) => slowest.get(second) ?? 0
  const figures: FlipFigures = {
    flips,
    requests: requests.total,
    maxMsWithFlip: flipping.flips.map(({ second }) => maxOf(second)),
    maxMsWithout: flipping.quietSeconds.map(maxOf),
    acknowledgedMs: flipping.flips.map(({ ms }) => ms),
  }
  log(
    `${flips} flips: the slowest request of a second ${median(figures.maxMsWithFlip).toFixed(1)} ms, without a flip ${median(figures.maxMsWithout).toFixed(1)} ms`,
  )
  return figures
}

interface Flipping {
  flips: { second: number; ms: number }[]
  quietSeconds: number[]
}

/** Each table names the new version alone, so that every flip meets a copy to which the edge holds no connection. */
async function flipBySecond({ edge, tableOf }: Stage, signal: AbortSignal): Promise<Flipping> {
  const done: Flipping = { flips: [], quietSeconds: [] }
  // The witness has to start, and its first requests open connections.
  const firstSecond = Math.ceil(Date.now() / 1_000) + 1
  for (let n = 0; n < runSeconds; n++) {
    const second = firstSecond + n
    await systemClock.sleep(second * 1_000 + 500 - Date.now(), signal)
    if (pattern[n % pattern.length] === "quiet") {
      done.quietSeconds.push(second)
      continue
    }
    const beganAt = performance.now()
    await edge.apply(tableOf(done.flips.length + 2), signal)
    done.flips.push({ second, ms: performance.now() - beganAt })
  }
  return done
}

function slowestBySecond(slices: readonly SecondSlice[]): ReadonlyMap<number, number> {
  const slowest = new Map<number, number>()
  for (const { second, maxMs } of slices) slowest.set(second, Math.max(slowest.get(second) ?? 0, maxMs))
  return slowest
}
