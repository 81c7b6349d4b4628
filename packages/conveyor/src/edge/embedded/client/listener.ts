// The listener that users reach: takes connections within their bounds, and has each of them look at its limits several
// times a second, so that no connection needs timers of its own. Made by the proxy; closed by the edge process.
import { Server } from "node:net"
import type { Socket } from "node:net"
import { ClientConnection } from "./client-connection.ts"
import type { ConnectionTools } from "./client-connection.ts"

const [checkedAtLeastEveryMs, checkedAtMostEveryMs] = [250, 20]

export class ClientListener extends Server {
  #tools: ConnectionTools
  #connections = new Map<Socket, ClientConnection>()
  #checking: NodeJS.Timeout

  constructor(tools: ConnectionTools) {
    super({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 })
    this.#tools = tools
    this.maxConnections = tools.settings.maxConnections
    this.on("connection", (socket: Socket) => this.#take(socket))
    this.#checking = setInterval(() => this.#check(), checkEveryMs(tools)).unref()
  }

  /** Those that are there are kept. */
  takeNoMore(): void {
    super.close()
  }

  closeIdle(): void {
    for (const connection of this.#connections.values()) connection.closeIdle()
  }

  /** Takes no new connection, and lets go of those on which nothing is asked. */
  override close(callback?: (error?: Error) => void): this {
    super.close(callback)
    this.closeIdle()
    return this
  }

  closeAllConnections(): void {
    clearInterval(this.#checking)
    for (const socket of this.#connections.keys()) socket.destroy()
  }

  #take(socket: Socket): void {
    const peer = { address: socket.remoteAddress ?? "unknown", isEncrypted: false }
    const connection = new ClientConnection(socket, peer, this.#tools.now(), this.#tools)
    this.#connections.set(socket, connection)
    socket.once("close", () => this.#connections.delete(socket))
  }

  #check(): void {
    const now = this.#tools.now()
    for (const connection of this.#connections.values()) connection.check(now)
  }
}

/** A quarter of the shortest limit, so that none is missed by more than that. */
function checkEveryMs({ settings }: ConnectionTools): number {
  const { headersTimeoutMs, bodyWindowMs, clientIdleMs, lingerMs, halfClosedMs } = settings
  const quarter = Math.min(headersTimeoutMs, bodyWindowMs, clientIdleMs, lingerMs, halfClosedMs) / 4
  return Math.max(checkedAtMostEveryMs, Math.min(checkedAtLeastEveryMs, quarter))
}
