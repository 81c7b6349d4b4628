// Steady users for tests of the edge's deaths and renewals: newcomers, each on a connection of its own, and kept connections
// that post. Nothing is asked twice; of each failure it is known when its connection was begun.
import { connect } from "node:net"
import { connect as connectSecurely } from "node:tls"
import type { Socket } from "node:net"
import { setTimeout as pause } from "node:timers/promises"

export interface Failed {
  what: string
  /** When its connection was begun, in ms of `performance.now`. */
  begunAt: number
}

export interface Load {
  readonly answered: number
  readonly failed: readonly Failed[]
  /** Resolves when so many more have been answered. */
  answers(more: number): Promise<void>
  stop(): Promise<void>
}

interface Line {
  socket: Socket
  begunAt: number
}

const newcomersEveryMs = 10
const keptConnections = 10
const answerWithinMs = 30_000

/** By TLS where the URL says so, whatever the certificate. */
export function startLoad(url: string): Load {
  const { hostname, port, protocol } = new URL(url)
  const where = { host: hostname, port: Number(port), noDelay: true }
  const reach = () => (protocol === "https:" ? connectSecurely({ ...where, rejectUnauthorized: false }) : connect(where))
  const failed: Failed[] = []
  const underWay = new Set<Promise<void>>()
  const state = { answered: 0, isOver: false }

  const begin = (): Line => ({
    begunAt: performance.now(),
    socket: reach().on("error", () => {}),
  })
  const note = (result: string, { begunAt }: Line, what: string) => {
    if (result === "answered" || result === "answered for the last time") state.answered++
    else failed.push({ what: `${what}: ${result}`, begunAt })
  }

  async function newcomer(): Promise<void> {
    const line = begin()
    note(await asked(line.socket, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), line, "newcomer")
    line.socket.destroy()
  }

  async function regular(): Promise<void> {
    let line: Line | undefined
    while (!state.isOver) {
      // Closed while nothing was asked: an ordinary client begins another.
      if (line === undefined || line.socket.destroyed || line.socket.readableEnded) line = begin()
      const result = await asked(line.socket, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
      note(result, line, "kept connection")
      if (result !== "answered") {
        line.socket.destroy()
        line = undefined
      }
      await pause(15 + Math.random() * 10)
    }
    line?.socket.destroy()
  }

  const newcomers = setInterval(() => {
    const one: Promise<void> = newcomer().finally(() => underWay.delete(one))
    underWay.add(one)
  }, newcomersEveryMs)
  const regulars = Array.from({ length: keptConnections }, regular)

  return {
    get answered() {
      return state.answered
    },
    failed,
    async answers(more) {
      const enough = state.answered + more
      while (state.answered < enough) await pause(10)
    },
    async stop() {
      state.isOver = true
      clearInterval(newcomers)
      await Promise.all([...regulars, ...underWay])
    },
  }
}

/** "answered", "answered for the last time", or what went wrong. */
function asked(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = ""
    const finish = (result: string) => {
      clearTimeout(timer)
      socket.off("data", data).off("error", error).off("close", close)
      resolve(result)
    }
    const data = (chunk: Buffer) => {
      heard += chunk.toString("latin1")
      const end = heard.indexOf("\r\n\r\n")
      if (end < 0) return
      const length = /content-length: (\d+)/i.exec(heard)?.[1]
      const isWhole = length === undefined ? heard.endsWith("0\r\n\r\n") : heard.length >= end + 4 + Number(length)
      if (!isWhole) return
      const status = heard.slice(9, 12)
      finish(status !== "200" ? status : /connection: close/i.test(heard) ? "answered for the last time" : "answered")
    }
    const error = (cause: NodeJS.ErrnoException) => finish(cause.code ?? cause.message)
    const close = () => finish("closed")
    const timer = setTimeout(() => finish("no answer"), answerWithinMs)
    socket.on("data", data).on("error", error).on("close", close)
    socket.write(request)
  })
}
