// How late this process itself was while it waited for somebody's answer: whoever gets no time to listen has heard nothing,
// and that says nothing about the other. Called by the checkup.

const tickMs = 100

export class Lateness {
  #lastTick = performance.now()
  #worstMs = 0
  readonly #timer = setInterval(() => this.#tick(), tickMs)

  /** Ends the watch; gives the longest time, in milliseconds, that a tick came late. */
  end(): number {
    clearInterval(this.#timer)
    this.#tick()
    return this.#worstMs
  }

  #tick(): void {
    const now = performance.now()
    this.#worstMs = Math.max(this.#worstMs, now - this.#lastTick - tickMs)
    this.#lastTick = now
  }
}
