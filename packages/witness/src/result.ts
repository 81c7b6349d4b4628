// What a witness saw, as it is written to `result.json`. Read by the report and by whoever judges a release.

export const failureKinds = [
  "refused",
  "reset",
  "timeout",
  "server-error",
  "truncated",
  "wrong-version",
  "lost-pin",
  "unexpected-status",
  "too-slow",
  "desync",
  "lost-write",
] as const
export type FailureKind = (typeof failureKinds)[number]

/** What one version answered in one second. Latencies in ms, from the moment the request was due, not from when it was sent. */
export interface SecondSlice {
  /** Whole seconds since the Unix epoch. */
  second: number
  /** The version that answered; "none" where nothing answered. */
  version: string
  requests: number
  failed: number
  p50Ms: number
  p99Ms: number
  maxMs: number
}

export interface FailureSample {
  /** Milliseconds since the Unix epoch. */
  at: number
  kind: FailureKind
  /** "POST /api/v1/payments" */
  request: string
  version: string
  detail: string
}

export interface WitnessResult {
  /** Milliseconds since the Unix epoch. */
  startedAt: number
  endedAt: number
  /** The same seed, rate and scenario make the same traffic again. */
  scenario: string
  seed: number
  ratePerSecond: number
  requests: {
    total: number
    failed: number
    /** Answers that another version gave in place of a failing one. */
    rescued: number
    /** Requests that met a connection which the server was closing for idleness, and were sent once more, as a browser does. Not failures. */
    idleRetries: number
    /** Answers that ended with their connection and that nobody could check: whether they were whole is unknown. */
    unproven: number
    byFailure: Record<FailureKind, number>
    p50Ms: number
    p99Ms: number
    maxMs: number
  }
  /** How late the witness itself sent what was due; it is a part of the latencies above. */
  ownDelay: { p99Ms: number; maxMs: number }
  /** The first hundred failures. */
  failures: FailureSample[]
  pages: { opened: number; told: number; reloaded: number }
  streams: { eventStreams: number; webSockets: number; closedWithReason: number; cut: number }
  /** How many writes were acknowledged; each is a line of `acknowledged.ndjson` beside this file. */
  acknowledged: number
  /** What the scenario's look-up found of them afterwards; without one, or where it could not say, they are unknown. */
  writes: { found: number; lost: number; unknown: number }
  seconds: SecondSlice[]
}

/** One line of `progress.ndjson`, written each second. */
export interface ProgressLine {
  /** Whole seconds since the Unix epoch. */
  second: number
  /** Since the start. */
  requests: number
  failed: number
  acknowledged: number
  /** Of this second alone. */
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** Requests of this second, by the version that answered. */
  byVersion: Record<string, number>
}
