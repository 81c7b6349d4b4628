// When a backfill has to wait, and why. Every signal gives a level: below 1 it may go on, from 1 it stops; the worst one
// decides. A signal that cannot be read stops it too. Asked by the backfill between batches.
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { formatDuration } from "../../kernel/time/duration.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import type { ThrottlePolicy } from "../policy.ts"

export interface Level {
  /** 0 is no load, 1 is the limit. */
  level: number
  /** What a person reads while the backfill waits for it. */
  reason: string
}

export interface Signal {
  name: string
  read(): Promise<Level>
}

export interface Throttle {
  /** Resolves when a batch may run; tells the reason of each wait. Gives how long to rest, as a part of the last batch's time. */
  mayGoOn(onPause: (reason: string) => Promise<void>): Promise<number>
}

/** From this level on batches are spread out, more and more up to the limit. */
const slowFrom = 0.5

export function createThrottle(signals: readonly Signal[], policy: ThrottlePolicy, clock: Clock, signal: AbortSignal): Throttle {
  let readAt = Number.NEGATIVE_INFINITY
  let worst: Level = { level: 0, reason: "" }

  return {
    async mayGoOn(onPause) {
      const beganAt = clock.now()
      for (;;) {
        if (clock.now() - readAt >= policy.everyMs) {
          worst = await worstOf(signals)
          readAt = clock.now()
        }
        if (worst.level < 1) return worst.level <= slowFrom ? 0 : worst.level / (1 - worst.level)
        if (clock.now() - beganAt > policy.longestPauseMs) throw pausedTooLong(worst.reason, policy.longestPauseMs)
        await onPause(worst.reason)
        await clock.sleep(policy.everyMs, signal)
      }
    },
  }
}

async function worstOf(signals: readonly Signal[]): Promise<Level> {
  let worst: Level = { level: 0, reason: "" }
  for (const signal of signals) {
    const level = await signal.read().catch((thrown: unknown) => unreadable(signal.name, thrown))
    if (level.level > worst.level) worst = level
  }
  return worst
}

/** What cannot be seen may be at its worst. A lost connection is for the caller, who makes a new one. */
function unreadable(name: string, thrown: unknown): Level {
  if (!(thrown instanceof SignalError)) throw thrown
  return { level: 1, reason: `${name} cannot be read: ${describe(thrown.cause)}` }
}

/** Thrown by a signal whose source is not the shard's own connection. */
export class SignalError extends Error {
  constructor(cause: unknown) {
    super(describe(cause), { cause })
  }
}

function pausedTooLong(reason: string, ms: number): ConveyorError {
  return new ConveyorError("paused-too-long", `the backfill waited ${formatDuration(ms)}: ${reason}`, {
    facts: { reason },
    hint: "Take away the reason, or raise its limit (`fleet: { throttle: ... }` in conveyor.yml), and run the same command again.",
  })
}
