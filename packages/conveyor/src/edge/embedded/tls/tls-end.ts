// Where TLS ends: a connection is secured by the certificate of the host that its client names, and goes on as what the two
// have agreed to speak. Given connections by the listener for TLS; made by the front.
import type { Socket } from "node:net"
import { createServer } from "node:tls"
import type { Server, TLSSocket } from "node:tls"
import { ClientConnection } from "../client/client-connection.ts"
import type { Peer } from "../client/client-request.ts"
import type { Connections } from "../client/connections.ts"
import { Http2Connection } from "../http2/http2-connection.ts"
import type { Certificates } from "./certificates.ts"
import { plainHost } from "../../hosts.ts"
import type { TlsSettings } from "./tls-settings.ts"

export interface TlsParts {
  certificates: Certificates
  settings: TlsSettings
}

interface Met {
  /** Beneath the secured one. */
  socket: Socket
  peer: Peer
}

export class TlsEnd {
  #server: Server
  #connections: Connections
  #met = new Map<string, Met>()

  constructor({ certificates, settings: { minimumVersion, http2 } }: TlsParts, connections: Connections) {
    this.#connections = connections
    this.#server = createServer({
      SNICallback: (name, answer) => answer(null, certificates.contextFor(plainHost(name))),
      ALPNProtocols: http2 === "on" ? ["h2", "http/1.1"] : ["http/1.1"],
      handshakeTimeout: connections.tools.settings.headersTimeoutMs,
      minVersion: minimumVersion,
    })
    const showFirst = () =>
      this.#server.setSecureContext({
        ...(certificates.first === undefined ? {} : { cert: certificates.first.pem.certificate, key: certificates.first.pem.key }),
        minVersion: minimumVersion,
      })
    showFirst()
    certificates.onChange(showFirst)
    this.#server.on("secureConnection", (secured) => this.#goOn(secured))
    this.#server.on("tlsClientError", (_, secured) => secured.destroy())
  }

  meet(socket: Socket, peer: Peer): void {
    const key = keyOf(socket)
    this.#met.set(key, { socket, peer })
    socket.on("error", () => socket.destroy())
    socket.once("close", () => this.#met.delete(key))
    this.#server.emit("connection", socket)
  }

  #goOn(secured: TLSSocket): void {
    const met = this.#met.get(keyOf(secured))
    // It was closed while the two agreed.
    if (met === undefined) return void secured.destroy()
    const { tools } = this.#connections
    const peer = { ...met.peer, isEncrypted: true }
    const isHttp2 = secured.alpnProtocol === "h2"
    const connection = isHttp2 ? new Http2Connection(secured, peer, tools) : new ClientConnection(secured, peer, tools.now(), tools)
    this.#connections.watch(met.socket, connection)
  }
}

/** Both sockets of a connection say the same of where it is from and to. */
const keyOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket) =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
