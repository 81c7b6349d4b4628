// Puts one request on the wire: at once, or, for a slow upload, piece by piece on its own schedule. Called by a connection.
import type { Socket } from "node:net"
import { performance } from "node:perf_hooks"
import type { SlowBody } from "../scenario.ts"

export interface WireRequest {
  method: string
  path: string
  headers: Readonly<Record<string, string>>
  body?: string | Uint8Array | SlowBody
}

export interface Sending {
  /** Every byte of the request has been handed to the socket. */
  readonly finished: boolean
  stop(): void
}

export function sendRequest(socket: Socket, host: string, { method, path, headers, body }: WireRequest): Sending {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`

  if (body === undefined) {
    const length = method === "GET" || method === "HEAD" ? "" : "content-length: 0\r\n"
    socket.write(`${head}${length}\r\n`, "latin1")
    return sentAtOnce
  }
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body
    socket.write(Buffer.concat([Buffer.from(`${head}content-length: ${bytes.length}\r\n\r\n`, "latin1"), bytes]))
    return sentAtOnce
  }
  const length = body.pieces.reduce((sum, piece) => sum + piece.length, 0)
  socket.write(`${head}content-length: ${length}\r\n\r\n`, "latin1")
  return new SlowSending(socket, body)
}

class SlowSending implements Sending {
  readonly #socket: Socket
  readonly #body: SlowBody
  readonly #startedAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  finished = false

  constructor(socket: Socket, body: SlowBody) {
    this.#socket = socket
    this.#body = body
    this.#sendFrom(0)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #sendFrom(n: number): void {
    const { pieces, overMs } = this.#body
    const piece = pieces[n]
    if (piece !== undefined) this.#socket.write(piece)
    this.finished = n >= pieces.length - 1
    if (this.finished) return
    const nextDueMs = ((n + 1) * overMs) / (pieces.length - 1)
    this.#timer = setTimeout(() => this.#sendFrom(n + 1), this.#startedAt + nextDueMs - performance.now())
  }
}

const sentAtOnce: Sending = { finished: true, stop: () => {} }
