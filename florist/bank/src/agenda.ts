// What the bank will do later: each job at its time, the jobs of one lane one after another. While the clock runs jobs run by themselves; while it
// stands still they run only when told. Called by the courier and by the demo's customers.
import type { Clock } from "./clock.ts"

export type Job = (signal: AbortSignal) => Promise<void>

interface Entry {
  /** Milliseconds since the Unix epoch. */
  dueAt: number
  lane: string
  job: Job
}

/** The longest time that a timer of the runtime takes. */
const longestTimerMs = 2 ** 31 - 1

export class Agenda {
  readonly #clock: Clock
  readonly #onError: (cause: unknown) => void
  readonly #closing = new AbortController()
  /** The next to run first; of equal times, the first to come. */
  #waiting: Entry[] = []
  readonly #lanes = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, onError: (cause: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  get waiting(): number {
    return this.#waiting.length
  }

  add(dueAt: Date, lane: string, job: Job): void {
    const entry = { dueAt: dueAt.getTime(), lane, job }
    const place = this.#waiting.findLastIndex((other) => other.dueAt <= entry.dueAt) + 1
    this.#waiting.splice(place, 0, entry)
    this.wake()
  }

  /** To be called when the clock was changed. */
  wake(): void {
    clearTimeout(this.#timer)
    if (!this.#clock.isRunning || this.#closing.signal.aborted) return
    const [next] = this.#waiting
    if (next === undefined) return
    const inMs = Math.min(Math.max(next.dueAt - this.#clock.now().getTime(), 0), longestTimerMs)
    this.#timer = setTimeout(() => {
      this.#startDue()
      this.wake()
    }, inMs)
  }

  /** Everything that is due now is done when it returns, and what became due by that too. @returns how many jobs it started. */
  async flush(): Promise<number> {
    let started = 0
    do {
      started += this.#startDue()
      await Promise.all(this.#lanes.values())
    } while (this.#lanes.size > 0 || this.#isDue())
    return started
  }

  /** Nothing starts any more; what is under way is cut. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the bank closes"))
    clearTimeout(this.#timer)
    this.#waiting = []
    await Promise.all(this.#lanes.values())
  }

  #isDue(): boolean {
    const [next] = this.#waiting
    return next !== undefined && next.dueAt <= this.#clock.now().getTime()
  }

  #startDue(): number {
    const now = this.#clock.now().getTime()
    const notYet = this.#waiting.findIndex(({ dueAt }) => dueAt > now)
    const due = this.#waiting.splice(0, notYet === -1 ? this.#waiting.length : notYet)
    for (const { lane, job } of due) this.#run(lane, job)
    return due.length
  }

  #run(lane: string, job: Job): void {
    const running = this.#after(this.#lanes.get(lane), job).finally(() => {
      if (this.#lanes.get(lane) === running) this.#lanes.delete(lane)
    })
    this.#lanes.set(lane, running)
  }

  /** Never rejects. */
  async #after(before: Promise<void> | undefined, job: Job): Promise<void> {
    await before
    if (this.#closing.signal.aborted) return
    try {
      await job(this.#closing.signal)
    } catch (cause) {
      this.#onError(cause)
    }
  }
}
