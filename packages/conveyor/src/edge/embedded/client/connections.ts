// The connections of all clients, however they have come: each looks at its limits several times a second, so that none needs
// timers of its own, and those on which nothing is asked make room for new ones. Filled by the listeners; ended by the edge process.
import type { Socket } from "node:net"
import { ClientConnection } from "./client-connection.ts"
import type { ConnectionTools } from "./client-connection.ts"
import type { Peer } from "./client-request.ts"

/** What the edge has to know of a connection, whatever is spoken on it. */
export interface Connection {
  readonly isIdle: boolean
  /** Since when it is as it is, in ms of the clock. */
  readonly since: number
  /** Sees to it that nothing lasts longer than it may; `now` in ms of the clock. */
  check(now: number): void
  closeIdle(): void
  /** Whether it has said goodbye, which may still be on its way. */
  readonly isLeaving: boolean
}

/** From here on, connections on which nothing is asked make room for new ones, those first that were so longest. */
const nearlyFull = 0.9
const [checkedAtLeastEveryMs, checkedAtMostEveryMs] = [250, 20]

export class Connections {
  readonly tools: ConnectionTools
  /** Without a connection as long as it is not known what will be spoken. */
  #all = new Map<Socket, Connection | undefined>()
  #checking: NodeJS.Timeout

  constructor(tools: ConnectionTools) {
    this.tools = tools
    this.#checking = setInterval(() => this.#check(), checkEveryMs(tools)).unref()
  }

  get isFull(): boolean {
    return this.#all.size >= this.tools.settings.maxConnections
  }

  /** A socket that is ended with the others. */
  meet(socket: Socket): void {
    this.#all.set(socket, undefined)
    socket.once("close", () => this.#all.delete(socket))
  }

  /** HTTP/1.1 is spoken on it from now on. */
  serve(socket: Socket, peer: Peer): void {
    this.watch(socket, new ClientConnection(socket, peer, this.tools.now(), this.tools))
  }

  watch(socket: Socket, connection: Connection): void {
    if (!this.#all.has(socket)) this.meet(socket)
    this.#all.set(socket, connection)
  }

  closeIdle(): void {
    for (const connection of this.#all.values()) connection?.closeIdle()
  }

  get leaving(): number {
    return [...this.#all.values()].filter((connection) => connection?.isLeaving === true).length
  }

  closeAll(): void {
    clearInterval(this.#checking)
    for (const socket of this.#all.keys()) socket.destroy()
  }

  #check(): void {
    const now = this.tools.now()
    for (const connection of this.#all.values()) connection?.check(now)
    this.#makeRoom()
    this.tools.clients.sweep()
  }

  #makeRoom(): void {
    const surplus = this.#all.size - Math.floor(nearlyFull * this.tools.settings.maxConnections)
    if (surplus <= 0) return
    const idle = [...this.#all.values()].filter((connection) => connection?.isIdle === true)
    for (const connection of idle.toSorted((a, b) => (a?.since ?? 0) - (b?.since ?? 0)).slice(0, surplus)) connection?.closeIdle()
  }
}

/** A quarter of the shortest limit, so that none is missed by more than that. */
function checkEveryMs({ settings }: ConnectionTools): number {
  const { headersTimeoutMs, bodyWindowMs, clientIdleMs, lingerMs, halfClosedMs } = settings
  const quarter = Math.min(headersTimeoutMs, bodyWindowMs, clientIdleMs, lingerMs, halfClosedMs) / 4
  return Math.max(checkedAtMostEveryMs, Math.min(checkedAtLeastEveryMs, quarter))
}
