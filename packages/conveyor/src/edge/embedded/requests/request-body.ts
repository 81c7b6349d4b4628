// The body of a request on its way to a copy: with back-pressure, never before the copy has taken the connection, and
// aware of whether anything of it is gone. Called by the exchange.
import type { IncomingMessage } from "node:http"
import type { Sending } from "../upstream/asking.ts"

const bodylessMethods = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])

export class RequestBody {
  readonly declared: "none" | "some"
  #incoming: IncomingMessage
  #limit: number
  #sent = 0
  #unwanted = false

  constructor(incoming: IncomingMessage, limit: number) {
    const { "content-length": length, "transfer-encoding": encoding } = incoming.headers
    this.declared = encoding === undefined && (length === undefined || length === "0") ? "none" : "some"
    this.#incoming = incoming
    this.#limit = limit
  }

  get untouched(): boolean {
    return this.#sent === 0
  }

  get isTooLarge(): boolean {
    return this.#sent > this.#limit || Number(this.#incoming.headers["content-length"] ?? 0) > this.#limit
  }

  /** The header that frames the body for the copy, written from how it is read here. A POST without a body says so. */
  framing(): string[] {
    const { "content-length": length, "transfer-encoding": encoding } = this.#incoming.headers
    if (encoding !== undefined) return ["transfer-encoding", "chunked"]
    if (length !== undefined) return ["content-length", String(Number(length))]
    return bodylessMethods.has(this.#incoming.method ?? "") ? [] : ["content-length", "0"]
  }

  /** Sends the body; a body that turns out too large breaks the request off. */
  pourInto(sending: Sending): void {
    const incoming = this.#incoming
    const take = (chunk: Buffer) => {
      this.#sent += chunk.length
      if (this.isTooLarge) sending.cancel(new Error("the body is larger than the edge lets through"))
      else if (!sending.write(chunk)) incoming.pause()
    }
    const finish = () => sending.end(incoming.rawTrailers)
    sending.onDrain = () => incoming.resume()
    sending.onLost = () => {
      incoming.off("data", take).off("end", finish)
      if (this.#unwanted) incoming.resume()
      else incoming.pause()
    }
    if (incoming.readableEnded) finish()
    else incoming.once("end", finish).on("data", take).resume()
  }

  /** The answer is there: what still comes is read, so that the client can finish sending, and dropped once the copy is gone. */
  discardRest(): void {
    this.#unwanted = true
    if (this.#incoming.listenerCount("data") === 0) this.#incoming.resume()
  }
}
