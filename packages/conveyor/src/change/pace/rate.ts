// The rate that a backfill really has, pauses included: what an honest estimate of the end rests on.
import type { Clock } from "../../kernel/time/clock.ts"

const windowMs = 60_000
const settledAfterMs = 500

export class Rate {
  readonly #clock: Clock
  readonly #samples: { at: number; total: number }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  observe(total: number): void {
    const at = this.#clock.now()
    this.#samples.push({ at, total })
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? at) < at - windowMs) this.#samples.shift()
  }

  /** 0 until it is known. */
  get perSecond(): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined) return 0
    const ms = this.#clock.now() - first.at
    return ms < settledAfterMs ? 0 : ((last.total - first.total) / ms) * 1_000
  }
}
