// Latencies in milliseconds as a histogram of high dynamic range. Held by the tally.
import { build } from "hdr-histogram-js"

/** Values are kept in units of 10 microseconds. */
const perMs = 100
const longestMs = 3_600_000

export class Latencies {
  readonly #histogram

  constructor(digits: 2 | 3) {
    this.#histogram = build({
      bitBucketSize: 32,
      numberOfSignificantValueDigits: digits,
      highestTrackableValue: longestMs * perMs,
      autoResize: true,
    })
  }

  record(ms: number): void {
    this.#histogram.recordValue(Math.round(Math.min(Math.max(ms, 0), longestMs) * perMs))
  }

  percentile(percent: number): number {
    return this.#histogram.totalCount === 0 ? 0 : round(this.#histogram.getValueAtPercentile(percent) / perMs)
  }

  get maxMs(): number {
    return this.#histogram.totalCount === 0 ? 0 : round(this.#histogram.maxValue / perMs)
  }

  reset(): void {
    this.#histogram.reset()
  }
}

const round = (ms: number) => Math.round(ms * 100) / 100
