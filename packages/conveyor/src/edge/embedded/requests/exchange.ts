// One request's way through the edge: claimed, asked of a copy, asked again where nothing can have happened yet, rescued
// by another version where the table says so, and answered. Called by the proxy for each request.
import type { IncomingMessage, ServerResponse } from "node:http"
import { answerWith, edgeAnswers } from "./answers.ts"
import type { Counters } from "../counting/counters.ts"
import { watchEvents } from "../streams/event-stream.ts"
import type { FailureLog } from "./failure-log.ts"
import { answerHeaders, pairs, requestHeaders, takeOut } from "./headers.ts"
import type { LastingStreams } from "../streams/lasting-streams.ts"
import type { Pin } from "./pin.ts"
import { readPin, versionHeader } from "./pin.ts"
import { RequestBody } from "./request-body.ts"
import type { EdgeSettings } from "../settings.ts"
import type { Claim, Traffic } from "../counting/traffic.ts"
import type { AnswerHead } from "../upstream/answer-head.ts"
import type { Answer, AnswerSink } from "../upstream/answer.ts"
import type { Asking, Outcome } from "../upstream/asking.ts"
import type { Upstreams } from "../upstream/upstreams.ts"

export interface ProxyTools {
  traffic: Traffic
  upstreams: Upstreams
  counters: Counters
  lasting: LastingStreams
  settings: EdgeSettings
  failures: FailureLog
  /** Aborted when the edge is told to stop: answers then close their connections. */
  stopping: AbortSignal
}

interface Answered {
  kind: "answered"
  version: string
  claim: Claim
  answer: Answer
  insteadOf?: string
}

interface Unreachable {
  kind: "unreachable"
  version: string
  why: "noCopy" | "brokeOff" | "timedOut"
}

type Verdict = Answered | Unreachable | { kind: "refused"; why: "noTable" | "noRoute" } | { kind: "client-gone" }

interface Substitution {
  failed: Answered | Unreachable
  substitute: string
}

const suspectMs = 1_000
const joinedBytes = 16_384
const safeMethods = new Set(["GET", "HEAD"])
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])

export class Exchange {
  #request: IncomingMessage
  #response: ServerResponse
  #tools: ProxyTools
  #pin: Pin
  #body: RequestBody
  #startedAt = performance.now()
  #claims: Claim[] = []
  #askings: Asking[] = []
  #tried = new Set<string>()
  /** Versions that were on probation when they were asked: the answer counts by that time, though they were taken back since. */
  #onProbation = new Set<string>()
  #waitsForContinue: boolean

  constructor(request: IncomingMessage, response: ServerResponse, tools: ProxyTools) {
    this.#request = request
    this.#response = response
    this.#tools = tools
    this.#pin = readPin(request)
    this.#body = new RequestBody(request, tools.settings.maxBodyBytes)
    this.#waitsForContinue = request.headers.expect !== undefined
    response.once("close", () => this.#clear())
    response.on("error", () => response.destroy())
  }

  /** Runs up to the first claim without giving way, so the claim is taken in the tick in which the request arrived. */
  async carry(): Promise<void> {
    if (this.#body.isTooLarge) return answerWith(this.#response, edgeAnswers.tooLarge, { connection: "close" })
    const first = await this.#askVersion(this.#pin.wish)
    const substitution = this.#substitutionFor(first)
    this.#deliver(substitution === undefined ? first : await this.#askInstead(substitution))
  }

  async #askVersion(wish: string | undefined): Promise<Verdict> {
    let connection: "pooled" | "fresh" = "pooled"
    for (;;) {
      const claim = this.#tools.traffic.claim(this.#pin.path, wish, this.#tried)
      if ("refused" in claim) {
        if (claim.refused !== "no-copy") return { kind: "refused", why: claim.refused === "no-table" ? "noTable" : "noRoute" }
        return this.#unreachable(claim.version, "noCopy")
      }
      this.#claims.push(claim)
      if (this.#tools.traffic.table?.rescue?.from === claim.version) this.#onProbation.add(claim.version)
      const outcome = await this.#ask(claim, connection)
      if (this.#response.destroyed) return { kind: "client-gone" }
      if (outcome.kind === "answered") return this.#answered(claim, outcome.answer)

      claim.release()
      this.#note(claim, outcome)
      if (outcome.kind === "not-sent") {
        this.#tried.add(claim.target.copy)
        this.#tools.traffic.suspect(claim.target.copy, suspectMs)
      } else if (outcome.kind === "stale" && connection === "pooled" && this.#mayBeSentAgain()) {
        connection = "fresh"
      } else {
        return this.#unreachable(claim.version, outcome.kind === "timed-out" ? "timedOut" : "brokeOff")
      }
    }
  }

  async #ask(claim: Claim, connection: "pooled" | "fresh"): Promise<Outcome> {
    const headers = requestHeaders(this.#request, this.#tools.settings.forwardedFor)
    headers.push(...this.#body.framing())
    const asking = this.#tools.upstreams.ask(
      claim.target,
      {
        method: this.#request.method ?? "GET",
        path: this.#pin.url,
        headers,
        purpose: "answer",
        send: (sending) => (this.#body.declared === "none" ? sending.end([]) : this.#body.pourInto(sending)),
        onInterim: (head) => this.#passInterim(head),
      },
      connection,
    )
    this.#askings.push(asking)
    return asking.outcome
  }

  /** For a request that certainly was not processed: the copy closed the connection before it answered a byte. */
  #mayBeSentAgain(): boolean {
    if (!this.#body.untouched) return false
    return this.#body.declared === "some" || idempotentMethods.has(this.#request.method ?? "")
  }

  /** Which version is to answer instead, if any may. */
  #substitutionFor(failed: Verdict): Substitution | undefined {
    if (failed.kind !== "unreachable" && failed.kind !== "answered") return undefined
    if (failed.kind === "answered" && failed.answer.status < 500) return undefined
    const { traffic } = this.#tools
    const nothingSent = failed.kind === "unreachable" && failed.why === "noCopy" && this.#body.untouched
    const isSafe = safeMethods.has(this.#request.method ?? "") && this.#body.declared === "none"
    const mayAsk = nothingSent || (isSafe && this.#onProbation.has(failed.version))
    const substitute = mayAsk ? traffic.substituteFor(failed.version) : undefined
    return substitute === undefined ? undefined : { failed, substitute }
  }

  async #askInstead({ failed, substitute }: Substitution): Promise<Verdict> {
    if (failed.kind === "answered") this.#tried.add(failed.claim.target.copy)
    const second = await this.#askVersion(substitute)
    if (second.kind === "client-gone") return second
    if (second.kind !== "answered" || second.version === failed.version) return failed
    if (failed.kind === "answered") {
      failed.claim.release()
      failed.answer.drop()
    }
    if (second.answer.status < 500) this.#tools.counters.rescued(failed.version)
    return { ...second, insteadOf: failed.version }
  }

  #deliver(verdict: Verdict): void {
    switch (verdict.kind) {
      case "client-gone":
        return
      case "refused":
        return answerWith(this.#response, edgeAnswers[verdict.why])
      case "unreachable":
        if (this.#body.isTooLarge) return answerWith(this.#response, edgeAnswers.tooLarge, { connection: "close" })
        this.#body.discardRest()
        return answerWith(this.#response, edgeAnswers[verdict.why], { [versionHeader]: verdict.version })
      case "answered":
        return this.#pass(verdict)
    }
  }

  #pass({ version, answer, insteadOf }: Answered): void {
    const [response, { counters, lasting, settings, stopping }] = [this.#response, this.#tools]
    if (answer.isBroken) return this.#deliver({ kind: "unreachable", version, why: "brokeOff" })
    const headers = answerHeaders(answer, this.#pin, insteadOf === undefined ? { version } : { version, insteadOf })
    const takesTrailers = this.#request.httpVersion !== "1.0"
    if (!takesTrailers) takeOut(headers, "trailer")
    // A client that was never told to send its body may send the next request instead: the connection cannot be read on.
    if (this.#waitsForContinue || stopping.aborted) headers.push("connection", "close")
    response.writeHead(answer.status, answer.statusText, headers)
    this.#body.discardRest()
    // A short answer is here whole by now: one write, and no listeners.
    const whole = answer.takeWhole()
    if (whole !== undefined) return endWith(response, whole)
    // Silence alone is no stall: an answer may be slow in coming.
    response.setTimeout(settings.stalledClientMs, () => {
      if (response.writableLength > 0) response.destroy()
    })
    if (!answer.hasBegun) response.flushHeaders()
    response.on("drain", () => answer.resume())
    const sink: AnswerSink = {
      data: (chunk) => response.write(chunk),
      end: (rawTrailers) => {
        if (takesTrailers && rawTrailers.length > 0) response.addTrailers(pairs(rawTrailers))
        response.end()
      },
      broke: () => {
        if (response.destroyed) return
        counters.brokeOff(version)
        // Only a torn connection tells the client that the body is not whole.
        response.destroy()
      },
    }
    const isEvents = answer.header("content-type")?.startsWith("text/event-stream") === true
    answer.passTo(isEvents ? watchEvents(sink, answer, response, version, lasting) : sink)
  }

  #answered(claim: Claim, answer: Answer): Answered {
    this.#tools.counters.answered(claim.version, answer.status, performance.now() - this.#startedAt)
    return { kind: "answered", version: claim.version, claim, answer }
  }

  #unreachable(version: string, why: Unreachable["why"]): Unreachable {
    if (!this.#body.isTooLarge) this.#tools.counters.unreachable(version)
    return { kind: "unreachable", version, why }
  }

  #note({ version, target }: Claim, outcome: Outcome & { cause?: Error }): void {
    const facts = { version, ...target, outcome: outcome.kind, cause: outcome.cause?.message, path: this.#pin.path }
    this.#tools.failures.note(`${target.copy} ${outcome.kind}`, facts)
  }

  #passInterim({ status, rawHeaders }: AnswerHead): void {
    if (this.#request.httpVersion === "1.0") return
    if (status === 100 && this.#waitsForContinue) {
      this.#waitsForContinue = false
      this.#response.writeContinue()
    } else if (status === 103 && !this.#response.headersSent) {
      this.#response.writeInformation(status, rawHeaders)
    }
  }

  /** The client has its answer, or is gone: nothing is in flight any more, and nobody needs an answer still under way. */
  #clear(): void {
    for (const claim of this.#claims) claim.release()
    const { socket } = this.#request
    for (const asking of this.#askings) {
      if (!this.#response.writableFinished || socket.destroyed) asking.cancel()
      // Answered early: its body may come still, as long as the client is there.
      else if (!asking.isSent) socket.once("close", () => asking.cancel())
    }
  }
}

/** Node sends a text together with the head, in one piece; latin1 keeps every byte as it is. */
function endWith(response: ServerResponse, body: Buffer): void {
  if (body.length === 0) response.end()
  else if (body.length <= joinedBytes) response.end(body.toString("latin1"), "latin1")
  else response.end(body)
}
