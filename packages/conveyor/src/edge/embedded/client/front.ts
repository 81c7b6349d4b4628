// The edge's side towards its users: where they come in plainly and where they come by TLS, and all their connections. Made by
// the proxy; opened, left and closed by the edge process.
import type { Server } from "node:net"
import type { ConnectionTools } from "./client-connection.ts"
import { Connections } from "./connections.ts"
import { ClientListener } from "./listener.ts"
import { TlsEnd } from "../tls/tls-end.ts"
import type { TlsParts } from "../tls/tls-end.ts"

export class Front {
  readonly plain: ClientListener
  /** Undefined where nobody comes by TLS. */
  readonly secure: ClientListener | undefined
  #connections: Connections

  constructor(tools: ConnectionTools, tls: TlsParts | undefined) {
    const connections = new Connections(tools)
    this.#connections = connections
    this.plain = new ClientListener(connections, (socket, peer) => connections.serve(socket, peer))
    if (tls === undefined) return
    const end = new TlsEnd(tls, connections)
    this.secure = new ClientListener(connections, (socket, peer) => end.meet(socket, peer))
  }

  /** Those that are there are kept. */
  takeNoMore(): void {
    for (const listener of this.#listeners) listener.close()
  }

  closeIdle(): void {
    this.#connections.closeIdle()
  }

  /** Connections whose last word may still be on its way. */
  get leaving(): number {
    return this.#connections.leaving
  }

  closeAllConnections(): void {
    this.#connections.closeAll()
  }

  get #listeners(): Server[] {
    return this.secure === undefined ? [this.plain] : [this.plain, this.secure]
  }
}
