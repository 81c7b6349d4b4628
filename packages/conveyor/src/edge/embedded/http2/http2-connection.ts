// One connection over which HTTP/2 is spoken: its requests, each a stream, within bounds, and what it may cost beside them. Made for
// a secured socket on which client and edge have agreed to it; told from time to time to look at its limits.
import { constants, performServerHandshake } from "node:http2"
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2"
import type { TLSSocket } from "node:tls"
import type { Peer } from "../client/client-request.ts"
import type { ConnectionTools } from "../client/client-connection.ts"
import type { Connection } from "../client/connections.ts"
import { ClientStream } from "./client-stream.ts"
import { floodLimits, Floods } from "./floods.ts"

/** What may come before it was taken: of one body, and of all of a connection. */
const [bodyWindowBytes, connectionWindowBytes] = [262_144, 2_097_152]
const sessionMemoryMegabytes = 16

export class Http2Connection implements Connection {
  #socket: TLSSocket
  #session: ServerHttp2Session
  #tools: ConnectionTools
  #peer: Peer
  #streams = new Set<ClientStream>()
  #floods: Floods
  #since: number

  constructor(socket: TLSSocket, peer: Peer, tools: ConnectionTools) {
    this.#socket = socket
    this.#peer = peer
    this.#tools = tools
    this.#since = tools.now()
    this.#floods = new Floods(floodLimits, this.#since)
    this.#session = performServerHandshake(socket, optionsFor(tools))
    this.#session.on("error", () => socket.destroy())
    // What it said last is on its way; a client that does not hang up then is hung up on.
    this.#session.once("close", () => setTimeout(() => socket.destroy(), tools.settings.lingerMs).unref())
    this.#session.once("connect", () => this.#session.setLocalWindowSize(connectionWindowBytes))
    this.#session.on("stream", (stream, headers, _flags, raw) => this.#begin(stream, String(headers[":method"]), raw))
  }

  get isIdle(): boolean {
    return this.#streams.size === 0
  }

  get isLeaving(): boolean {
    return this.#session.closed && !this.#socket.destroyed
  }

  get since(): number {
    return this.#since
  }

  check(now: number): void {
    for (const stream of this.#streams) stream.check(now)
    if (this.isIdle && now - this.#since > this.#tools.settings.clientIdleMs) this.closeIdle()
    if (this.#floods.isFlooded({ read: this.#socket.bytesRead, written: this.#socket.bytesWritten }, now)) this.#calmDown("overhead")
  }

  /** Streams that come meanwhile are refused as not processed: their client asks them again elsewhere. */
  closeIdle(): void {
    if (this.isIdle) this.#session.close()
  }

  #begin(stream: ServerHttp2Stream, method: string, raw: readonly string[]): void {
    this.#floods.streamBegun()
    const client: ClientStream = new ClientStream(stream, method, {
      ...this.#tools,
      peer: this.#peer,
      bodyCame: (bytes) => this.#floods.bodyCame(bytes),
      over: (how) => this.#over(how),
    })
    this.#streams.add(client)
    stream.once("close", () => {
      this.#streams.delete(client)
      this.#since = this.#tools.now()
    })
    client.begin(raw)
  }

  #over(how: "answered" | "early"): void {
    if (how === "early" && !this.#floods.endedEarly(this.#tools.now())) return this.#calmDown("early ends")
    if (this.#tools.stopping.aborted) this.#session.close()
  }

  #calmDown(why: string): void {
    if (this.#session.destroyed) return
    this.#tools.cuts.flooded(this.#peer.address, why)
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }
}

function optionsFor({ settings }: ConnectionTools): Parameters<typeof performServerHandshake>[1] {
  return {
    settings: {
      maxConcurrentStreams: settings.http2StreamsPerConnection,
      initialWindowSize: bodyWindowBytes,
      maxHeaderListSize: settings.maxHeaderBytes,
      enableConnectProtocol: true,
    },
    maxHeaderListPairs: settings.maxHeaders + 8,
    maxSendHeaderBlockLength: 2 * settings.maxAnswerHeadBytes,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxOutstandingPings: 10,
    maxSettings: 32,
    maxSessionMemory: sessionMemoryMegabytes,
    // Of two such fields the copy's are passed on as they are.
    strictSingleValueFields: false,
  }
}
