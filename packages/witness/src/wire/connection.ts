// One keep-alive connection of one client: sends a request, reads its answer, and says exactly how it ended.
// Owned by a pool, or by a stream that has it to itself. Repeats nothing by itself.
import { connect as connectTcp } from "node:net"
import type { Socket } from "node:net"
import { performance } from "node:perf_hooks"
import { connect as connectTls } from "node:tls"
import type { FailureKind } from "../result.ts"
import type { Answer } from "../scenario.ts"
import { AnswerParser, MalformedAnswer } from "./answer-parser.ts"
import type { AnswerHead } from "./answer-parser.ts"
import { sendRequest } from "./sending.ts"
import type { Sending, WireRequest } from "./sending.ts"

export interface Patience {
  ms: number
  /** Counted from sending, or, for a stream, which has no end to wait for, from the last byte that came. */
  since: "sending" | "last-byte"
}

/** Reads a stream as it comes; `chunk` then takes the place of the answer's body. */
export interface StreamReader {
  head(head: AnswerHead): void
  chunk(chunk: Buffer): void
}

export interface Broken {
  kind: Extract<FailureKind, "refused" | "reset" | "timeout" | "truncated">
  detail: string
  /** Whether any byte of an answer had come. */
  answerBegan: boolean
  /** From sending to the breach. */
  afterMs: number
}

/** Whoever owns a connection. */
export interface Owner {
  /** Called once, when the connection can carry no more requests. */
  gone(): void
  /** Bytes came that nobody asked for: another user's answer, or one that was sent twice. `request` is the last that was sent. */
  unasked(request: string, detail: string): void
}

/** `isCloseFramed`: only the end of the connection said where the answer ends. */
export type Outcome = { answer: Answer; isCloseFramed: boolean } | { broken: Broken } | { abandoned: true }

interface Exchange {
  head: AnswerHead
  body: Buffer[]
  parser: AnswerParser
  sending: Sending
  patience: Patience
  timer: NodeJS.Timeout
  answerBegan: boolean
  sentAt: number
  settle(outcome: Outcome): void
}

export class Connection {
  readonly #socket: Socket
  readonly #host: string
  readonly #owner: Owner
  #lastRequest = ""
  #exchange: Exchange | undefined
  #connected = false
  #gone = false
  #served = 0
  #idleSince = performance.now()
  #advertisedIdleMs: number | undefined

  constructor(target: URL, owner: Owner) {
    this.#host = target.host
    this.#owner = owner
    const secure = target.protocol === "https:"
    const host = target.hostname.replace(/^\[|\]$/g, "")
    const port = target.port === "" ? (secure ? 443 : 80) : Number(target.port)
    this.#socket = secure ? connectTls({ host, port, servername: host, ALPNProtocols: ["http/1.1"] }) : connectTcp({ host, port })
    this.#socket.setNoDelay(true)
    this.#socket.once(secure ? "secureConnect" : "connect", () => (this.#connected = true))
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk))
    this.#socket.on("end", () => this.#peerEnded())
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error.code ?? error.message))
    this.#socket.on("close", () => this.#break("reset", "the connection closed before the answer was whole"))
  }

  get usable(): boolean {
    return !this.#gone
  }

  /** Has carried a request before. */
  get reused(): boolean {
    return this.#served > 0
  }

  get idleForMs(): number {
    return performance.now() - this.#idleSince
  }

  /** How long the server has said it keeps an idle connection, if it has. */
  get advertisedIdleMs(): number | undefined {
    return this.#advertisedIdleMs
  }

  /** Sends one request; never rejects. The caller waits for the outcome before it sends another. */
  send(request: WireRequest, patience: Patience, stream?: StreamReader): Promise<Outcome> {
    this.#lastRequest = `${request.method} ${request.path.split("?", 1)[0]}`
    return new Promise((settle) => {
      const body: Buffer[] = []
      const parser = new AnswerParser(request.method, {
        head: (head) => {
          exchange.head = head
          stream?.head(head)
        },
        body: (chunk) => (stream === undefined ? void body.push(chunk) : stream.chunk(chunk)),
      })
      const timer = setTimeout(() => this.#outOfPatience(patience), patience.ms)
      const sending = sendRequest(this.#socket, this.#host, request)
      const exchange: Exchange = {
        head: { status: 0, headers: new Map() },
        body,
        parser,
        sending,
        patience,
        timer,
        answerBegan: false,
        sentAt: performance.now(),
        settle,
      }
      this.#exchange = exchange
    })
  }

  /** Ends the connection from this side; a request under way is given up without blame. */
  close(): void {
    this.#settle({ abandoned: true })
    this.#leave()
  }

  #read(chunk: Buffer): void {
    const exchange = this.#exchange
    // Bytes that nobody asked for: the next answer could not be told from them.
    if (exchange === undefined) {
      if (!isFarewell(chunk)) this.#owner.unasked(this.#lastRequest, `unasked: ${JSON.stringify(chunk.toString("latin1", 0, 80))}`)
      return this.#leave()
    }
    exchange.answerBegan = true
    if (exchange.patience.since === "last-byte") exchange.timer.refresh()
    try {
      exchange.parser.push(chunk)
    } catch (thrown) {
      if (!(thrown instanceof MalformedAnswer)) throw thrown
      return this.#break("truncated", `malformed answer: ${thrown.message}`)
    }
    if (exchange.parser.done) this.#complete(exchange)
  }

  #complete({ head, body, parser, sending }: Exchange): void {
    this.#served += 1
    this.#idleSince = performance.now()
    const seconds = /timeout=(\d+)/.exec(head.headers.get("keep-alive") ?? "")?.[1]
    if (seconds !== undefined) this.#advertisedIdleMs = Number(seconds) * 1_000
    // Left before the outcome is told, so that the owner sees at once whether it may be used again.
    if (!parser.reusable || !sending.finished) this.#leave()
    if (parser.surplus > 0) this.#owner.unasked(this.#lastRequest, `${parser.surplus} bytes more than the answer`)
    this.#settle({
      isCloseFramed: parser.isCloseFramed,
      answer: { ...head, body: body.length === 1 && body[0] !== undefined ? body[0] : Buffer.concat(body) },
    })
  }

  #peerEnded(): void {
    const exchange = this.#exchange
    if (exchange?.parser.end() === true) this.#complete(exchange)
    else if (exchange?.answerBegan === true) this.#break("truncated", "the connection ended in the middle of the answer")
    else this.#break("reset", "the connection ended without an answer")
  }

  #failed(code: string): void {
    if (this.#connected) this.#break("reset", `the connection broke: ${code}`)
    else if (outOfSockets.has(code)) this.#break("timeout", `not sent for lack of sockets: ${code}`)
    else this.#break("refused", `no connection: ${code}`)
  }

  #outOfPatience({ ms, since }: Patience): void {
    this.#break("timeout", since === "sending" ? `no whole answer within ${ms} ms` : `no byte for ${ms} ms`)
  }

  #break(kind: Broken["kind"], detail: string): void {
    this.#settle({
      broken: {
        kind,
        detail,
        answerBegan: this.#exchange?.answerBegan ?? false,
        afterMs: performance.now() - (this.#exchange?.sentAt ?? 0),
      },
    })
    this.#leave()
  }

  #settle(outcome: Outcome): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#exchange = undefined
    clearTimeout(exchange.timer)
    exchange.sending.stop()
    exchange.settle(outcome)
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.#socket.destroy()
    this.#owner.gone()
  }
}

/** Some servers say so while they close an idle connection (RFC 9110, 15.5.9). */
const isFarewell = (chunk: Buffer) => /^HTTP\/1\.[01] 408/.test(chunk.toString("latin1", 0, 12))

const outOfSockets = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL", "ENOBUFS"])
