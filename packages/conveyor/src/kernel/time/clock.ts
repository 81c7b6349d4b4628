// Time as a thing that is passed in, so that every wait can be tested. Called by everything that waits.
import { setTimeout as delay } from "node:timers/promises"

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (cause) {
      throw signal?.reason ?? cause
    }
  },
}

/** A clock that a test moves by hand: sleepers wake when `advance` passes their time. */
export class ManualClock implements Clock {
  #now: number
  #sleepers: { wakeAt: number; wake: () => void }[] = []

  constructor(startAt = 0) {
    this.#now = startAt
  }

  now(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const sleeper = { wakeAt: this.#now + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        reject(signal.reason as Error)
      })
    })
  }

  /** Moves time on by `ms`, waking sleepers in the order of their times. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    // Whoever is about to sleep does so first.
    await new Promise((resolve) => setImmediate(resolve))
    for (;;) {
      const due = this.#sleepers.filter((s) => s.wakeAt <= end).sort((a, b) => a.wakeAt - b.wakeAt)[0]
      if (due === undefined) break
      this.#sleepers = this.#sleepers.filter((other) => other !== due)
      this.#now = Math.max(this.#now, due.wakeAt)
      due.wake()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#now = end
    await new Promise((resolve) => setImmediate(resolve))
  }
}
