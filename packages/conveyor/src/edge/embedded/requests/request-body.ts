// The body of a request on its way to a copy: with back-pressure, never before the copy has taken the connection, and
// aware of whether anything of it is gone. Filled by the client's connection; sent by the exchange.
import type { RequestHead } from "../client/request-head.ts"
import { hasBody } from "../client/request-head.ts"
import type { Sending } from "../upstream/asking.ts"
import { allowedTrailers } from "./trailers.ts"

/** Where the body comes from. */
export interface BodySource {
  pause(): void
  resume(): void
}

/** So much may wait for a copy. */
const heldBytesAtMost = 65_536
const bodylessMethods = new Set(["GET", "HEAD", "DELETE", "OPTIONS"])

export class RequestBody {
  readonly declared: "none" | "some"
  #head: RequestHead
  #source: BodySource
  #limit: number
  #held: Buffer[] = []
  #heldBytes = 0
  #received = 0
  #trailers: readonly string[] | undefined
  #isUnwanted = false
  #sending: Sending | undefined
  #sent = 0

  constructor(head: RequestHead, limit: number, source: BodySource) {
    this.declared = hasBody(head.framing) ? "some" : "none"
    this.#head = head
    this.#limit = limit
    this.#source = source
  }

  get untouched(): boolean {
    return this.#sent === 0
  }

  /** Whether the client has sent all of it. */
  get isWhole(): boolean {
    return this.declared === "none" || this.#trailers !== undefined
  }

  get isTooLarge(): boolean {
    return this.#received > this.#limit
  }

  /** The line that frames the body for the copy, written from how it is read here. A POST without a body says so. */
  framing(): string {
    const { framing, method } = this.#head
    if (framing.kind === "chunked") return "Transfer-Encoding: chunked\r\n"
    if (framing.kind === "length") return `Content-Length: ${framing.bytes}\r\n`
    return bodylessMethods.has(method) ? "" : "Content-Length: 0\r\n"
  }

  push(chunk: Buffer): void {
    this.#received += chunk.length
    if (this.isTooLarge) return this.#refuseRest()
    if (this.#sending !== undefined) return this.#send(this.#sending, chunk)
    if (this.#isUnwanted) return
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes > heldBytesAtMost) this.#source.pause()
  }

  finish(rawTrailers: readonly string[]): void {
    this.#trailers = allowedTrailers(rawTrailers)
    this.#sending?.end(this.#trailers)
  }

  /** Sends the body; a body that turns out too large breaks the request off. */
  pourInto(sending: Sending): void {
    this.#sending = sending
    sending.onDrain = () => this.#source.resume()
    sending.onLost = () => {
      this.#sending = undefined
      if (this.#isUnwanted) this.#source.resume()
    }
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    const [first] = held
    if (first !== undefined) this.#send(sending, held.length === 1 ? first : Buffer.concat(held))
    else this.#source.resume()
    if (this.#trailers !== undefined) sending.end(this.#trailers)
  }

  /** The answer is there: what still comes is read, so that the client can finish sending, and dropped once the copy is gone. */
  discardRest(): void {
    this.#isUnwanted = true
    this.#held = []
    this.#source.resume()
  }

  /** The client is gone, or was: the copy must not take what came for the whole. */
  lost(): void {
    if (this.#trailers !== undefined) return
    this.#isUnwanted = true
    this.#sending?.cancel(new Error("the client has broken off"))
  }

  #refuseRest(): void {
    this.#sending?.cancel(new Error("the body is larger than the edge lets through"))
    this.discardRest()
  }

  #send(sending: Sending, chunk: Buffer): void {
    this.#sent += chunk.length
    if (!sending.write(chunk)) this.#source.pause()
    else this.#source.resume()
  }
}
