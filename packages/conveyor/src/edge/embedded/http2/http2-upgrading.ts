// A WebSocket over HTTP/2 (RFC 8441): the stream itself is the tunnel. Made by the client's stream.
import type { Duplex } from "node:stream"
import type { ServerHttp2Stream } from "node:http2"
import { constants } from "node:http2"
import type { Conclusion, Upgrading } from "../client/upgrading.ts"
import { fieldsOfAnswer, bodyOfAnswer } from "../requests/answers.ts"
import type { EdgeAnswer } from "../requests/answers.ts"
import { http2Fields } from "./http2-fields.ts"

export class Http2Upgrading implements Upgrading {
  readonly stream: Duplex
  readonly early = Buffer.alloc(0)
  #stream: ServerHttp2Stream
  #bodyCame: (bytes: number) => void
  #isServed = false

  constructor(stream: ServerHttp2Stream, bodyCame: (bytes: number) => void) {
    this.#stream = stream
    this.#bodyCame = bodyCame
    this.stream = stream
  }

  /** Whether its client has heard anything. */
  get isServed(): boolean {
    return this.#isServed
  }

  accept({ fields }: Conclusion): void {
    // The key was the edge's own, and so is what proves that it was read.
    const { "sec-websocket-accept": _accepted, ...rest } = http2Fields(fields)
    this.#respond({ ...rest, ":status": 200 })
    this.#stream.on("data", (chunk: Buffer) => this.#bodyCame(chunk.length))
  }

  refuse(answer: EdgeAnswer): void {
    this.#respond({ ...http2Fields(fieldsOfAnswer(answer)), ":status": answer.status })
    this.#stream.end(bodyOfAnswer(answer))
    this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }

  answerPlainly({ status, fields }: Conclusion): void {
    this.#respond({ ...http2Fields(fields), ":status": status })
  }

  #respond(headers: Parameters<ServerHttp2Stream["respond"]>[0]): void {
    this.#isServed = true
    if (!this.#stream.destroyed && !this.#stream.closed) this.#stream.respond(headers)
  }
}
