// What one connection of HTTP/2 may cost beside the requests that it brings: streams that are given up before they are answered,
// and bytes that are no request's. Kept by the connection; pure but for the clock's reading that it is given.

export interface FloodLimits {
  /** Given up so many at once, and so many a second. */
  earlyEnds: number
  earlyEndsPerSecond: number
  /** Of frames that are neither heads nor bodies. */
  overheadBytes: number
  overheadBytesPerSecond: number
}

export const floodLimits: FloodLimits = {
  earlyEnds: 200,
  earlyEndsPerSecond: 20,
  overheadBytes: 262_144,
  overheadBytesPerSecond: 16_384,
}

/** A head may be as long as this, and where much is sent to the client, its word that it was taken comes back. */
const [headBytesAtMost, answerBytesPerOverheadByte] = [16_384, 64]

export class Floods {
  #limits: FloodLimits
  #early: Bucket
  #startedAt: number
  #streams = 0
  #bodyBytes = 0

  constructor(limits: FloodLimits, now: number) {
    this.#limits = limits
    this.#startedAt = now
    this.#early = new Bucket(limits.earlyEnds, limits.earlyEndsPerSecond, now)
  }

  streamBegun(): void {
    this.#streams++
  }

  bodyCame(bytes: number): void {
    this.#bodyBytes += bytes
  }

  /** False where there were too many of them. */
  endedEarly(now: number): boolean {
    return this.#early.take(now)
  }

  /** `read` and `written` are all bytes of the connection so far. */
  isFlooded({ read, written }: { read: number; written: number }, now: number): boolean {
    const { overheadBytes, overheadBytesPerSecond } = this.#limits
    const seconds = (now - this.#startedAt) / 1_000
    const forRequests = this.#bodyBytes + this.#streams * headBytesAtMost + written / answerBytesPerOverheadByte
    return read - forRequests > overheadBytes + overheadBytesPerSecond * seconds
  }
}

class Bucket {
  #size: number
  #perSecond: number
  #left: number
  #countedAt: number

  constructor(size: number, perSecond: number, now: number) {
    this.#size = size
    this.#perSecond = perSecond
    this.#left = size
    this.#countedAt = now
  }

  take(now: number): boolean {
    this.#left = Math.min(this.#size, this.#left + (this.#perSecond * (now - this.#countedAt)) / 1_000)
    this.#countedAt = now
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
