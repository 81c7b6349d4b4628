// How much of a time something was up, as a range: what nobody saw may have been either. Called by the API and the status page.
import type { Interval } from "./interval.ts"

export interface Uptime {
  fromMs: number
  untilMs: number
  upMs: number
  downMs: number
  /** Not seen: before the first observation, in gaps, after the last, and where the question had no answer. */
  unknownMs: number
  /** Of the whole time: at the least, were all that was not seen down; at the most, were it up. 0 to 1. */
  least: number
  most: number
  /** Which part of the time was seen. */
  seen: number
  /** Every time it was down, oldest first. */
  outages: { from: number; until: number }[]
}

/** `intervals`: oldest first, without overlap. */
export function uptimeOf(intervals: readonly Interval[], fromMs: number, untilMs: number): Uptime {
  const whole = Math.max(0, untilMs - fromMs)
  const within = intervals
    .map(({ outcome, from, until }) => ({ outcome, from: Math.max(from, fromMs), until: Math.min(until, untilMs) }))
    .filter(({ from, until }) => until > from)
  const sum = (outcome: Interval["outcome"]) =>
    within.filter((each) => each.outcome === outcome).reduce((ms, { from, until }) => ms + until - from, 0)
  const [upMs, downMs] = [sum("fine"), sum("problem")]
  const unknownMs = whole - upMs - downMs
  const part = (ms: number) => (whole === 0 ? 0 : ms / whole)
  return {
    fromMs,
    untilMs,
    upMs,
    downMs,
    unknownMs,
    least: part(upMs),
    most: whole === 0 ? 1 : part(upMs + unknownMs),
    seen: part(upMs + downMs),
    outages: within.filter(({ outcome }) => outcome === "problem").map(({ from, until }) => ({ from, until })),
  }
}

export type Kept = "kept" | "broken" | "not known"

/** Whether a goal such as 0.9995 was kept: said only where the time that nobody saw could not change it. */
export function keeps({ least, most }: Pick<Uptime, "least" | "most">, goal: number): Kept {
  if (least >= goal) return "kept"
  return most < goal ? "broken" : "not known"
}
