// Connections to copies, and one question over one of them. Called by the exchange and the tunnel, which decide by the
// outcome whether to ask again; nothing is retried here.
import { Agent, request } from "node:http"
import type { ClientRequest, IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { RoutingTable, Target } from "../edge.ts"
import type { EdgeSettings } from "./settings.ts"

export interface Question {
  method: string
  path: string
  headers: readonly string[]
  /** "fresh" never meets a connection that the copy is about to close. */
  connection: "pooled" | "fresh"
  /** Called once the connection stands: sends the body, or ends the request. */
  send: (outgoing: ClientRequest) => void
}

export type Outcome =
  | { kind: "answered"; answer: IncomingMessage }
  | { kind: "switched"; answer: IncomingMessage; socket: Socket; head: Buffer }
  /** Not a byte reached the copy. */
  | { kind: "not-sent"; cause: Error }
  /** A kept connection was closed under the request before a byte of the answer: the copy had let go of it. */
  | { kind: "stale"; cause: Error }
  | { kind: "broke-off"; cause: Error }
  | { kind: "timed-out"; cause: Error }

/** A question under way: `outgoing` to cancel it, `outcome` to wait for. */
export interface Asking {
  outgoing: ClientRequest
  outcome: Promise<Outcome>
}

export class Upstreams {
  #agents = new Map<string, Agent>()
  #settings: EdgeSettings

  constructor(settings: EdgeSettings) {
    this.#settings = settings
  }

  /** Lets go of idle connections to copies that the table no longer names, so that nothing holds up their end. */
  follow(table: RoutingTable): void {
    const targets = Object.values(table.versions).flatMap((version) => Object.values(version.targets).flat())
    const named = new Set(targets.map(addressOf))
    for (const [address, agent] of this.#agents) {
      if (named.has(address)) continue
      this.#agents.delete(address)
      agent.maxFreeSockets = 0
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    }
  }

  ask(target: Target, { method, path, headers, connection, send }: Question): Asking {
    const { host, port } = target
    const agent = connection === "fresh" ? false : this.#agentOf(target)
    const outgoing = request({ host, port, agent, method, path, headers })
    return { outgoing, outcome: watch(outgoing, send, this.#settings) }
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
  }

  #agentOf(target: Target): Agent {
    const address = addressOf(target)
    const known = this.#agents.get(address)
    if (known !== undefined) return known
    // Node takes the shorter of this idle time and the copy's own "Keep-Alive: timeout", less a second.
    const agent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: this.#settings.upstreamIdleMs, maxFreeSockets: 1_024 })
    this.#agents.set(address, agent)
    return agent
  }
}

const addressOf = ({ host, port }: Target) => `${host}:${port}`

function watch(outgoing: ClientRequest, send: Question["send"], settings: EdgeSettings): Promise<Outcome> {
  return new Promise((resolve) => {
    let state: "connecting" | "sending" | "settled" = "connecting"
    let readBefore = 0
    let timer: NodeJS.Timeout | undefined
    const within = (ms: number, what: string) => {
      clearTimeout(timer)
      timer = setTimeout(() => outgoing.destroy(new TookTooLong(`${what} within ${ms} ms`)), ms)
    }
    const settle = (outcome: Outcome) => {
      clearTimeout(timer)
      state = "settled"
      resolve(outcome)
    }
    const start = () => {
      clearTimeout(timer)
      state = "sending"
      send(outgoing)
    }
    outgoing.once("socket", (socket) => {
      readBefore = socket.bytesRead
      if (!socket.connecting) return start()
      within(settings.connectTimeoutMs, "no connection")
      socket.once("connect", start)
    })
    outgoing.once("finish", () => {
      // A copy may answer before it has read the whole request; its answer may then take as long as it likes.
      if (state !== "settled") within(settings.answerTimeoutMs, "no answer")
    })
    outgoing.once("response", (answer) => settle({ kind: "answered", answer }))
    outgoing.once("upgrade", (answer, socket, head) => settle({ kind: "switched", answer, socket, head }))
    outgoing.on("error", (cause) => {
      const silent = outgoing.socket === null || outgoing.socket.bytesRead === readBefore
      if (state === "connecting") settle({ kind: "not-sent", cause })
      else if (cause instanceof TookTooLong) settle({ kind: "timed-out", cause })
      else settle({ kind: outgoing.reusedSocket && silent ? "stale" : "broke-off", cause })
    })
    // A cancelled request may end without an error; nobody may wait for it for ever.
    outgoing.once("close", () => {
      if (state !== "settled") settle({ kind: "broke-off", cause: new Error("cancelled") })
    })
  })
}

class TookTooLong extends Error {}
