// One request over HTTP/2: its body on the way to whoever answers it, its answer on the way back, and the limits of both. Made by
// the connection; told from time to time to look at its limits.
import { constants } from "node:http2"
import type { ServerHttp2Stream } from "node:http2"
import { ClientRequest } from "../client/client-request.ts"
import type { Peer } from "../client/client-request.ts"
import type { ConnectionTools } from "../client/client-connection.ts"
import { Progress } from "../client/progress.ts"
import { BadRequest } from "../client/request-head.ts"
import type { RequestHead } from "../client/request-head.ts"
import { answerWith, edgeAnswers } from "../requests/answers.ts"
import type { EdgeAnswer } from "../requests/answers.ts"
import { RequestBody } from "../requests/request-body.ts"
import { readHttp2Head } from "./http2-head.ts"
import { Http2Response } from "./http2-response.ts"
import { Http2Upgrading } from "./http2-upgrading.ts"

export interface StreamTools extends ConnectionTools {
  peer: Peer
  bodyCame: (bytes: number) => void
  /** "early" where the client did not wait for the answer, or has broken the protocol. */
  over: (how: "answered" | "early") => void
}

export class ClientStream {
  #stream: ServerHttp2Stream
  #tools: StreamTools
  #response: Http2Response
  #body: RequestBody | undefined
  #progress = new Progress()
  #trailers: string[] = []
  #upgrading: Http2Upgrading | undefined
  /** How much the client had taken, and since when it is no more. */
  #progressed: { bytes: number; since: number }

  constructor(stream: ServerHttp2Stream, method: string, tools: StreamTools) {
    this.#stream = stream
    this.#tools = tools
    this.#progressed = { bytes: 0, since: tools.now() }
    this.#response = new Http2Response(stream, { method, securityField: tools.securityField, answered: (keeps) => this.#answered(keeps) })
    stream.on("error", () => stream.close())
    stream.once("close", () => this.#closed())
  }

  /** `raw` has names and values in turn. */
  begin(raw: readonly string[]): void {
    const body = this.#stream.endAfterHeaders ? "none" : "follows"
    const isTunnel = raw.includes(":protocol")
    const head = this.#read(raw, isTunnel ? "none" : body)
    if (head === undefined) return
    this.#body = new RequestBody(head, this.#tools.settings.maxBodyBytes, {
      pause: () => this.#stream.pause(),
      resume: () => this.#resume(),
    })
    const request = new ClientRequest(head, this.#tools.peer, this.#body)
    if (head.isWebSocketUpgrade) {
      this.#upgrading = new Http2Upgrading(this.#stream, this.#tools.bodyCame)
      return this.#tools.carryUpgrade(request, this.#upgrading)
    }
    this.#listen(this.#body, body)
    this.#tools.carry(request, this.#response)
  }

  check(now: number): void {
    const { settings, cuts } = this.#tools
    const response = this.#response
    const waitsForBody = this.#body?.isWhole === false && !this.#stream.isPaused()
    if (waitsForBody && this.#progress.isTooSlow(now, settings)) return this.#breakOff(edgeAnswers.tooSlow)
    if (response.version !== undefined && !response.isOver && now > (this.#tools.deadlineOf(response.version) ?? Infinity)) {
      cuts.atDeadline(response.version)
      return this.#breakOff(edgeAnswers.retired)
    }
    if (this.#isStalled(now)) {
      cuts.stalled(response.version, settings.stalledClientMs)
      this.#response.cut(constants.NGHTTP2_CANCEL)
    }
  }

  #read(raw: readonly string[], body: "none" | "follows"): RequestHead | undefined {
    try {
      return readHttp2Head(raw, body, this.#tools.settings)
    } catch (thrown) {
      if (!(thrown instanceof BadRequest)) throw thrown
      this.#stream.resume()
      answerWith(this.#response, edgeAnswers[thrown.answer], "", "closed")
      return undefined
    }
  }

  #listen(body: RequestBody, kind: "none" | "follows"): void {
    if (kind === "none") {
      this.#stream.resume()
      return body.finish([])
    }
    this.#progress.begin()
    this.#stream.on("data", (chunk: Buffer) => {
      this.#progress.add(chunk.length)
      this.#tools.bodyCame(chunk.length)
      body.push(chunk)
    })
    this.#stream.on("trailers", (_headers, _flags, raw) => (this.#trailers = raw.filter((each) => typeof each === "string")))
    // A stream that was reset ends too.
    this.#stream.once("end", () => (this.#stream.aborted || this.#stream.closed ? body.lost() : body.finish(this.#trailers)))
  }

  #resume(): void {
    this.#progress.begin()
    // Its turn comes behind what others have to read.
    setImmediate(() => this.#stream.resume())
  }

  /** Nothing of what waits was taken for too long. */
  #isStalled(now: number): boolean {
    const taken = this.#response.takenBytes
    if (this.#response.waitingBytes === 0 || taken !== this.#progressed.bytes) {
      this.#progressed = { bytes: taken, since: now }
      return false
    }
    return (this.#response.stallIsWatched || this.#response.isOver) && now - this.#progressed.since > this.#tools.settings.stalledClientMs
  }

  #breakOff(answer: EdgeAnswer): void {
    if (this.#response.hasBegun) return this.#response.cut(constants.NGHTTP2_CANCEL)
    answerWith(this.#response, answer, "", "closed")
    this.#body?.lost()
  }

  /** A client that still sends is told that nobody listens any more. */
  #answered(keeps: "kept" | "closed"): void {
    this.#tools.over("answered")
    if (keeps === "closed") this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }

  #closed(): void {
    const isServed = this.#upgrading?.isServed ?? (this.#response.isWhole || this.#response.isTorn)
    if (!isServed) this.#tools.over("early")
    this.#body?.lost()
    this.#response.closed()
  }
}
