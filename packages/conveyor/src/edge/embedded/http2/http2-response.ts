// The answer to one request over HTTP/2. Made by the client's stream; what the copy has said as lines goes out as headers.
import type { ServerHttp2Stream } from "node:http2"
import { constants } from "node:http2"
import { withSecurity } from "../client/client-response.ts"
import type { ClientResponse, ResponseHead } from "../client/client-response.ts"
import { http2Fields, http2Trailers } from "./http2-fields.ts"

export interface Http2ResponseTools {
  method: string
  securityField: string
  /** The whole of it is with the stream. */
  answered: (keeps: "kept" | "closed") => void
}

export class Http2Response implements ClientResponse {
  #stream: ServerHttp2Stream
  #tools: Http2ResponseTools
  #head: ResponseHead | undefined
  #state: "fresh" | "begun" | "over" = "fresh"
  #isBodyless = false
  #isHeadSent = false
  #trailers: readonly string[] = []
  #isWhole = false
  #stallIsWatched = false
  #isTorn = false
  #written = 0
  #keeps: "kept" | "closed" = "kept"
  #onClose: (() => void)[] = []
  #onDrain: () => void = () => {}
  version: string | undefined

  constructor(stream: ServerHttp2Stream, tools: Http2ResponseTools) {
    this.#stream = stream
    this.#tools = tools
    stream.on("drain", () => this.#onDrain())
    // Node asks for them too where the stream is given up: said then, they would make a broken answer look whole.
    stream.on("wantTrailers", () => this.#isWhole && !this.#isTorn && stream.sendTrailers(http2Trailers(this.#trailers)))
  }

  get hasBegun(): boolean {
    return this.#state !== "fresh"
  }

  get isWhole(): boolean {
    return this.#isWhole
  }

  get isOver(): boolean {
    return this.#state === "over"
  }

  get waitingBytes(): number {
    return this.#stream.writableLength
  }

  /** Whether the edge itself broke it off. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  /** Bytes that the client has taken. */
  get takenBytes(): number {
    return this.#written - this.#stream.writableLength
  }

  get stallIsWatched(): boolean {
    return this.#stallIsWatched
  }

  onceClosed(listener: () => void): void {
    this.#onClose.push(listener)
  }

  set onDrain(listener: () => void) {
    this.#onDrain = listener
  }

  interim(status: number, _statusText: string, fields: string): void {
    // HTTP/2 knows no switching of protocols.
    if (this.#state !== "fresh" || this.#isGone || status === 101) return
    this.#stream.additionalHeaders({ ...http2Fields(fields), ":status": status })
  }

  begin(head: ResponseHead): void {
    if (this.#state !== "fresh") throw new Error("the answer has begun")
    this.#state = "begun"
    this.#keeps = head.connection
    this.#isBodyless = this.#tools.method === "HEAD" || head.status === 204 || head.status === 304
    this.#head = head
  }

  whole(head: Omit<ResponseHead, "length">, body: Buffer): void {
    this.begin({ ...head, length: body.length })
    this.write(body)
    this.end([])
  }

  flush(): void {
    this.#sendHead()
  }

  write(chunk: Buffer): boolean {
    if (this.#state !== "begun" || this.#isBodyless || chunk.length === 0) return true
    this.#sendHead()
    if (this.#isGone) return true
    this.#written += chunk.length
    return this.#stream.write(chunk)
  }

  end(rawTrailers: readonly string[]): void {
    if (this.#state !== "begun") return
    this.#trailers = rawTrailers
    this.#sendHead()
    this.#state = "over"
    this.#isWhole = true
    if (!this.#isGone && !this.#isBodyless) this.#stream.end()
    this.#tools.answered(this.#keeps)
    this.closed()
  }

  watchStall(): void {
    this.#stallIsWatched = true
  }

  destroy(): void {
    this.cut(constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** Whatever has been written and was not taken is lost, and the client sees that. */
  cut(code: number): void {
    this.#isTorn = true
    this.#stream.close(code)
  }

  /** Whole, or nobody is there to read it. */
  closed(): void {
    this.#state = "over"
    for (const listener of this.#onClose.splice(0)) listener()
  }

  get #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  #sendHead(): void {
    const head = this.#head
    if (head === undefined || this.#isHeadSent || this.#isGone) return
    this.#isHeadSent = true
    const length = head.length === undefined || head.status === 204 ? {} : { "content-length": head.length }
    const fields = { ...http2Fields(withSecurity(head.fields, this.#tools.securityField)), ...length, ":status": head.status }
    if (this.#isBodyless) this.#stream.respond(fields, { endStream: true })
    else this.#stream.respond(fields, { waitForTrailers: head.length === undefined })
  }
}
