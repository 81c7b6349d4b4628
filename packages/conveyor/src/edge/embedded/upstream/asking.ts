// One question to one copy over one connection: what is sent of it, and what becomes of it. Nothing is retried here: whoever
// asked decides by the outcome whether to ask again. Made by the upstreams; told by its connection of each part of the answer.
import type { Socket } from "node:net"
import { joined, joinedBytes, linesOf } from "../http1/joined.ts"
import { Answer } from "./answer.ts"
import type { AnswerHead } from "./answer-head.ts"

export interface Question {
  method: string
  path: string
  /** Lines with their line breaks, "Host" first, with the ones that frame the body; "Connection" is the edge's own to say. */
  fields: string
  body: "plain" | "chunked"
  /** What the connection is for, as its "Connection" header says. */
  purpose: "answer" | "upgrade"
  /** Called once the connection stands: sends the body, and ends it. */
  send: (sending: Sending) => void
  /** A head before the answer proper: "100 Continue", "103 Early Hints". */
  onInterim?: (head: AnswerHead) => void
}

/** The way of a request's body to the copy. */
export interface Sending {
  /** False where no more is to be written until `onDrain`. */
  write(chunk: Buffer): boolean
  end(rawTrailers: readonly string[]): void
  cancel(cause: Error): void
  onDrain: () => void
  /** Called where the way has gone before the body's end. */
  onLost: () => void
}

export type Outcome =
  | { kind: "answered"; answer: Answer }
  | { kind: "switched"; answer: Answer; socket: Socket; head: Buffer }
  /** Not a byte reached the copy. */
  | { kind: "not-sent"; cause: Error }
  /** A kept connection was closed under the request before a byte of the answer: the copy had let go of it. */
  | { kind: "stale"; cause: Error }
  | { kind: "broke-off"; cause: Error }
  | { kind: "timed-out"; cause: Error }

/** How far the connection was when it broke. */
export interface Breach {
  cause: Error
  connection: "connecting" | "reused-and-silent" | "in-use"
}

/** What an asking needs of its connection. */
export interface Line {
  pause(): void
  resume(): void
  write(data: string | Buffer): boolean
  cork(): void
  uncork(): void
  /** Everything is sent: from now on the copy's time to answer runs. */
  sent(): void
  break(cause: Error): void
}

export class TookTooLong extends Error {}

export class Asking implements Sending {
  readonly outcome: Promise<Outcome>
  onDrain: () => void = () => {}
  onLost: () => void = () => {}
  #question: Question
  #line: Line
  #unsentHead: string
  #isChunked: boolean
  #isSent = false
  #isOver = false
  #answer: Answer | undefined
  #settle: (outcome: Outcome) => void = () => {}

  constructor(question: Question, host: string, line: Line) {
    this.#question = question
    this.#line = line
    this.#unsentHead = headOf(question, host)
    this.#isChunked = question.body === "chunked"
    this.outcome = new Promise((resolve) => (this.#settle = resolve))
  }

  get purpose(): Question["purpose"] {
    return this.#question.purpose
  }

  get isSent(): boolean {
    return this.#isSent
  }

  get isAnswered(): boolean {
    return this.#answer !== undefined
  }

  start(): void {
    this.#question.send(this)
    // What there is of the body has gone with the head by now.
    this.#sendHead()
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver) return false
    const [before, after] = this.#isChunked ? [`${chunk.length.toString(16)}\r\n`, "\r\n"] : ["", ""]
    if (chunk.length <= joinedBytes) {
      const bytes = joined(this.#unsentHead + before, chunk, after)
      this.#unsentHead = ""
      return this.#line.write(bytes)
    }
    this.#line.cork()
    if (this.#unsentHead + before !== "") this.#line.write(this.#unsentHead + before)
    this.#unsentHead = ""
    const wantsMore = this.#line.write(chunk)
    if (after !== "") this.#line.write(after)
    this.#line.uncork()
    return wantsMore
  }

  end(rawTrailers: readonly string[]): void {
    if (this.#isOver || this.#isSent) return
    const last = this.#unsentHead + (this.#isChunked ? `0\r\n${linesOf(rawTrailers)}\r\n` : "")
    this.#unsentHead = ""
    if (last !== "") this.#line.write(last)
    this.#isSent = true
    this.#line.sent()
  }

  /** Whoever asked does not want the answer, or what is left of it. */
  cancel(cause: Error = new Error("cancelled")): void {
    if (!this.#isOver) this.#line.break(cause)
  }

  interim(head: AnswerHead): void {
    this.#question.onInterim?.(head)
  }

  answered(head: AnswerHead): void {
    this.#answer = new Answer(head, {
      pause: () => this.#atLine("pause"),
      resume: () => this.#atLine("resume"),
      cancel: () => this.cancel(),
    })
    if (head.status !== 101) this.#settle({ kind: "answered", answer: this.#answer })
  }

  data(chunk: Buffer): void {
    this.#answer?.push(chunk)
  }

  answerEnded(rawTrailers: readonly string[]): void {
    this.#answer?.finish(rawTrailers)
  }

  /** The connection goes to whoever asked. */
  switched(socket: Socket, head: Buffer): void {
    this.#isOver = true
    if (this.#answer !== undefined) this.#settle({ kind: "switched", answer: this.#answer, socket, head })
  }

  /** Sent, answered, and the connection is somebody else's from now on. */
  over(): void {
    this.#isOver = true
  }

  broke({ cause, connection }: Breach): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#answer === undefined) this.#settle({ kind: kindOf(cause, connection), cause })
    else this.#answer.fail(cause)
    if (!this.#isSent) this.onLost()
  }

  /** Once the question is over, its line may be another's. */
  #atLine(act: "pause" | "resume"): void {
    if (!this.#isOver) this.#line[act]()
  }

  #sendHead(): void {
    if (this.#unsentHead === "" || this.#isOver) return
    this.#line.write(this.#unsentHead)
    this.#unsentHead = ""
  }
}

function kindOf(cause: Error, connection: Breach["connection"]): "not-sent" | "timed-out" | "stale" | "broke-off" {
  if (connection === "connecting") return "not-sent"
  if (cause instanceof TookTooLong) return "timed-out"
  return connection === "reused-and-silent" ? "stale" : "broke-off"
}

function headOf({ method, path, fields, purpose }: Question, host: string): string {
  const hostLine = fields.startsWith("Host: ") ? "" : `Host: ${host}\r\n`
  return `${method} ${path} HTTP/1.1\r\n${hostLine}${fields}Connection: ${purpose === "upgrade" ? "Upgrade" : "keep-alive"}\r\n\r\n`
}
