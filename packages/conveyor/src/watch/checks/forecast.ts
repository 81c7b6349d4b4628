// When something that shrinks will be used up: a straight line through what was measured lately (least squares), and no word where
// it does not shrink or too little was seen. Fed and read by the check of the machine.

const most = 720
const leastSpanMs = 600_000

export class Forecast {
  #seen: { at: number; left: number }[] = []

  add(at: number, left: number): void {
    this.#seen.push({ at, left })
    if (this.#seen.length > most) this.#seen = this.#seen.filter((_, i) => i % 2 === 1)
  }

  /** Milliseconds from `now`; undefined where it does not shrink, or was seen for less than ten minutes. */
  emptyInMs(now: number): number | undefined {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)]
    if (first === undefined || last === undefined || last.at - first.at < leastSpanMs) return undefined
    const mean = (of: (each: { at: number; left: number }) => number) =>
      this.#seen.reduce((sum, each) => sum + of(each), 0) / this.#seen.length
    const [meanAt, meanLeft] = [mean(({ at }) => at), mean(({ left }) => left)]
    const slope = mean(({ at, left }) => (at - meanAt) * (left - meanLeft)) / mean(({ at }) => (at - meanAt) ** 2)
    return slope >= 0 ? undefined : Math.max(0, last.left / -slope - (now - last.at))
  }
}
