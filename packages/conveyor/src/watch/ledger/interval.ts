// Uptime as intervals, not beats: what one thing was, from when to when. A gap in observation is an interval too, "unknown".
// Kept by the book; written by the rounds.
import type { Outcome } from "../checks/check.ts"

export interface Interval {
  outcome: Outcome
  /** Milliseconds since the Unix epoch; `until` is when it was seen last. */
  from: number
  until: number
}

/**
 * What one more observation makes of the newest interval: that one prolonged, or it ended and others begun. `silentAfterMs`: how
 * long nothing may be seen until nobody can say what was meanwhile.
 */
export function observed(newest: Interval | undefined, outcome: Outcome, at: number, silentAfterMs: number): Interval[] {
  if (newest === undefined) return [{ outcome, from: at, until: at }]
  // A clock that was set back proves nothing about time that is written down already.
  if (at < newest.until) return [newest]
  if (at - newest.until > silentAfterMs) {
    const gap: Interval = { outcome: "unknown", from: newest.until, until: at }
    return outcome === "unknown" ? [newest, gap] : [newest, gap, { outcome, from: at, until: at }]
  }
  if (newest.outcome === outcome) return [{ ...newest, until: at }]
  return [
    { ...newest, until: at },
    { outcome, from: at, until: at },
  ]
}
