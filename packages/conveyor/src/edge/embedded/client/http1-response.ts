// The answer to one request over HTTP/1: framed by what the client can read, written in as few pieces as it can be, and told
// to its connection when it is whole. Made by the client's connection.
import { joined, joinedBytes, linesOf } from "../http1/joined.ts"
import { withSecurity } from "./client-response.ts"
import type { ClientResponse, ResponseHead } from "./client-response.ts"
import type { RequestHead } from "./request-head.ts"

/** What an answer needs of its connection. */
export interface ResponseLine {
  write(data: string | Buffer): boolean
  cork(): void
  uncork(): void
  /** Gives up the connection when its client takes nothing for too long, from now until the answer's end. */
  watchStall(): void
  answered(keeps: "kept" | "closed"): void
  destroy(): void
  readonly isGone: boolean
  readonly writableLength: number
  readonly isStopping: boolean
  /** What tells a client that the connection is kept, and how long. */
  readonly keptFields: string
  /** A line that every answer has, unless it says the same itself; "" where there is none. */
  readonly securityField: string
}

type Framing = "none" | "length" | "chunked" | "to-close"

const closedFields = "Connection: close\r\n"

export class Http1Response implements ClientResponse {
  #line: ResponseLine
  #request: RequestHead
  #unsentHead = ""
  #framing: Framing = "none"
  #keeps: "kept" | "closed" = "closed"
  #state: "fresh" | "begun" | "over" = "fresh"
  #isWhole = false
  #onClose: (() => void)[] = []
  #onDrain: () => void = () => {}
  version: string | undefined

  constructor(line: ResponseLine, request: RequestHead) {
    this.#line = line
    this.#request = request
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
    return this.#line.writableLength
  }

  onceClosed(listener: () => void): void {
    this.#onClose.push(listener)
  }

  set onDrain(listener: () => void) {
    this.#onDrain = listener
  }

  /** A head before the answer proper; clients of HTTP/1.0 know none. */
  interim(status: number, statusText: string, fields: string): void {
    if (this.#state !== "fresh" || this.#request.version === "1.0" || this.#line.isGone) return
    this.#line.write(`HTTP/1.1 ${status} ${statusText}\r\n${fields}\r\n`)
  }

  begin(head: ResponseHead): void {
    if (this.#state !== "fresh") throw new Error("the answer has begun")
    this.#state = "begun"
    this.#framing = this.#framingOf(head)
    const keeps = this.#request.keepsAlive && head.connection === "kept" && this.#framing !== "to-close" && !this.#line.isStopping
    this.#keeps = keeps ? "kept" : "closed"
    const fields = withSecurity(head.fields, this.#line.securityField)
    this.#unsentHead = `HTTP/1.1 ${head.status} ${head.statusText}\r\n${fields}${this.#framingField(head)}${keeps ? this.#line.keptFields : closedFields}\r\n`
  }

  /** A whole answer in one write. */
  whole(head: Omit<ResponseHead, "length">, body: Buffer): void {
    this.begin({ ...head, length: body.length })
    if (this.#framing === "none") return this.end([])
    this.#send(body, "")
    this.#finish()
  }

  flush(): void {
    if (this.#unsentHead !== "") this.#line.write(this.#takeHead())
  }

  /** False where no more is to be written until `onDrain`. */
  write(chunk: Buffer): boolean {
    if (this.#state !== "begun" || this.#line.isGone) return true
    if (this.#framing === "none" || chunk.length === 0) return true
    if (this.#framing === "chunked") {
      this.#unsentHead += `${chunk.length.toString(16)}\r\n`
      return this.#send(chunk, "\r\n")
    }
    return this.#send(chunk, "")
  }

  /** Trailers in turn, names and values; only a client of HTTP/1.1 can be told them. */
  end(rawTrailers: readonly string[]): void {
    if (this.#state !== "begun") return
    const last = this.#takeHead() + (this.#framing === "chunked" ? `0\r\n${linesOf(rawTrailers)}\r\n` : "")
    if (last !== "" && !this.#line.isGone) this.#line.write(last)
    this.#finish()
  }

  watchStall(): void {
    this.#line.watchStall()
  }

  /** Only a torn connection tells the client that an answer is not whole. */
  destroy(): void {
    this.#line.destroy()
  }

  /** The connection takes more again. */
  drained(): void {
    this.#onDrain()
  }

  /** The connection is gone, or whole: nobody has to write any more. */
  closed(): void {
    this.#state = "over"
    for (const listener of this.#onClose.splice(0)) listener()
  }

  #finish(): void {
    this.#state = "over"
    this.#isWhole = true
    this.#line.answered(this.#keeps)
    this.closed()
  }

  #framingOf({ status, length }: ResponseHead): Framing {
    if (this.#request.method === "HEAD" || status === 204 || status === 304) return "none"
    if (length !== undefined) return "length"
    return this.#request.version === "1.1" ? "chunked" : "to-close"
  }

  #framingField({ status, length }: ResponseHead): string {
    if (status === 204) return ""
    if (length !== undefined) return `Content-Length: ${length}\r\n`
    return this.#framing === "chunked" ? "Transfer-Encoding: chunked\r\n" : ""
  }

  #takeHead(): string {
    const head = this.#unsentHead
    this.#unsentHead = ""
    return head
  }

  #send(chunk: Buffer, after: string): boolean {
    const before = this.#takeHead()
    if (before === "" && after === "") return this.#line.write(chunk)
    if (chunk.length <= joinedBytes) return this.#line.write(joined(before, chunk, after))
    this.#line.cork()
    if (before !== "") this.#line.write(before)
    const wantsMore = this.#line.write(chunk)
    if (after !== "") this.#line.write(after)
    this.#line.uncork()
    return wantsMore
  }
}
