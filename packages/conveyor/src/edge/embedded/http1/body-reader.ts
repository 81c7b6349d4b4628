// The body of a message by its framing, from parts that end anywhere: of a length, in chunks with trailers, or to the end of
// the connection. What does not fit is an error. Called by the readers of requests and of answers.
import { Malformed, readFields, refuseLoneLineFeeds } from "./fields.ts"

export type Framing = { kind: "none" } | { kind: "length"; bytes: number } | { kind: "chunked" } | { kind: "to-close" }

export interface BodyListener {
  data(chunk: Buffer): void
  end(rawTrailers: string[]): void
}

export interface BodyLimits {
  /** Of all trailers together. */
  trailerBytes: number
}

type State = "length" | "to-close" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "done"

const lineEnd = Buffer.from("\r\n")
const headEnd = Buffer.from("\r\n\r\n")
const longestSizeLine = 512
/** Of all sizes and extensions beyond what bytes of the body came with them: a body of one byte a chunk is not worth more. */
const sizeLineBytesAtMost = 65_536
const chunkSize = /^([\da-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/i
/** Smaller parts are joined before anybody hears of them: one write for each byte of a body would let a client size our work. */
const joinedBelow = 4_096

export class BodyReader {
  #listener: BodyListener
  #limits: BodyLimits
  #state: State = "done"
  #left = 0
  #sizeLineBytes = 0
  #small: Buffer[] = []
  #smallBytes = 0

  constructor(listener: BodyListener, limits: BodyLimits) {
    this.#listener = listener
    this.#limits = limits
  }

  get isDone(): boolean {
    return this.#state === "done"
  }

  get endsWithConnection(): boolean {
    return this.#state === "to-close"
  }

  begin(framing: Framing): void {
    this.#sizeLineBytes = 0
    if (framing.kind === "none" || (framing.kind === "length" && framing.bytes === 0)) return this.#end([])
    if (framing.kind === "length") this.#left = framing.bytes
    this.#state = framing.kind === "chunked" ? "chunk-size" : framing.kind
  }

  /** Gives how many bytes it used; the rest has to come again with more behind it, or comes behind the body's end. @throws Malformed */
  read(bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && this.#state !== "done") {
      const used = this.#take(at === 0 ? bytes : bytes.subarray(at))
      if (used === 0) break
      at += used
    }
    this.#flush()
    return at
  }

  /** The other side has closed. @throws Malformed where that is not how the body was to end. */
  finish(): void {
    if (this.#state === "to-close") this.#end([])
    else if (this.#state !== "done") throw new Malformed("the connection was closed before the message was whole")
  }

  #take(rest: Buffer): number {
    switch (this.#state) {
      case "length":
        return this.#takeBytes(rest)
      case "chunk":
        return this.#takeBytes(rest)
      case "to-close":
        this.#tell(rest)
        return rest.length
      case "chunk-size":
        return this.#takeChunkSize(rest)
      case "chunk-end":
        return this.#takeChunkEnd(rest)
      case "trailers":
        return this.#takeTrailers(rest)
      default:
        return 0
    }
  }

  #takeBytes(rest: Buffer): number {
    const taken = Math.min(rest.length, this.#left)
    this.#left -= taken
    this.#sizeLineBytes = Math.max(0, this.#sizeLineBytes - taken)
    this.#tell(taken === rest.length ? rest : rest.subarray(0, taken))
    if (this.#left > 0) return taken
    if (this.#state === "length") this.#end([])
    else this.#state = "chunk-end"
    return taken
  }

  #takeChunkSize(rest: Buffer): number {
    const end = this.#endOf(lineEnd, rest, longestSizeLine)
    if (end === undefined) return 0
    this.#sizeLineBytes += end
    const size = chunkSize.exec(rest.toString("latin1", 0, end))?.[1]
    if (size === undefined) throw new Malformed("a chunk does not say its size")
    if (this.#sizeLineBytes > sizeLineBytesAtMost) throw new Malformed("the chunks' sizes and extensions are longer than what they frame")
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? "trailers" : "chunk"
    return end + 2
  }

  #takeChunkEnd(rest: Buffer): number {
    if (rest.length < 2) return 0
    if (rest[0] !== lineEnd[0] || rest[1] !== lineEnd[1]) throw new Malformed("a chunk is longer than it says")
    this.#state = "chunk-size"
    return 2
  }

  #takeTrailers(rest: Buffer): number {
    if (rest.length >= 2 && rest[0] === lineEnd[0] && rest[1] === lineEnd[1]) {
      this.#end([])
      return 2
    }
    const end = this.#endOf(headEnd, rest, this.#limits.trailerBytes)
    if (end === undefined) return 0
    this.#end(readFields(rest.toString("latin1", 0, end + 2), 0))
    return end + 4
  }

  #endOf(mark: Buffer, rest: Buffer, limit: number): number | undefined {
    const at = rest.indexOf(mark)
    if ((at < 0 ? rest.length : at) > limit) throw new Malformed(`a line or the trailers are longer than ${limit} bytes`)
    if (at >= 0) return at
    refuseLoneLineFeeds(rest)
    return undefined
  }

  #tell(chunk: Buffer): void {
    if (this.#state === "chunk" && chunk.length < joinedBelow) {
      this.#small.push(chunk)
      this.#smallBytes += chunk.length
      if (this.#smallBytes < joinedBelow) return
      return this.#flush()
    }
    this.#flush()
    this.#listener.data(chunk)
  }

  #flush(): void {
    const [first, second] = this.#small
    if (first === undefined) return
    const joined = second === undefined ? first : Buffer.concat(this.#small, this.#smallBytes)
    this.#small = []
    this.#smallBytes = 0
    this.#listener.data(joined)
  }

  #end(rawTrailers: string[]): void {
    this.#flush()
    this.#state = "done"
    this.#listener.end(rawTrailers)
  }
}
