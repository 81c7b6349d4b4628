// Reads one HTTP/1.1 answer from bytes as they come, and knows whether it came whole. Fed by a connection.
// The witness reads the wire itself, so that no client library can mend, repeat or hide what a user would have seen.

export interface AnswerHead {
  status: number
  headers: ReadonlyMap<string, string>
}

export interface AnswerReader {
  head(head: AnswerHead): void
  body(chunk: Buffer): void
}

type State = "head" | "counted" | "chunk-size" | "chunk" | "chunk-end" | "trailer" | "until-close" | "done"

const longestHead = 64 * 1_024
const longestLine = 16 * 1_024

export class MalformedAnswer extends Error {}

export class AnswerParser {
  readonly #method: string
  readonly #reader: AnswerReader
  #state: State = "head"
  #unread: Buffer = Buffer.alloc(0)
  #left = 0
  #staysOpen = true
  #isCloseFramed = false

  constructor(method: string, reader: AnswerReader) {
    this.#method = method
    this.#reader = reader
  }

  get done(): boolean {
    return this.#state === "done"
  }

  /** Only the end of the connection says where it ends: nobody can tell from that whether it is whole. */
  get isCloseFramed(): boolean {
    return this.#isCloseFramed
  }

  /** Bytes that came behind the answer. */
  get surplus(): number {
    return this.done ? this.#unread.length : 0
  }

  /** The answer came whole, nothing came after it, and both sides keep the connection. */
  get reusable(): boolean {
    return this.done && this.#staysOpen && this.#unread.length === 0
  }

  /** @throws MalformedAnswer where the bytes are no HTTP answer. */
  push(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
    while (this.#advance());
  }

  /** The peer has ended its side: true where that ends the answer as it should. */
  end(): boolean {
    if (this.#state === "until-close") this.#state = "done"
    return this.done
  }

  /** Takes one step; false where it needs more bytes. */
  #advance(): boolean {
    switch (this.#state) {
      case "head":
        return this.#readHead()
      case "counted":
      case "chunk":
        return this.#readCounted()
      case "chunk-size":
        return this.#readChunkSize()
      case "chunk-end":
        return this.#readChunkEnd()
      case "trailer":
        return this.#readTrailer()
      case "until-close":
        return this.#readRest()
      default:
        return false
    }
  }

  #readHead(): boolean {
    const end = this.#unread.indexOf("\r\n\r\n")
    if (end === -1) {
      if (this.#unread.length > longestHead) throw new MalformedAnswer(`the head is longer than ${longestHead} bytes`)
      if (this.#unread.length >= 5 && this.#unread.toString("latin1", 0, 5) !== "HTTP/")
        throw new MalformedAnswer("the answer does not begin with HTTP/")
      return false
    }
    const [statusLine = "", ...lines] = this.#take(end + 4)
      .toString("latin1", 0, end)
      .split("\r\n")
    const [, minor, code] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine) ?? []
    if (code === undefined) throw new MalformedAnswer(`the status line is ${JSON.stringify(statusLine.slice(0, 80))}`)

    const status = Number(code)
    // 100 Continue and 103 Early Hints come before the answer itself.
    if (status < 200) return true
    const headers = parseHeaders(lines)
    const connection = headers.get("connection")?.toLowerCase() ?? ""
    this.#staysOpen = minor === "1" ? !connection.includes("close") : connection.includes("keep-alive")
    this.#state = this.#framing(status, headers)
    this.#reader.head({ status, headers })
    return true
  }

  #framing(status: number, headers: ReadonlyMap<string, string>): State {
    if (this.#method === "HEAD" || status === 204 || status === 304) return "done"
    if (headers.get("transfer-encoding")?.toLowerCase().endsWith("chunked") === true) return "chunk-size"
    const length = headers.get("content-length")
    if (length === undefined) {
      this.#staysOpen = false
      this.#isCloseFramed = true
      return "until-close"
    }
    if (!/^\d+$/.test(length)) throw new MalformedAnswer(`content-length is ${JSON.stringify(length)}`)
    this.#left = Number(length)
    return this.#left === 0 ? "done" : "counted"
  }

  #readCounted(): boolean {
    if (this.#unread.length === 0) return false
    const piece = this.#take(Math.min(this.#left, this.#unread.length))
    this.#left -= piece.length
    this.#reader.body(piece)
    if (this.#left === 0) this.#state = this.#state === "chunk" ? "chunk-end" : "done"
    return true
  }

  #readChunkSize(): boolean {
    const line = this.#takeLine()
    if (line === undefined) return false
    const [, size] = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line) ?? []
    if (size === undefined) throw new MalformedAnswer(`a chunk's size is ${JSON.stringify(line.slice(0, 40))}`)
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? "trailer" : "chunk"
    return true
  }

  #readChunkEnd(): boolean {
    const line = this.#takeLine()
    if (line === undefined) return false
    if (line !== "") throw new MalformedAnswer("a chunk is longer than its size")
    this.#state = "chunk-size"
    return true
  }

  #readTrailer(): boolean {
    const line = this.#takeLine()
    if (line === undefined) return false
    if (line === "") this.#state = "done"
    return true
  }

  #readRest(): boolean {
    if (this.#unread.length > 0) this.#reader.body(this.#take(this.#unread.length))
    return false
  }

  #takeLine(): string | undefined {
    const end = this.#unread.indexOf("\r\n")
    if (end !== -1) return this.#take(end + 2).toString("latin1", 0, end)
    if (this.#unread.length > longestLine) throw new MalformedAnswer(`a line is longer than ${longestLine} bytes`)
    return undefined
  }

  #take(bytes: number): Buffer {
    const taken = this.#unread.subarray(0, bytes)
    this.#unread = this.#unread.subarray(bytes)
    return taken
  }
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(":")
    if (colon < 1) throw new MalformedAnswer(`a header line is ${JSON.stringify(line.slice(0, 80))}`)
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}
