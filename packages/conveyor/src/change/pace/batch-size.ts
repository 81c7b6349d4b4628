// How many rows the next batch has: steered so that the p90 of batch times meets a target. Called by the backfill.
import type { BatchPolicy } from "../policy.ts"

const samplesToDecide = 6
const fastestGrowth = 1.5
const fastestShrink = 0.5
const panicCut = 10

export class BatchSize {
  #rows: number
  #samples: number[] = []
  readonly #policy: BatchPolicy

  constructor(policy: BatchPolicy, firstRows = policy.firstRows) {
    this.#policy = policy
    this.#rows = this.#clamp(firstRows)
  }

  get rows(): number {
    return this.#rows
  }

  /** What a batch of this size may take before it is cancelled. */
  get panicMs(): number {
    return this.#policy.targetMs * this.#policy.panicFactor
  }

  /** A batch of `rows` rows took `ms`. Small leftovers say nothing about the size. */
  observe(rows: number, ms: number): void {
    if (ms >= this.panicMs) return this.panic()
    if (rows < this.#rows / 2) return
    this.#samples.push(ms)
    if (this.#samples.length < samplesToDecide) return
    const factor = this.#policy.targetMs / Math.max(0.1, p90(this.#samples))
    this.#rows = this.#clamp(this.#rows * Math.min(fastestGrowth, Math.max(fastestShrink, factor)))
    this.#samples = []
  }

  /** A batch was cancelled, or took far too long. */
  panic(): void {
    this.#rows = this.#clamp(this.#rows / panicCut)
    this.#samples = []
  }

  #clamp(rows: number): number {
    return Math.round(Math.min(this.#policy.largestRows, Math.max(this.#policy.smallestRows, rows)))
  }
}

export function p90(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.9) - 1)] ?? 0
}
