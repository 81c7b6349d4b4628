// Whether a client that owes us a body sends it: its progress is judged, not the time that it takes. Kept by the client's
// connection, for the request under way.
import type { EdgeSettings } from "../settings.ts"

export class Progress {
  #bytes = 0
  #since: number | undefined

  /** From the next look on, it is the client's turn. */
  begin(): void {
    this.#bytes = 0
    this.#since = undefined
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** `now` in ms. True where the last whole window brought fewer bytes than a window has to. */
  isTooSlow(now: number, { bodyWindowMs, bodyBytesPerSecond }: Pick<EdgeSettings, "bodyWindowMs" | "bodyBytesPerSecond">): boolean {
    if (this.#since === undefined) this.#since = now
    if (now - this.#since < bodyWindowMs) return false
    const wanted = (bodyBytesPerSecond * (now - this.#since)) / 1_000
    const isTooSlow = this.#bytes < wanted
    this.#bytes = 0
    this.#since = now
    return isTooSlow
  }
}
