// A copy that reads its requests to the letter, writes down what it was asked, and answers with the bytes that it is told to.
// Started by the conformance tests, one for each place that requests can be routed to.
import { createServer } from "node:net"
import type { AddressInfo, Server, Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { messagesIn, saidIn } from "./messages.ts"
import type { Message } from "./messages.ts"
import type { Part } from "./parts.ts"

export interface Script {
  /** Whether the answer waits for the whole request. */
  to: "whole request" | "head"
  parts: readonly Part[]
}

export class RawCopy {
  /** Answers the next requests; without it, a 200 that says what was asked. */
  script: Script | undefined
  #server: Server
  #heard: Message[] = []
  #sockets = new Set<Socket>()

  private constructor() {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#meet(socket))
  }

  static async start(): Promise<RawCopy> {
    const copy = new RawCopy()
    await new Promise<void>((resolve) => copy.#server.listen(0, "127.0.0.1", resolve))
    return copy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What it was asked since it was asked for that last, whole or not. */
  takeHeard(): Message[] {
    return this.#heard.splice(0)
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #meet(socket: Socket): void {
    let [text, answered, isWelcome] = ["", 0, false]
    let answering: Promise<unknown> = Promise.resolve()
    this.#sockets.add(socket)
    socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket))
    const read = (hasEnded: boolean) => {
      const requests = messagesIn(text, { kind: "requests", hasEnded })
      for (const request of requests.slice(answered)) {
        const isScripted = this.script !== undefined && !request.start.includes("/after ")
        if (!request.isWhole && !(isScripted && this.script?.to === "head" && request.fields.length > 0)) {
          if (saidIn(request.fields, "expect").length > 0 && !isWelcome) socket.write("HTTP/1.1 100 Continue\r\n\r\n")
          isWelcome = request.fields.length > 0
          if (hasEnded || request.start.startsWith("MALFORMED")) this.#heard.push(request)
          return
        }
        answered++
        this.#heard.push(request)
        const parts = isScripted ? (this.script?.parts ?? []) : [echo(request)]
        answering = answering.then(() => play(parts, socket))
      }
    }
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      read(false)
    })
    socket.on("end", () => {
      read(true)
      void answering.then(() => socket.end())
    })
  }
}

/** What a copy without a script answers. */
function echo({ start }: Pick<Message, "start">): string {
  const body = start.startsWith("HEAD ") ? "" : start.replace(/ HTTP\/1\.[01]$/, "")
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

async function play(parts: readonly Part[], socket: Socket): Promise<void> {
  for (const part of parts) {
    if (typeof part === "string") socket.write(part, "latin1")
    else if (part.act === "pause") await delay(30)
    else if (part.act === "close") socket.end()
    else if (part.act === "reset") socket.resetAndDestroy()
  }
}
