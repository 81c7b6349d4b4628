// Two sockets joined into a WebSocket through the edge, until one side ends or the version's deadline comes; then both
// sides get a closing frame. Called with a fresh pair by the upgrade.
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { FrameBoundaries, closeFrame } from "./frames.ts"
import type { Masking } from "./frames.ts"
import type { LastingStreams } from "./lasting-streams.ts"

const lastWordsMs = 1_000

export interface Joining {
  client: Duplex
  clientHead: Buffer
  upstream: Socket
  upstreamHead: Buffer
  version: string
  lasting: LastingStreams
}

export function join({ client, clientHead, upstream, upstreamHead, version, lasting }: Joining): void {
  upstream.setTimeout(0)
  upstream.setNoDelay(true)
  const toClient = new Direction(upstream, client, "plain")
  const toUpstream = new Direction(client, upstream, "masked")
  const leave = lasting.add(version, (reason) => {
    toClient.close(reason)
    toUpstream.close(reason)
  })
  client.once("close", () => {
    leave()
    upstream.destroy()
  })
  upstream.on("error", () => client.destroy())
  upstream.once("close", () => toClient.finish())
  // Whoever has heard the end, and does not hang up, is hung up on.
  client.once("finish", () => setTimeout(() => client.destroy(), lastWordsMs).unref())
  toClient.start(upstreamHead)
  toUpstream.start(clientHead)
}

/** One direction of a tunnel: bytes pass as they are, until a closing frame is put after the frame under way. */
class Direction {
  #from: Duplex
  #to: Duplex
  #masking: Masking
  #boundaries = new FrameBoundaries()
  #state: "open" | { closing: string } | "closed" = "open"

  constructor(from: Duplex, to: Duplex, masking: Masking) {
    this.#from = from
    this.#to = to
    this.#masking = masking
  }

  start(head: Buffer): void {
    this.#from.on("data", (chunk: Buffer) => this.#pass(chunk))
    this.#from.once("end", () => this.finish())
    this.#to.on("drain", () => this.#from.resume())
    this.#from.resume()
    if (head.length > 0) this.#pass(head)
  }

  /** Says goodbye as soon as the frame under way is whole, and hangs up in any case after a moment. */
  close(reason: string): void {
    if (this.#state !== "open") return
    this.#state = { closing: reason }
    if (this.#boundaries.isBetweenFrames) this.#sayGoodbye(reason)
    setTimeout(() => this.#to.destroy(), lastWordsMs).unref()
  }

  finish(): void {
    if (!this.#to.writableEnded) this.#to.end()
  }

  #pass(chunk: Buffer): void {
    if (this.#state === "closed") return
    const closing = this.#state === "open" ? undefined : this.#state.closing
    const read = this.#boundaries.read(chunk, closing === undefined ? "end" : "to-boundary")
    if (!this.#to.write(chunk.subarray(0, read))) this.#from.pause()
    if (closing !== undefined && this.#boundaries.isBetweenFrames) this.#sayGoodbye(closing)
  }

  #sayGoodbye(reason: string): void {
    this.#state = "closed"
    // What the other side still sends is read and dropped: unread bytes would turn the hang-up into a reset.
    this.#from.resume()
    if (!this.#boundaries.isClosing && this.#to.writable) this.#to.write(closeFrame(reason, this.#masking))
  }
}
