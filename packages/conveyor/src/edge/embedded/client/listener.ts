// A listener that users reach: takes connections within their bounds, learns whose they are, and gives them to what is spoken
// there. Made by the front; closed by the edge process.
import { Server } from "node:net"
import type { Socket } from "node:net"
import type { Peer } from "./client-request.ts"
import type { Connections } from "./connections.ts"
import { takeProxyHeader } from "./proxy-protocol.ts"
import { addressIn, TrustedProxies } from "../requests/addresses.ts"

/** What becomes of a connection that may come in. */
export type Welcome = (socket: Socket, peer: Peer) => void

export class ClientListener extends Server {
  #connections: Connections
  #welcome: Welcome
  #proxies: TrustedProxies

  constructor(connections: Connections, welcome: Welcome) {
    super({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 })
    this.#connections = connections
    this.#welcome = welcome
    this.#proxies = new TrustedProxies(connections.tools.settings.trustedProxies)
    this.on("connection", (socket: Socket) => this.#meet(socket))
  }

  /** A load balancer says first whose connection it passes on, where it is one that is believed. */
  #meet(socket: Socket): void {
    if (this.#connections.isFull) return void socket.destroy()
    this.#connections.meet(socket)
    const peer = { address: socket.remoteAddress ?? "unknown", isEncrypted: false }
    const { settings } = this.#connections.tools
    if (!settings.proxyProtocol || !this.#proxies.has(addressIn(peer.address) ?? "")) return this.#take(socket, peer)
    void takeProxyHeader(socket, settings.headersTimeoutMs).then((client) =>
      client === undefined ? socket.destroy() : this.#take(socket, client),
    )
  }

  #take(socket: Socket, peer: Peer): void {
    // A proxy that is believed carries the connections of many.
    const isMany = this.#proxies.has(addressIn(peer.address) ?? "")
    const release = isMany ? () => {} : this.#connections.tools.clients.connect(peer.address)
    if (release === undefined) {
      socket.resetAndDestroy()
      return
    }
    socket.once("close", release)
    this.#welcome(socket, peer)
  }
}
