// Counts everything that the witness saw, in whole and second by second. Everything that sends reports here.
import { Latencies } from "./latency.ts"
import type { Failure } from "./perform.ts"
import { failureKinds } from "./result.ts"
import type { Acknowledgement } from "./scenario.ts"
import type { FailureKind, FailureSample, ProgressLine, SecondSlice, WitnessResult } from "./result.ts"

export interface Observation {
  /** "POST /api/v1/payments" */
  request: string
  version: string | undefined
  /** Undefined for what has no latency: a stream that was cut. */
  latencyMs: number | undefined
  failure: Failure | undefined
  rescued?: boolean
  idleRetried?: boolean
  unproven?: boolean
}

/** One version in the second that is being counted. */
interface RunningSlice {
  requests: number
  failed: number
  latencies: Latencies
}

const keptSamples = 100

export class Tally {
  readonly pages = { opened: 0, told: 0, reloaded: 0 }
  readonly streams = { eventStreams: 0, webSockets: 0, closedWithReason: 0, cut: 0 }
  acknowledged = 0
  #total = 0
  #failed = 0
  #rescued = 0
  #idleRetries = 0
  #unproven = 0
  #writes: WitnessResult["writes"] = { found: 0, lost: 0, unknown: 0 }
  readonly #byFailure = Object.fromEntries(failureKinds.map((kind) => [kind, 0])) as Record<FailureKind, number>
  readonly #failures: FailureSample[] = []
  readonly #latencies = new Latencies(3)
  readonly #ownDelay = new Latencies(3)
  readonly #secondLatencies = new Latencies(2)
  readonly #running = new Map<string, RunningSlice>()
  readonly #sealed: SecondSlice[] = []

  record({ request, version = "none", latencyMs, failure, rescued = false, idleRetried = false, unproven = false }: Observation): void {
    const slice = this.#slice(version)
    slice.requests += 1
    this.#total += 1
    if (rescued) this.#rescued += 1
    if (idleRetried) this.#idleRetries += 1
    if (unproven) this.#unproven += 1
    if (latencyMs !== undefined) {
      slice.latencies.record(latencyMs)
      this.#secondLatencies.record(latencyMs)
      this.#latencies.record(latencyMs)
    }
    if (failure === undefined) return
    slice.failed += 1
    this.#fail({ request, version, failure })
  }

  /** Beside the requests: it belongs to none of them, or to one that was counted already. */
  recordUnasked = (request: string, detail: string): void => {
    this.#fail({ request, version: "none", failure: { kind: "desync", detail } })
  }

  recordWrites(writes: WitnessResult["writes"], lost: readonly Acknowledgement[]): void {
    this.#writes = writes
    for (const { store, key } of lost) {
      this.#fail({ request: `look-up in ${store}`, version: "none", failure: { kind: "lost-write", detail: key } })
    }
  }

  recordOwnDelay(ms: number): void {
    this.#ownDelay.record(ms)
  }

  /** Ends the second that is being counted. */
  seal(second: number): ProgressLine {
    const byVersion: Record<string, number> = {}
    for (const [version, { requests, failed, latencies }] of this.#running) {
      if (requests === 0) continue
      byVersion[version] = requests
      this.#sealed.push({ second, version, requests, failed, ...summary(latencies) })
    }
    const line = {
      second,
      requests: this.#total,
      failed: this.#failed,
      acknowledged: this.acknowledged,
      ...summary(this.#secondLatencies),
      byVersion,
    }
    this.#startSecond()
    return line
  }

  result(run: Pick<WitnessResult, "startedAt" | "endedAt" | "scenario" | "seed" | "ratePerSecond">): WitnessResult {
    const again = { rescued: this.#rescued, idleRetries: this.#idleRetries, unproven: this.#unproven }
    const counts = { total: this.#total, failed: this.#failed, ...again }
    return {
      ...run,
      requests: { ...counts, byFailure: this.#byFailure, ...summary(this.#latencies) },
      ownDelay: { p99Ms: this.#ownDelay.percentile(99), maxMs: this.#ownDelay.maxMs },
      failures: this.#failures,
      pages: this.pages,
      streams: this.streams,
      acknowledged: this.acknowledged,
      writes: this.#writes,
      seconds: this.#sealed,
    }
  }

  #fail({ request, version, failure }: { request: string; version: string; failure: Failure }): void {
    this.#failed += 1
    this.#byFailure[failure.kind] += 1
    if (this.#failures.length < keptSamples)
      this.#failures.push({ at: Date.now(), kind: failure.kind, request, version, detail: failure.detail })
  }

  #slice(version: string): RunningSlice {
    const known = this.#running.get(version)
    if (known !== undefined) return known
    const slice = { requests: 0, failed: 0, latencies: new Latencies(2) }
    this.#running.set(version, slice)
    return slice
  }

  /** Histograms are emptied and used again: they are the dearest thing in a second. */
  #startSecond(): void {
    this.#secondLatencies.reset()
    for (const slice of this.#running.values()) {
      slice.requests = 0
      slice.failed = 0
      slice.latencies.reset()
    }
  }
}

const summary = (latencies: Latencies) => ({ p50Ms: latencies.percentile(50), p99Ms: latencies.percentile(99), maxMs: latencies.maxMs })
