// The listener that users reach: takes connections within their bounds, and has each of them look at its limits several
// times a second, so that no connection needs timers of its own. Made by the proxy; closed by the edge process.
import { Server } from "node:net"
import type { Socket } from "node:net"
import { ClientConnection } from "./client-connection.ts"
import type { ConnectionTools } from "./client-connection.ts"
import type { Peer } from "./client-request.ts"
import { takeProxyHeader } from "./proxy-protocol.ts"
import { addressIn, TrustedProxies } from "../requests/addresses.ts"

/** From here on, connections on which nothing is asked make room for new ones, those first that were so longest. */
const nearlyFull = 0.9
const [checkedAtLeastEveryMs, checkedAtMostEveryMs] = [250, 20]

export class ClientListener extends Server {
  #tools: ConnectionTools
  #connections = new Map<Socket, ClientConnection>()
  #checking: NodeJS.Timeout
  #proxies: TrustedProxies

  constructor(tools: ConnectionTools) {
    super({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 })
    this.#tools = tools
    this.#proxies = new TrustedProxies(tools.settings.trustedProxies)
    this.maxConnections = tools.settings.maxConnections
    this.on("connection", (socket: Socket) => this.#meet(socket))
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

  /** A load balancer says first whose connection it passes on, where it is one that is believed. */
  #meet(socket: Socket): void {
    const peer = { address: socket.remoteAddress ?? "unknown", isEncrypted: false }
    const { settings } = this.#tools
    if (!settings.proxyProtocol || !this.#proxies.has(addressIn(peer.address) ?? "")) return this.#take(socket, peer)
    void takeProxyHeader(socket, settings.headersTimeoutMs).then((client) =>
      client === undefined ? socket.destroy() : this.#take(socket, client),
    )
  }

  #take(socket: Socket, peer: Peer): void {
    // A proxy that is believed carries the connections of many.
    const isMany = this.#proxies.has(addressIn(peer.address) ?? "")
    const release = isMany ? () => {} : this.#tools.clients.connect(peer.address)
    if (release === undefined) {
      socket.resetAndDestroy()
      return
    }
    const connection = new ClientConnection(socket, peer, this.#tools.now(), this.#tools)
    this.#connections.set(socket, connection)
    socket.once("close", () => {
      this.#connections.delete(socket)
      release()
    })
  }

  #check(): void {
    const now = this.#tools.now()
    for (const connection of this.#connections.values()) connection.check(now)
    this.#makeRoom()
    this.#tools.clients.sweep()
  }

  #makeRoom(): void {
    const surplus = this.#connections.size - Math.floor(nearlyFull * this.maxConnections)
    if (surplus <= 0) return
    const idle = [...this.#connections.values()].filter((connection) => connection.isIdle)
    for (const connection of idle.toSorted((a, b) => a.since - b.since).slice(0, surplus)) connection.closeIdle()
  }
}

/** A quarter of the shortest limit, so that none is missed by more than that. */
function checkEveryMs({ settings }: ConnectionTools): number {
  const { headersTimeoutMs, bodyWindowMs, clientIdleMs, lingerMs, halfClosedMs } = settings
  const quarter = Math.min(headersTimeoutMs, bodyWindowMs, clientIdleMs, lingerMs, halfClosedMs) / 4
  return Math.max(checkedAtMostEveryMs, Math.min(checkedAtLeastEveryMs, quarter))
}
