// Bytes to lines, in memory of a bounded size whatever comes: a line that is too long is cut, and says by how much.
// Called by the command.

const longestLineBytes = 4_096
const newline = 10

export class Lines {
  readonly #onLine: (line: string) => void
  readonly #longest: number
  #kept: Buffer[] = []
  #keptBytes = 0
  #lineBytes = 0

  /** @param longest in bytes; what of a line is past it is dropped. */
  constructor(onLine: (line: string) => void, longest = longestLineBytes) {
    this.#onLine = onLine
    this.#longest = longest
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, end))
      this.#emit()
      from = end + 1
    }
    this.#keep(chunk.subarray(from))
  }

  /** The last line may have no end. */
  end(): void {
    if (this.#lineBytes > 0) this.#emit()
  }

  #keep(part: Buffer): void {
    this.#lineBytes += part.length
    const room = this.#longest - this.#keptBytes
    if (room <= 0 || part.length === 0) return
    // A copy, so that a short line does not hold the whole chunk that it came in.
    const kept = Buffer.from(part.subarray(0, room))
    this.#kept.push(kept)
    this.#keptBytes += kept.length
  }

  #emit(): void {
    const text = Buffer.concat(this.#kept).toString("utf8").replace(/\r$/, "")
    const cut = this.#lineBytes - this.#keptBytes
    this.#kept = []
    this.#keptBytes = 0
    this.#lineBytes = 0
    this.#onLine(cut > 0 ? `${text} … (${cut} bytes more in this line)` : text)
  }
}
