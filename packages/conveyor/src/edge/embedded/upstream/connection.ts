// One connection to a copy, which carries one question after the other and is kept between them, for a shorter time than
// the copy keeps it. Made and kept by the upstreams.
import { connect } from "node:net"
import type { Socket } from "node:net"
import { seconds } from "../../../kernel/time/duration.ts"
import type { Target } from "../../edge.ts"
import type { EdgeSettings } from "../settings.ts"
import { Malformed } from "../http1/fields.ts"
import type { AnswerHead } from "./answer-head.ts"
import { AnswerReader } from "./answer-reader.ts"
import { Asking, TookTooLong } from "./asking.ts"
import type { Breach, Line, Question } from "./asking.ts"

export interface ConnectionOwner {
  /** It waits for its next question. */
  free(connection: Connection): void
  gone(connection: Connection): void
}

/** The copy's own idle time is taken for so much shorter: both clocks and the way between them take time. */
const keepMarginMs = seconds(1)

export class Connection implements Line {
  #address: string
  #settings: EdgeSettings
  #owner: ConnectionOwner
  #socket: Socket
  #reader: AnswerReader
  #asking: Asking | undefined
  #cause: Error | undefined
  #state: "connecting" | "open" | "lost" = "connecting"
  #questions = 0
  #freeSince = 0
  #hasHeard = false
  #hasSwitched = false
  #keepsMs = Infinity
  #idle: { ms: number; timer: NodeJS.Timeout } | undefined
  #connectTimer: NodeJS.Timeout
  #answerTimer: NodeJS.Timeout | undefined

  constructor({ host, port }: Target, settings: EdgeSettings, owner: ConnectionOwner) {
    this.#address = `${host}:${port}`
    this.#settings = settings
    this.#owner = owner
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true })
    this.#reader = new AnswerReader(
      {
        interim: (head) => this.#asking?.interim(head),
        head: (head) => this.#beginAnswer(head),
        data: (chunk) => this.#asking?.data(chunk),
        end: (rawTrailers) => this.#asking?.answerEnded(rawTrailers),
      },
      settings.maxAnswerHeadBytes,
    )
    const late = () => this.break(new TookTooLong(`no connection within ${settings.connectTimeoutMs} ms`))
    this.#connectTimer = setTimeout(late, settings.connectTimeoutMs)
    this.#listen()
  }

  /** For how long it has waited for its next question. */
  get idleMs(): number {
    return performance.now() - this.#freeSince
  }

  get isUsable(): boolean {
    return this.#state === "open" && !this.#socket.destroyed
  }

  ask(question: Question): Asking {
    const asking = new Asking(question, this.#address, this)
    this.#asking = asking
    this.#questions++
    this.#hasHeard = false
    this.#reader.begin(question.method)
    if (this.#state === "open") asking.start()
    return asking
  }

  close(): void {
    this.#socket.destroy()
  }

  write(data: string | Buffer): boolean {
    return typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data)
  }

  cork(): void {
    this.#socket.cork()
  }

  uncork(): void {
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  sent(): void {
    if (this.#reader.isDone) return this.#release()
    // One timer for all questions of the connection: when it fires, the last of them has waited that long.
    this.#answerTimer ??= setTimeout(() => this.#missAnswer(), this.#settings.answerTimeoutMs).unref()
    this.#answerTimer.refresh()
  }

  break(cause: Error): void {
    const asking = this.#asking
    const breach = { cause, connection: this.#breachState() }
    this.#asking = undefined
    this.#state = "lost"
    this.#socket.destroy()
    asking?.broke(breach)
  }

  #listen(): void {
    this.#socket.on("connect", this.#onConnect).on("data", this.#onData).on("drain", this.#onDrain)
    this.#socket.on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose)
  }

  #listenNoMore(): void {
    this.#socket.off("connect", this.#onConnect).off("data", this.#onData).off("drain", this.#onDrain)
    this.#socket.off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose)
  }

  #onConnect = (): void => {
    clearTimeout(this.#connectTimer)
    this.#state = "open"
    this.#asking?.start()
  }

  #onData = (chunk: Buffer): void => this.#read(chunk)

  #onDrain = (): void => this.#asking?.onDrain()

  #onEnd = (): void => {
    try {
      this.#reader.finish()
      this.break(new Error("the copy closed the connection"))
    } catch (thrown) {
      this.break(asError(thrown))
    }
  }

  #onError = (cause: Error): void => {
    this.#cause = cause
  }

  #onClose = (): void => {
    for (const timer of [this.#connectTimer, this.#idle?.timer, this.#answerTimer]) clearTimeout(timer)
    this.break(this.#cause ?? new Error("the copy closed the connection"))
    this.#owner.gone(this)
  }

  #read(chunk: Buffer): void {
    this.#hasHeard = true
    // Nobody asked for what comes between two answers, and nobody may get it as an answer.
    if (this.#reader.isDone) return this.break(new Error("the copy sent more than its answer"))
    try {
      const rest = this.#reader.read(chunk)
      if (this.#reader.isDone) this.#endAnswer(rest)
    } catch (thrown) {
      this.break(asError(thrown))
    }
  }

  #beginAnswer(head: AnswerHead): void {
    this.#keepsMs = this.#asking?.purpose === "answer" ? head.keepsMs : 0
    this.#hasSwitched = head.status === 101
    if (this.#hasSwitched && this.#asking?.purpose !== "upgrade") throw new Malformed("the copy switched protocols unasked")
    this.#asking?.answered(head)
  }

  #endAnswer(rest: Buffer): void {
    if (this.#hasSwitched) return this.#handOver(rest)
    if (rest.length > 0) this.#keepsMs = 0
    if (this.#asking?.isSent === true) this.#release()
  }

  /** The question is sent and its answer whole. */
  #release(): void {
    this.#asking?.over()
    this.#asking = undefined
    const ms = Math.min(this.#settings.upstreamIdleMs, this.#keepsMs - keepMarginMs)
    if (ms <= 0 || this.#state === "lost") {
      this.#socket.destroy()
      return
    }
    if (this.#idle?.ms !== ms) {
      clearTimeout(this.#idle?.timer)
      this.#idle = { ms, timer: setTimeout(() => this.#letGo(), ms).unref() }
    }
    this.#idle.timer.refresh()
    this.#freeSince = performance.now()
    this.#socket.resume()
    this.#owner.free(this)
  }

  #letGo(): void {
    if (this.#asking === undefined) this.#socket.destroy()
  }

  #missAnswer(): void {
    if (this.#asking?.isSent !== true || this.#asking.isAnswered) return
    this.break(new TookTooLong(`no answer within ${this.#settings.answerTimeoutMs} ms`))
  }

  #handOver(head: Buffer): void {
    const [asking, socket] = [this.#asking, this.#socket]
    this.#asking = undefined
    clearTimeout(this.#answerTimer)
    this.#listenNoMore()
    // What the copy says now waits for whoever takes the socket.
    socket.pause()
    this.#owner.gone(this)
    asking?.switched(socket, head)
  }

  #breachState(): Breach["connection"] {
    if (this.#state === "connecting") return "connecting"
    return this.#questions > 1 && !this.#hasHeard ? "reused-and-silent" : "in-use"
  }
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
