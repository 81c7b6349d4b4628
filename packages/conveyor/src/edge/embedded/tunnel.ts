// A WebSocket through the edge: an upgrade request is claimed like any other, then two sockets are joined until one side
// ends or the version's deadline comes; then both sides get a closing frame. Called by the proxy for each upgrade.
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { EdgeAnswer } from "./answers.ts"
import { bodyOf, edgeAnswers } from "./answers.ts"
import type { ProxyTools } from "./exchange.ts"
import { FrameBoundaries, closeFrame } from "./frames.ts"
import type { Masking } from "./frames.ts"
import { answerHeaders, pairs, requestHeaders } from "./headers.ts"
import { readPin } from "./pin.ts"
import type { Pin } from "./pin.ts"
import type { Claim } from "./traffic.ts"

const lastWordsMs = 1_000

/** Carries one upgrade; resolves when it is joined or answered. */
export async function carryUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, tools: ProxyTools): Promise<void> {
  const startedAt = performance.now()
  const pin = readPin(request)
  client.on("error", () => client.destroy())
  const headers = [...requestHeaders(request, tools.settings.forwardedFor), "connection", "Upgrade", "upgrade", "websocket"]
  const tried = new Set<string>()
  for (;;) {
    const claim = tools.traffic.claim(pin.path, pin.wish, tried)
    if ("refused" in claim) return refuse(client, claim, tools)
    client.once("close", claim.release)
    const { outgoing, outcome } = tools.upstreams.ask(claim.target, {
      method: "GET",
      path: pin.url,
      headers,
      connection: "fresh",
      send: (outgoing) => outgoing.end(),
    })
    const cancel = () => outgoing.destroy()
    client.once("close", cancel)
    const result = await outcome
    client.off("close", cancel)
    if (client.destroyed) return discard(result)
    if ("cause" in result)
      tools.failures.note(`${claim.target.copy} ${result.kind}`, { ...claim.target, version: claim.version, cause: result.cause.message })
    if (result.kind === "not-sent") {
      claim.release()
      tried.add(claim.target.copy)
      continue
    }
    if (result.kind === "switched" || result.kind === "answered") {
      tools.counters.answered(claim.version, result.answer.statusCode ?? 0, performance.now() - startedAt)
      if (result.kind === "answered") return passRefusal(client, result.answer, pin, claim)
      client.write(headOf(result.answer, [...answerHeaders(result.answer, pin, claim), "connection", "Upgrade", "upgrade", "websocket"]))
      return join({ client, clientHead: head, upstream: result.socket, upstreamHead: result.head, claim, tools })
    }
    tools.counters.unreachable(claim.version)
    return end(client, result.kind === "timed-out" ? edgeAnswers.timedOut : edgeAnswers.brokeOff)
  }
}

interface Joining {
  client: Duplex
  clientHead: Buffer
  upstream: Socket
  upstreamHead: Buffer
  claim: Claim
  tools: ProxyTools
}

function join({ client, clientHead, upstream, upstreamHead, claim, tools }: Joining): void {
  upstream.setTimeout(0)
  upstream.setNoDelay(true)
  const toClient = new Direction(upstream, client, "plain")
  const toUpstream = new Direction(client, upstream, "masked")
  const leave = tools.lasting.add(claim.version, (reason) => {
    toClient.close(reason)
    toUpstream.close(reason)
  })
  client.once("close", () => {
    leave()
    upstream.destroy()
  })
  upstream.on("error", () => client.destroy())
  upstream.once("close", () => toClient.finish())
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

function refuse(
  client: Duplex,
  claim: { refused: "no-table" | "no-route" } | { refused: "no-copy"; version: string },
  tools: ProxyTools,
): void {
  if (claim.refused === "no-copy") {
    tools.counters.unreachable(claim.version)
    return end(client, edgeAnswers.noCopy)
  }
  return end(client, claim.refused === "no-table" ? edgeAnswers.noTable : edgeAnswers.noRoute)
}

function end(client: Duplex, answer: EdgeAnswer): void {
  const body = bodyOf(answer)
  const lines = [
    `HTTP/1.1 ${answer.status} Refused`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  client.end(`${lines.join("\r\n")}\r\n\r\n${body}`)
}

/** The copy answered the upgrade like a plain request ("401"): its answer goes to the client, which reads to the end of the connection. */
function passRefusal(client: Duplex, answer: IncomingMessage, pin: Pin, claim: Claim): void {
  client.write(headOf(answer, [...answerHeaders(answer, pin, claim), "connection", "close"]))
  answer.on("error", () => client.destroy())
  client.once("close", () => answer.destroy())
  answer.pipe(client)
}

function headOf(answer: IncomingMessage, headers: readonly string[]): string {
  const lines = pairs(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join("")}\r\n`
}

function discard(result: object): void {
  if ("socket" in result) (result as { socket: Socket }).socket.destroy()
  if ("answer" in result) (result as { answer: IncomingMessage }).answer.destroy()
}
