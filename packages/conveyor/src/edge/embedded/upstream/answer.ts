// A copy's answer under way: its head, and its body, which waits until somebody wants it and comes at that one's pace.
// Made by the asking; read by the exchange and the upgrade.
import type { AnswerHead } from "./answer-head.ts"

/** Where a body goes. */
export interface AnswerSink {
  /** False where no more is to come until `resume`. */
  data(chunk: Buffer): boolean
  end(rawTrailers: readonly string[]): void
  /** The body ends before it is whole. */
  broke(cause: Error): void
}

/** The connection that the answer comes on. */
export interface Source {
  pause(): void
  resume(): void
  cancel(): void
}

/** So much of a body may wait for its reader. */
const heldBytes = 65_536

const dropped: AnswerSink = { data: () => true, end: () => {}, broke: () => {} }

export class Answer {
  readonly status: number
  readonly statusText: string
  readonly rawHeaders: readonly string[]
  readonly connection: string | undefined
  readonly length: number | undefined
  #source: Source
  #sink: AnswerSink | undefined
  #chunks: Buffer[] = []
  #held = 0
  #rawTrailers: readonly string[] | undefined
  #broke: Error | undefined

  constructor({ status, statusText, rawHeaders, connection, length }: AnswerHead, source: Source) {
    this.status = status
    this.statusText = statusText
    this.rawHeaders = rawHeaders
    this.connection = connection
    this.length = length
    this.#source = source
  }

  /** Of a header that is sent once; the name in small letters. */
  header(name: string): string | undefined {
    for (let i = 0; i + 1 < this.rawHeaders.length; i += 2) {
      if (this.rawHeaders[i]?.length === name.length && this.rawHeaders[i]?.toLowerCase() === name) return this.rawHeaders[i + 1]
    }
    return undefined
  }

  get isBroken(): boolean {
    return this.#broke !== undefined
  }

  /** Whether something of the body is here, or all of it. */
  get hasBegun(): boolean {
    return this.#held > 0 || this.#rawTrailers !== undefined
  }

  /** The whole body, where it is here already and no trailers follow it. */
  takeWhole(): Buffer | undefined {
    if (this.#rawTrailers?.length !== 0) return undefined
    const [first] = this.#chunks
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks)
  }

  passTo(sink: AnswerSink): void {
    this.#sink = sink
    let wantsMore = true
    for (const chunk of this.#chunks) wantsMore = sink.data(chunk)
    this.#chunks = []
    if (this.#rawTrailers !== undefined) sink.end(this.#rawTrailers)
    else if (this.#broke !== undefined) sink.broke(this.#broke)
    else if (wantsMore) this.#source.resume()
    else this.#source.pause()
  }

  /** The sink takes more again. */
  resume(): void {
    this.#source.resume()
  }

  /** Reads a short body to its end, so that its connection can be used again; a long one costs more than a connection. */
  drop(): void {
    if (Number(this.header("content-length") ?? Infinity) <= heldBytes) this.passTo(dropped)
    else this.cancel()
  }

  /** Nobody wants the rest, and no sink hears of it. */
  cancel(): void {
    this.#sink = dropped
    this.#source.cancel()
  }

  push(chunk: Buffer): void {
    if (this.#sink !== undefined) {
      if (!this.#sink.data(chunk)) this.#source.pause()
      return
    }
    this.#chunks.push(chunk)
    this.#held += chunk.length
    if (this.#held > heldBytes) this.#source.pause()
  }

  finish(rawTrailers: readonly string[]): void {
    this.#rawTrailers = rawTrailers
    this.#sink?.end(rawTrailers)
  }

  fail(cause: Error): void {
    if (this.#rawTrailers !== undefined || this.#broke !== undefined) return
    this.#broke = cause
    this.#sink?.broke(cause)
  }
}
