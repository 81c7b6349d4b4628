// Reads the answers of one connection from chunks that end anywhere: head, body by its framing, trailers. What does not
// fit is an error, after which nothing of the connection can be trusted. Called by the connection, which it tells of each part.
import { MalformedAnswer, readFields, readHead } from "./answer-head.ts"
import type { AnswerHead } from "./answer-head.ts"

export interface AnswerListener {
  /** A head before the answer proper: "103 Early Hints". */
  interim(head: AnswerHead): void
  head(head: AnswerHead): void
  data(chunk: Buffer): void
  end(rawTrailers: string[]): void
}

type State = "head" | "length" | "to-close" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "done"

const nothing = Buffer.alloc(0)
const lineEnd = Buffer.from("\r\n")
const headEnd = Buffer.from("\r\n\r\n")
const [lineFeed, carriageReturn] = [0x0a, 0x0d]
const longestSizeLine = 1_024
const chunkSize = /^([\da-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i

export class AnswerReader {
  #listener: AnswerListener
  #maxHeaderBytes: number
  #method = ""
  #state: State = "done"
  /** The beginning of what is not whole yet. */
  #held: Buffer = nothing
  #left = 0

  constructor(listener: AnswerListener, maxHeaderBytes: number) {
    this.#listener = listener
    this.#maxHeaderBytes = maxHeaderBytes
  }

  get isDone(): boolean {
    return this.#state === "done"
  }

  /** The next answer is to a request of this method. */
  begin(method: string): void {
    this.#method = method
    this.#state = "head"
    this.#held = nothing
  }

  /** Gives what comes behind the answer's end; of a "101 Switching Protocols" that is its head. @throws MalformedAnswer */
  read(chunk: Buffer): Buffer {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = nothing
    while (rest.length > 0 && this.#state !== "done") {
      const taken = this.#take(rest)
      if (taken === 0) {
        this.#held = rest
        return nothing
      }
      rest = rest.subarray(taken)
    }
    return rest
  }

  /** The copy has closed its side. @throws MalformedAnswer where that is not how the answer was to end. */
  finish(): void {
    if (this.#state === "to-close") this.#end([])
    else if (this.#state !== "done") throw new MalformedAnswer("the copy closed the connection before its answer was whole")
  }

  /** How many bytes it could use; 0 where more have to come first. */
  #take(rest: Buffer): number {
    switch (this.#state) {
      case "head":
        return this.#takeHead(rest)
      case "length":
        return this.#takeBody(rest, () => this.#end([]))
      case "chunk":
        return this.#takeBody(rest, () => (this.#state = "chunk-end"))
      case "to-close":
        this.#listener.data(rest)
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

  #takeHead(rest: Buffer): number {
    const end = this.#endOf(headEnd, rest, this.#maxHeaderBytes)
    if (end === undefined) return this.#waitForMore(rest)
    const head = readHead(rest.toString("latin1", 0, end + 2), this.#method)
    if (head.status < 200 && head.status !== 101) this.#listener.interim(head)
    else this.#beginBody(head)
    return end + 4
  }

  #beginBody(head: AnswerHead): void {
    const { framing } = head
    this.#listener.head(head)
    if (framing.kind === "none" || (framing.kind === "length" && framing.bytes === 0)) return this.#end([])
    if (framing.kind === "length") this.#left = framing.bytes
    this.#state = framing.kind === "chunked" ? "chunk-size" : framing.kind
  }

  #takeBody(rest: Buffer, then: () => void): number {
    const taken = Math.min(rest.length, this.#left)
    this.#left -= taken
    this.#listener.data(taken === rest.length ? rest : rest.subarray(0, taken))
    if (this.#left === 0) then()
    return taken
  }

  #takeChunkSize(rest: Buffer): number {
    const end = this.#endOf(lineEnd, rest, longestSizeLine)
    if (end === undefined) return 0
    const size = chunkSize.exec(rest.toString("latin1", 0, end))?.[1]
    if (size === undefined) throw new MalformedAnswer("a chunk of the answer does not say its size")
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? "trailers" : "chunk"
    return end + 2
  }

  #takeChunkEnd(rest: Buffer): number {
    if (rest.length < 2) return 0
    if (!rest.subarray(0, 2).equals(lineEnd)) throw new MalformedAnswer("a chunk of the answer is longer than it says")
    this.#state = "chunk-size"
    return 2
  }

  #takeTrailers(rest: Buffer): number {
    if (rest.length >= 2 && rest.subarray(0, 2).equals(lineEnd)) {
      this.#end([])
      return 2
    }
    const end = this.#endOf(headEnd, rest, this.#maxHeaderBytes)
    if (end === undefined) return 0
    this.#end(readFields(rest.toString("latin1", 0, end + 2), 0))
    return end + 4
  }

  /** A line that ends by a lone line feed can become no head: its copy has said all it has to say, and waits. */
  #waitForMore(rest: Buffer): 0 {
    for (let at = rest.indexOf(lineFeed); at >= 0; at = rest.indexOf(lineFeed, at + 1)) {
      if (rest[at - 1] !== carriageReturn) throw new MalformedAnswer("a line of the answer's head ends with a lone line feed")
    }
    return 0
  }

  #endOf(mark: Buffer, rest: Buffer, limit: number): number | undefined {
    const at = rest.indexOf(mark)
    if ((at < 0 ? rest.length : at) > limit) throw new MalformedAnswer(`a head of the answer is longer than ${limit} bytes`)
    return at < 0 ? undefined : at
  }

  #end(rawTrailers: string[]): void {
    this.#state = "done"
    this.#listener.end(rawTrailers)
  }
}
