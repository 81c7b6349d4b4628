// One connection of a client: its requests are read and answered one at a time, in order. What a client pipelines waits,
// within a bound, and each next request waits for its turn among all connections. Made for a socket when it is known that
// HTTP/1.1 is spoken on it; told from time to time to look at its limits.
import type { Socket } from "node:net"
import { BodyReader } from "../http1/body-reader.ts"
import { Malformed, refuseLoneLineFeeds } from "../http1/fields.ts"
import type { Cuts } from "../requests/cuts.ts"
import { edgeAnswers, headAndBodyOf } from "../requests/answers.ts"
import type { EdgeAnswer } from "../requests/answers.ts"
import { RequestBody } from "../requests/request-body.ts"
import type { EdgeSettings } from "../settings.ts"
import type { ClientResponse } from "./client-response.ts"
import { ClientRequest } from "./client-request.ts"
import type { Clients } from "./clients.ts"
import type { Peer } from "./client-request.ts"
import { Http1Response } from "./http1-response.ts"
import type { ResponseLine } from "./http1-response.ts"
import { Http1Upgrading } from "./upgrading.ts"
import type { Upgrading } from "./upgrading.ts"
import { Progress } from "./progress.ts"
import { BadRequest, checkRequestLine, readRequestHead } from "./request-head.ts"
import type { RequestHead } from "./request-head.ts"
import type { Connection } from "./connections.ts"

export interface ConnectionTools {
  settings: EdgeSettings
  clients: Clients
  keptFields: string
  /** A line that every answer to a client of TLS has, unless it says the same itself; "" where there is none. */
  securityField: string
  /** Aborted when the edge is told to stop: answers then close their connections. */
  stopping: AbortSignal
  /** In ms. */
  now(): number
  carry(request: ClientRequest, response: ClientResponse): void
  /** What the client's side of the tunnel is made of is the upgrade's from then on. */
  carryUpgrade(request: ClientRequest, upgrading: Upgrading): void
  /** When a version's requests are cut off, in ms of the clock; undefined where nothing ends it. */
  deadlineOf(version: string): number | undefined
  cuts: Cuts
}

type Phase = "idle" | "head" | "request" | "closing" | "handed-over"

const headEnd = Buffer.from("\r\n\r\n")
const lineEnd = Buffer.from("\r\n")
const nothing = Buffer.alloc(0)
const [carriageReturn, lineFeed] = [0x0d, 0x0a]
/** So much of what a client sends before its turn is kept; then its connection is read no further. */
const pipelinedBytesAtMost = 65_536

export class ClientConnection implements Connection, ResponseLine {
  #socket: Socket
  #tools: ConnectionTools
  #peer: Peer
  #phase: Phase = "idle"
  #since: number
  /** What has come and waits: half a head, a piece of a body's framing, or the requests behind this one. */
  #rest: Buffer = nothing
  #body: BodyReader
  #request: ClientRequest | undefined
  #response: Http1Response | undefined
  #sending = new Progress()
  #hasEnded = false
  #isPaused = false
  #writtenAt = 0
  #stallIsWatched = false

  constructor(socket: Socket, peer: Peer, now: number, tools: ConnectionTools) {
    this.#socket = socket
    this.#peer = peer
    this.#tools = tools
    this.#since = now
    this.#body = new BodyReader(
      { data: (chunk) => this.#request?.body.push(chunk), end: (trailers) => this.#endBody(trailers) },
      { trailerBytes: tools.settings.maxHeaderBytes },
    )
    socket.on("data", this.#onData).on("end", this.#onEnd).on("drain", this.#onDrain)
    socket.on("error", this.#onError).on("close", this.#onClose).on("timeout", this.#onTimeout)
  }

  get isIdle(): boolean {
    return this.#phase === "idle"
  }

  get since(): number {
    return this.#since
  }

  /** Its end is told by the kernel, whatever becomes of this process. */
  get isLeaving(): boolean {
    return false
  }

  get isGone(): boolean {
    return this.#socket.destroyed || this.#phase === "closing"
  }

  get isStopping(): boolean {
    return this.#tools.stopping.aborted || this.#hasEnded
  }

  get keptFields(): string {
    return this.#tools.keptFields
  }

  get securityField(): string {
    return this.#peer.isEncrypted ? this.#tools.securityField : ""
  }

  get writableLength(): number {
    return this.#socket.writableLength
  }

  check(now: number): void {
    const { settings } = this.#tools
    const lasted = now - this.#since
    switch (this.#phase) {
      case "idle":
        if (lasted > settings.clientIdleMs) this.#close(now)
        return
      case "head":
        if (lasted > settings.headersTimeoutMs) this.#refuse(edgeAnswers.tooSlow)
        return
      case "closing":
        if (lasted > (this.#socket.writableFinished ? settings.lingerMs : settings.stalledClientMs)) this.#socket.destroy()
        return
      case "request":
        return this.#checkRequest(now)
      default:
    }
  }

  closeIdle(): void {
    if (this.isIdle) this.#close(this.#since)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  write(data: string | Buffer): boolean {
    this.#writtenAt = 0
    return typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data)
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  watchStall(): void {
    this.#stallIsWatched = true
    this.#socket.setTimeout(this.#tools.settings.stalledClientMs)
  }

  answered(keeps: "kept" | "closed"): void {
    if (this.#stallIsWatched) {
      this.#stallIsWatched = false
      this.#socket.setTimeout(0)
    }
    if (keeps === "closed") return this.#close(undefined)
    if (this.#body.isDone) this.#beReadyForNext()
    else this.#request?.body.discardRest()
  }

  /** The body is wanted again. */
  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#sending.begin()
    // Its turn comes behind what others have to read: a body as fast as we are would keep everybody else waiting.
    setImmediate(() => {
      if (!this.#isPaused) this.#socket.resume()
    })
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  #onData = (chunk: Buffer): void => {
    if (this.#phase === "closing") return
    this.#sending.add(chunk.length)
    this.#read(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]))
  }

  #onEnd = (): void => {
    this.#hasEnded = true
    if (this.#phase !== "request") this.#close(undefined)
    else if (!this.#body.isDone) this.#breakOff(edgeAnswers.notWhole)
  }

  #onDrain = (): void => this.#response?.drained()

  #onTimeout = (): void => {
    // Silence alone is no stall: an answer may be slow in coming.
    if (this.#socket.writableLength === 0) return
    this.#tools.cuts.stalled(this.#response?.version, this.#tools.settings.stalledClientMs)
    this.#socket.destroy()
  }

  #onError = (): void => {
    this.#socket.destroy()
  }

  #onClose = (): void => {
    this.#phase = "closing"
    const [request, response] = [this.#request, this.#response]
    this.#request = undefined
    this.#response = undefined
    request?.body.lost()
    response?.closed()
  }

  #read(bytes: Buffer): void {
    this.#rest = nothing
    if (this.#phase === "request") {
      const left = this.#body.isDone ? bytes : this.#readBody(bytes)
      if (this.#phase === "request") this.#hold(left)
      // The body ended behind its answer: what follows is the next request.
      else if (this.#phase === "idle" && left.length > 0) this.#takeNext(left)
      return
    }
    this.#readHead(bytes)
  }

  #hold(bytes: Buffer): void {
    this.#rest = bytes
    if (bytes.length > pipelinedBytesAtMost && this.#body.isDone) this.pause()
  }

  #readHead(bytes: Buffer): void {
    const head = withoutEmptyLines(bytes)
    if (head.length === 0) return
    if (this.#phase === "idle") {
      this.#phase = "head"
      this.#since = this.#tools.now()
    }
    try {
      const end = head.indexOf(headEnd)
      if ((end < 0 ? head.length : end) > this.#tools.settings.maxHeaderBytes) throw new BadRequest("headTooLarge", "the head is too long")
      if (end >= 0) return this.#begin(readRequestHead(head.toString("latin1", 0, end + 2), this.#tools.settings), head.subarray(end + 4))
      checkUnfinishedHead(head)
      this.#rest = head
    } catch (thrown) {
      this.#refuse(edgeAnswers[answerFor(thrown)])
    }
  }

  #begin(head: RequestHead, rest: Buffer): void {
    const { maxBodyBytes } = this.#tools.settings
    const request = new ClientRequest(head, this.#peer, new RequestBody(head, maxBodyBytes, this))
    const response = new Http1Response(this, head)
    this.#phase = "request"
    this.#request = request
    this.#response = response
    this.#sending.begin()
    this.#body.begin(head.framing)
    this.#rest = this.#body.isDone ? rest : this.#readBody(rest)
    if (this.#response !== response) return
    if (head.isWebSocketUpgrade) return this.#handOver(request)
    this.#tools.carry(request, response)
  }

  /** Gives what comes behind the body, or is too little of it to be understood. */
  #readBody(bytes: Buffer): Buffer {
    try {
      return bytes.subarray(this.#body.read(bytes))
    } catch (thrown) {
      this.#breakOff(edgeAnswers[answerFor(thrown)])
      return nothing
    }
  }

  #endBody(rawTrailers: string[]): void {
    this.#request?.body.finish(rawTrailers)
    if (this.#response?.isWhole === true) this.#beReadyForNext()
  }

  #beReadyForNext(): void {
    this.#phase = "idle"
    this.#since = this.#tools.now()
    this.#request = undefined
    this.#response = undefined
    if (this.#rest.length > 0) this.#takeNext(this.#rest)
    else if (this.#hasEnded) this.#close(undefined)
  }

  /** One request a turn for every connection: however many a client sends at once, nobody else waits for more than one of them. */
  #takeNext(bytes: Buffer): void {
    this.#rest = bytes
    setImmediate(() => {
      if (this.#phase !== "idle") return
      this.resume()
      this.#read(this.#rest)
    })
  }

  #handOver(request: ClientRequest): void {
    const head = this.#rest
    this.#phase = "handed-over"
    this.#request = undefined
    this.#response = undefined
    this.#rest = nothing
    this.#socket.off("data", this.#onData).off("end", this.#onEnd).off("drain", this.#onDrain)
    this.#socket.off("error", this.#onError).off("close", this.#onClose).off("timeout", this.#onTimeout)
    this.#socket.pause()
    this.#tools.carryUpgrade(request, new Http1Upgrading(this.#socket, head))
  }

  #checkRequest(now: number): void {
    const [request, response, { settings }] = [this.#request, this.#response, this.#tools]
    if (!this.#body.isDone && !this.#isPaused && this.#sending.isTooSlow(now, settings)) return this.#breakOff(edgeAnswers.tooSlow)
    if (request === undefined || response === undefined) return
    if (response.version !== undefined && now > (this.#tools.deadlineOf(response.version) ?? Infinity)) {
      this.#tools.cuts.atDeadline(response.version)
      return this.#breakOff(edgeAnswers.retired)
    }
    if (this.#writtenAt === 0) this.#writtenAt = now
    // Whoever has closed one side may have closed both: only what it still takes tells.
    if (this.#hasEnded && now - this.#writtenAt > settings.halfClosedMs) this.#socket.destroy()
  }

  /** Ends the request under way: with an answer where none has begun, else visibly. */
  #breakOff(answer: EdgeAnswer): void {
    if (this.#response?.hasBegun === true || this.#response === undefined) {
      this.#socket.destroy()
      return
    }
    const [request, response] = [this.#request, this.#response]
    this.#refuse(answer)
    this.#request = undefined
    this.#response = undefined
    request?.body.lost()
    response.closed()
  }

  #refuse(answer: EdgeAnswer): void {
    this.#socket.write(headAndBodyOf(answer, "Connection: close\r\n"), "latin1")
    this.#close(undefined)
  }

  /** Says that no more will come, and reads on for a moment: unread bytes would make of the end a reset, which can overtake the answer. */
  #close(now: number | undefined): void {
    if (this.#phase === "closing") return
    this.#phase = "closing"
    this.#since = now ?? this.#tools.now()
    this.#rest = nothing
    this.#isPaused = false
    this.#socket.resume()
    if (this.#hasEnded) this.#socket.destroySoon()
    else this.#socket.end()
  }
}

function withoutEmptyLines(bytes: Buffer): Buffer {
  let at = 0
  while (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) at += 2
  // A lone carriage return may be half of an empty line.
  return at === 0 ? bytes : bytes.subarray(at)
}

/** What can become no head is refused at once, and not when its time is over. @throws BadRequest, Malformed */
function checkUnfinishedHead(bytes: Buffer): void {
  refuseLoneLineFeeds(bytes)
  const end = bytes.indexOf(lineEnd)
  checkRequestLine(bytes.toString("latin1", 0, end < 0 ? bytes.length : end + 2), end < 0 ? "beginning" : "whole")
}

function answerFor(thrown: unknown): keyof typeof edgeAnswers {
  if (thrown instanceof BadRequest) return thrown.answer
  if (thrown instanceof Malformed) return "badRequest"
  throw thrown
}
