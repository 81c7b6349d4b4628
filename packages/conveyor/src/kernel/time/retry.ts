// Trying again after failures that pass: bounded, with full jitter, so that rivals do not march in step.
import type { Clock } from "./clock.ts"

export interface RetryOptions {
  /** How often to try at the most, the first try included. */
  attempts: number
  /** The first pause's upper bound in ms; it doubles with each failure. */
  firstPauseMs: number
  longestPauseMs: number
  clock: Clock
  signal: AbortSignal
  /** Failures for which this says false are thrown at once. */
  isTransient: (thrown: unknown) => boolean
  onRetry?: (thrown: unknown, attempt: number, pauseMs: number) => void
  random?: () => number
}

/** Runs `work` until it succeeds, fails for good, or has failed `attempts` times; throws the last failure. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, firstPauseMs, longestPauseMs, clock, signal, isTransient, onRetry } = options
  const random = options.random ?? Math.random
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await work(attempt)
    } catch (thrown) {
      if (attempt >= attempts || !isTransient(thrown)) throw thrown
      const pauseMs = Math.ceil(random() * Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)))
      onRetry?.(thrown, attempt, pauseMs)
      await clock.sleep(pauseMs, signal)
    }
  }
}
