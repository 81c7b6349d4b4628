// Reads the answers of one connection from chunks that end anywhere: head, body by its framing, trailers. What does not
// fit is an error, after which nothing of the connection can be trusted. Called by the connection, which it tells of each part.
import { BodyReader } from "../http1/body-reader.ts"
import type { BodyListener } from "../http1/body-reader.ts"
import { Malformed, refuseLoneLineFeeds } from "../http1/fields.ts"
import { readHead } from "./answer-head.ts"
import type { AnswerHead } from "./answer-head.ts"

export interface AnswerListener extends BodyListener {
  /** A head before the answer proper: "103 Early Hints". */
  interim(head: AnswerHead): void
  head(head: AnswerHead): void
}

const notWhole = "the copy closed the connection before its answer was whole"
const nothing = Buffer.alloc(0)
const headEnd = Buffer.from("\r\n\r\n")

export class AnswerReader {
  #listener: AnswerListener
  #maxHeaderBytes: number
  #method = ""
  #isInHead = false
  #body: BodyReader
  /** The beginning of what is not whole yet. */
  #held: Buffer = nothing

  constructor(listener: AnswerListener, maxHeaderBytes: number) {
    this.#listener = listener
    this.#maxHeaderBytes = maxHeaderBytes
    this.#body = new BodyReader(listener, { trailerBytes: maxHeaderBytes })
  }

  get isDone(): boolean {
    return !this.#isInHead && this.#body.isDone
  }

  /** The next answer is to a request of this method. */
  begin(method: string): void {
    this.#method = method
    this.#isInHead = true
    this.#held = nothing
  }

  /** Gives what comes behind the answer's end; of a "101 Switching Protocols" that is its head. @throws Malformed */
  read(chunk: Buffer): Buffer {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = nothing
    while (rest.length > 0 && !this.isDone) {
      const used = this.#isInHead ? this.#takeHead(rest) : this.#body.read(rest)
      if (used === 0) {
        this.#held = rest
        return nothing
      }
      rest = rest.subarray(used)
    }
    return rest
  }

  /** The copy has closed its side. @throws Malformed where that is not how the answer was to end. */
  finish(): void {
    if (this.#isInHead) throw new Malformed(notWhole)
    try {
      this.#body.finish()
    } catch (cause) {
      throw new Malformed(notWhole, { cause })
    }
  }

  #takeHead(rest: Buffer): number {
    const end = rest.indexOf(headEnd)
    if ((end < 0 ? rest.length : end) > this.#maxHeaderBytes) {
      throw new Malformed(`a head of the answer is longer than ${this.#maxHeaderBytes} bytes`)
    }
    if (end < 0) {
      refuseLoneLineFeeds(rest)
      return 0
    }
    const head = readHead(rest.toString("latin1", 0, end + 2), this.#method)
    if (head.status < 200 && head.status !== 101) this.#listener.interim(head)
    else this.#beginBody(head)
    return end + 4
  }

  #beginBody(head: AnswerHead): void {
    this.#isInHead = false
    this.#listener.head(head)
    this.#body.begin(head.framing)
  }
}
