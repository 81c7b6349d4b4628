// Lines for people who watch: so many a second, and how many were left out. Whoever follows a release over a slow line
// must not make the control plane hold what a build prints. Called by the command.
import { seconds } from "../../../kernel/time/duration.ts"

const linesASecond = 100

export class PacedLines {
  readonly #onLine: (line: string) => void
  readonly #now: () => number
  readonly #most: number
  #since = Number.NEGATIVE_INFINITY
  #shown = 0
  #leftOut = 0

  constructor(onLine: (line: string) => void, now: () => number, most = linesASecond) {
    this.#onLine = onLine
    this.#now = now
    this.#most = most
  }

  push(line: string): void {
    if (this.#now() - this.#since >= seconds(1)) this.#begin()
    if (this.#shown < this.#most) {
      this.#shown++
      this.#onLine(line)
    } else this.#leftOut++
  }

  end(): void {
    this.#tellLeftOut()
  }

  #begin(): void {
    this.#tellLeftOut()
    this.#since = this.#now()
    this.#shown = 0
  }

  #tellLeftOut(): void {
    if (this.#leftOut > 0) this.#onLine(`… ${this.#leftOut} lines not shown`)
    this.#leftOut = 0
  }
}
