// When each request is due, and the loop that sends it then, whatever became of the ones before: an open loop.
import { performance } from "node:perf_hooks"
import type { Chance } from "./chance.ts"

export type ArrivalPattern = "exact" | "poisson"

export interface Schedule {
  pattern: ArrivalPattern
  ratePerSecond: number
  /** Without it the schedule has no end. */
  seconds?: number
}

/** Milliseconds after the start at which requests are due. */
export function* dueTimes({ pattern, ratePerSecond, seconds = Infinity }: Schedule, chance: Chance): Generator<number> {
  if (ratePerSecond === 0) return
  const gapMs = 1_000 / ratePerSecond
  const endMs = seconds * 1_000
  if (pattern === "exact") {
    for (let n = 0; n * gapMs < endMs; n += 1) yield n * gapMs
    return
  }
  for (let due = exponential(gapMs, chance); due < endMs; due += exponential(gapMs, chance)) yield due
}

/** Calls `arrive` with each due time on the clock of `performance.now`; resolves after the last one, or when the signal aborts. */
export function followSchedule(dueAfterStart: Iterator<number>, arrive: (dueAt: number) => void, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined
    let next = dueAfterStart.next()

    const stop = () => {
      clearTimeout(timer)
      signal.removeEventListener("abort", stop)
      resolve()
    }
    const sendWhatIsDue = () => {
      while (next.done !== true) {
        const dueAt = startedAt + next.value
        const waitMs = dueAt - performance.now()
        if (waitMs > 0) {
          timer = setTimeout(sendWhatIsDue, waitMs)
          return
        }
        arrive(dueAt)
        next = dueAfterStart.next()
      }
      stop()
    }

    if (signal.aborted) return stop()
    signal.addEventListener("abort", stop)
    sendWhatIsDue()
  })
}

const exponential = (mean: number, chance: Chance) => -mean * Math.log(1 - chance.next())
