// The one way to wait for something: bounded, cancellable, and able to say what was seen last.
import type { Clock } from "./clock.ts"
import { TimedOutError, describe } from "../errors/errors.ts"

export interface WaitOptions {
  /** What is waited for, as the reader of the error will see it. */
  what: string
  everyMs: number
  withinMs: number
  clock: Clock
  signal: AbortSignal
}

/** What a probe gives: the value waited for, or a description of why not yet. */
export type Seen<T> = { done: T } | { notYet: unknown }

/**
 * Probes until it is done. A probe that throws counts as "not yet".
 * @throws TimedOutError with the last thing seen, or the signal's reason.
 */
export async function until<T>(probe: () => Promise<Seen<T>> | Seen<T>, options: WaitOptions): Promise<T> {
  const { what, everyMs, withinMs, clock, signal } = options
  const deadline = clock.now() + withinMs
  for (;;) {
    signal.throwIfAborted()
    const seen = await attempt(probe)
    if ("done" in seen) return seen.done
    if (clock.now() >= deadline) throw new TimedOutError(what, withinMs, seen.notYet)
    await clock.sleep(Math.min(everyMs, Math.max(1, deadline - clock.now())), signal)
  }
}

async function attempt<T>(probe: () => Promise<Seen<T>> | Seen<T>): Promise<Seen<T>> {
  try {
    return await probe()
  } catch (thrown) {
    return { notYet: describe(thrown) }
  }
}
