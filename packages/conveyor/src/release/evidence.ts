// New against old, judged from the edge's counters. Pure. Called by the step bake.
// Errors: a one-sided two-proportion z-test with pooled variance (Fleiss, Statistical Methods for Rates and
// Proportions). Latency: the 90th percentile, by ratio and by difference, so that noise of a few ms decides nothing.
import { latencyBoundsMs } from "../edge/edge.ts"
import type { VersionCounters } from "../edge/edge.ts"
import { formatDuration } from "../kernel/duration.ts"

/** What one version did since the switch. */
export type Sample = VersionCounters

export interface Evidence {
  newer: Sample
  /** What the new version did since it was warm; undefined until then. */
  warm?: Sample
  /** Undefined for the first release, which has nothing to be compared with. */
  older: Sample | undefined
  elapsedMs: number
}

export interface BakePolicy {
  for: number
  at_least: number
  at_most: number
}

export type Verdict = { verdict: "good" | "bad" | "wait" | "no-evidence"; reason: string }

const fewestErrors = 5
/** The first requests compile the code and fill the caches; how long they take says nothing of those that follow. */
export const warmUpMs = ({ for: duration }: BakePolicy): number => Math.min(10_000, duration / 2)
/** One-sided p below 0.00004: a bake is looked at hundreds of times, and all its looks together must seldom be wrong. */
const significantZ = 4
const slowerByRatio = 3
const slowerByMs = 100
const fewestForLatency = 200

export function judge({ newer, warm = newer, older, elapsedMs }: Evidence, policy: BakePolicy): Verdict {
  if (older === undefined) return { verdict: "good", reason: "the first version has nothing to be compared with" }

  const errors = { newer: failures(newer), older: failures(older) }
  const rates = `${percent(errors.newer, newer.requests)} of ${newer.requests} failed, before ${percent(errors.older, older.requests)} of ${older.requests}`
  if (errors.newer >= fewestErrors && zOf(errors.newer, newer.requests, errors.older, older.requests) > significantZ) {
    return { verdict: "bad", reason: `more errors than before: ${rates}` }
  }

  if (elapsedMs < policy.for) return { verdict: "wait", reason: `${formatDuration(policy.for - elapsedMs)} to go; ${rates}` }
  if (newer.requests < policy.at_least) {
    const seen = `${newer.requests} requests seen, ${policy.at_least} needed`
    return elapsedMs < policy.at_most
      ? { verdict: "wait", reason: `holding for evidence: ${seen}` }
      : { verdict: "no-evidence", reason: seen }
  }

  const [fast, slow] = [percentile(older, 0.9), percentile(warm, 0.9)]
  if (warm.requests >= fewestForLatency && older.requests >= fewestForLatency && slow > fast * slowerByRatio && slow > fast + slowerByMs) {
    return { verdict: "bad", reason: `slower than before: p90 ${formatDuration(slow)}, before ${formatDuration(fast)}` }
  }
  return { verdict: "good", reason: `${rates}; p90 ${formatDuration(slow)}, before ${formatDuration(fast)}` }
}

/** What happened between two observations of one version. */
export function since(before: VersionCounters | undefined, now: VersionCounters): Sample {
  if (before === undefined) return now
  return {
    requests: now.requests - before.requests,
    serverErrors: now.serverErrors - before.serverErrors,
    unreachable: now.unreachable - before.unreachable,
    rescued: now.rescued - before.rescued,
    latency: now.latency.map((count, bucket) => count - (before.latency[bucket] ?? 0)),
  }
}

const failures = (sample: Sample) => sample.serverErrors + sample.unreachable

function zOf(newErrors: number, newCount: number, oldErrors: number, oldCount: number): number {
  // With nothing to compare with, any rate above one in a thousand counts as worse.
  const [baseErrors, baseCount] = oldCount === 0 ? [1, 1_000] : [oldErrors, oldCount]
  const pooled = (newErrors + baseErrors) / (newCount + baseCount)
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / newCount + 1 / baseCount))
  const difference = newErrors / newCount - baseErrors / baseCount
  return deviation === 0 ? (difference > 0 ? Infinity : 0) : difference / deviation
}

/** Upper bound in ms of the bucket that holds the share `p` of all answers; 0 for an empty sample. */
export function percentile(sample: Sample, p: number): number {
  const wanted = p * sample.latency.reduce((sum, count) => sum + count, 0)
  if (wanted === 0) return 0
  let sum = 0
  const bucket = sample.latency.findIndex((count) => (sum += count) >= wanted)
  return latencyBoundsMs[bucket] ?? latencyBoundsMs.at(-1) ?? 0
}

const percent = (part: number, whole: number) => `${whole === 0 ? "0" : ((100 * part) / whole).toFixed(2).replace(/\.?0+$/, "")}%`
