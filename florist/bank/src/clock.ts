// The bank's time: the machine's, until a test sets it; from then on it stands still, and goes on as it is told. Called by the bank and the agenda.

export class Clock {
  #setTo: Date | undefined

  now(): Date {
    return new Date(this.#setTo ?? Date.now())
  }

  get isRunning(): boolean {
    return this.#setTo === undefined
  }

  set(at: Date): void {
    this.#setTo = at
  }

  /** Stops the clock too. */
  advance(ms: number): void {
    this.#setTo = new Date(this.now().getTime() + ms)
  }

  /** The machine's time again. */
  release(): void {
    this.#setTo = undefined
  }
}
