// Holds one WebSocket open and says how it ended. Called by stream sessions.
import { performance } from "node:perf_hooks"
import { WebSocket } from "ws"
import type { Failure } from "./perform.ts"
import { judgeStatus } from "./perform.ts"

export interface WebSocketOptions {
  target: URL
  path: string
  silentForMs: number
  handshakeMs: number
  say?: { everyMs: number; message(): string }
  /** Headers of the answer that opened the socket, by lower-case name. */
  opened(headers: NodeJS.Dict<string | string[]>, latencyMs: number): void
  signal: AbortSignal
}

/** `refused` never opened; `closed` did, with the code that the server gave, 1006 where it gave none; `left` was closed from this side. */
export type WebSocketEnd = { refused: Failure; latencyMs: number } | { closed: number; reason: string } | { silent: Failure } | "left"

const leaveWithinMs = 1_000

export function holdWebSocket(options: WebSocketOptions): Promise<WebSocketEnd> {
  if (options.signal.aborted) return Promise.resolve("left")
  return new Promise((resolve) => new HeldSocket(options, resolve))
}

class HeldSocket {
  readonly #options: WebSocketOptions
  readonly #resolve: (end: WebSocketEnd) => void
  readonly #socket: WebSocket
  readonly #startedAt = performance.now()
  readonly #silence: NodeJS.Timeout
  #talk: NodeJS.Timeout | undefined
  #opened = false
  #failure: Failure = { kind: "refused", detail: "no connection" }

  constructor(options: WebSocketOptions, resolve: (end: WebSocketEnd) => void) {
    this.#options = options
    this.#resolve = resolve
    const url = new URL(options.path, options.target)
    url.protocol = options.target.protocol === "https:" ? "wss:" : "ws:"
    this.#socket = new WebSocket(url, { handshakeTimeout: options.handshakeMs, perMessageDeflate: false })
    this.#silence = setTimeout(() => this.#fellSilent(), options.silentForMs)
    options.signal.addEventListener("abort", this.#leave)

    this.#socket.on("upgrade", ({ headers }) => options.opened(headers, this.#ageMs()))
    this.#socket.on("open", () => this.#open())
    this.#socket.on("message", () => this.#silence.refresh())
    this.#socket.on("ping", () => this.#silence.refresh())
    this.#socket.on("unexpected-response", (_, { statusCode = 0 }) => {
      this.#failure = judgeStatus({ status: statusCode, body: Buffer.alloc(0) }, [101]) ?? this.#failure
      this.#socket.terminate()
    })
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#note(error))
    this.#socket.on("close", (code, reason) =>
      this.#end(this.#opened ? { closed: code, reason: reason.toString() } : { refused: this.#failure, latencyMs: this.#ageMs() }),
    )
  }

  #open(): void {
    this.#opened = true
    const { say } = this.#options
    if (say !== undefined) this.#talk = setInterval(() => this.#socket.send(say.message()), say.everyMs)
  }

  /** The first error names the cause; what follows from it does not. */
  #note({ code, message }: NodeJS.ErrnoException): void {
    if (this.#failure.detail !== "no connection") return
    if (message.includes("handshake has timed out")) this.#failure = { kind: "timeout", detail: message }
    else this.#failure = { kind: code === "ECONNRESET" ? "reset" : "refused", detail: code ?? message }
  }

  #fellSilent(): void {
    this.#end({ silent: { kind: "timeout", detail: `no message for ${this.#options.silentForMs} ms` } })
    this.#socket.terminate()
  }

  readonly #leave = (): void => {
    this.#end("left")
    this.#socket.close(1_000)
    setTimeout(() => this.#socket.terminate(), leaveWithinMs).unref()
  }

  #ageMs(): number {
    return performance.now() - this.#startedAt
  }

  #end(end: WebSocketEnd): void {
    clearTimeout(this.#silence)
    clearInterval(this.#talk)
    this.#options.signal.removeEventListener("abort", this.#leave)
    this.#resolve(end)
  }
}
