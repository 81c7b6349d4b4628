// One request's way through the edge: claimed, asked of a copy, asked again where nothing can have happened yet, rescued
// by another version where the table says so, and answered. Called by the proxy for each request.
import type { Clients, Release } from "../client/clients.ts"
import type { ClientRequest } from "../client/client-request.ts"
import type { ClientResponse } from "../client/client-response.ts"
import type { EdgeAnswer, WhyRefused } from "./answers.ts"
import { answerWith, edgeAnswers, whyRefused } from "./answers.ts"
import { clientBucket } from "../counting/client-bucket.ts"
import type { Asked, Comparing } from "../counting/comparing.ts"
import type { Counters } from "../counting/counters.ts"
import { watchEvents } from "../streams/event-stream.ts"
import type { Cuts } from "./cuts.ts"
import type { FailureLog } from "./failure-log.ts"
import { heardOf } from "./heard-of.ts"
import { answerFields, interimFields, requestFields } from "./headers.ts"
import { mayBeAsset } from "./freshness.ts"
import type { Identities, Identity } from "./identity.ts"
import type { PageIds } from "../pages/page-ids.ts"
import { pageFieldsFor } from "../pages/page-start.ts"
import type { Deadlines } from "../streams/deadlines.ts"
import type { LastingStreams } from "../streams/lasting-streams.ts"
import type { Pin } from "./pin.ts"
import { readPin, versionHeader } from "./pin.ts"
import type { RequestBody } from "./request-body.ts"
import { resultOf } from "../counting/comparing.ts"
import { Shadow } from "./shadow.ts"
import { allowedTrailers } from "./trailers.ts"
import type { EdgeSettings } from "../settings.ts"
import { SlowReader } from "../spool/slow-reader.ts"
import type { Spools } from "../spool/spools.ts"
import type { Claim, Traffic } from "../counting/traffic.ts"
import type { AnswerHead } from "../upstream/answer-head.ts"
import type { Answer, AnswerSink } from "../upstream/answer.ts"
import type { Asking, Outcome } from "../upstream/asking.ts"
import type { Upstreams } from "../upstream/upstreams.ts"

export interface ProxyTools {
  traffic: Traffic
  upstreams: Upstreams
  counters: Counters
  comparing: Comparing
  lasting: LastingStreams
  settings: EdgeSettings
  identities: Identities
  pageIds: PageIds
  failures: FailureLog
  cuts: Cuts
  deadlines: Deadlines
  spools: Spools
  clients: Clients
  /** In ms since the Unix epoch. */
  now: () => number
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
  route: string
  why: "noCopy" | "brokeOff" | "timedOut"
}

type Verdict = Answered | Unreachable | { kind: "refused"; why: WhyRefused } | { kind: "client-gone" }

interface Substitution {
  failed: Answered | Unreachable
  substitute: string
}

const otherVersionsAsked = 3
const safeMethods = new Set(["GET", "HEAD"])
const idempotentMethods = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

export class Exchange {
  #request: ClientRequest
  #response: ClientResponse
  #tools: ProxyTools
  #pin: Pin
  #body: RequestBody
  #startedAt = performance.now()
  #tookMs = 0
  #knownIdentity: Identity | undefined
  #claims: Claim[] = []
  #askings: Asking[] = []
  #tried = new Set<string>()
  #shadow: Shadow | "alone" | undefined
  /** Versions that were on probation when they were asked: the answer counts by that time, though they were taken back since. */
  #onProbation = new Set<string>()
  #waitsForContinue: boolean
  /** What this client takes up, given back at the end. */
  #releases: Release[] = []

  constructor(request: ClientRequest, response: ClientResponse, tools: ProxyTools) {
    this.#request = request
    this.#response = response
    this.#tools = tools
    this.#pin = readPin(request)
    this.#body = request.body
    this.#waitsForContinue = request.head.expectsContinue
    response.onceClosed(() => this.#clear())
  }

  /** Runs up to the first claim without giving way, so the claim is taken in the tick in which the request arrived. */
  async carry(): Promise<void> {
    if (this.#body.isTooLarge) return answerWith(this.#response, edgeAnswers.tooLarge, "", "closed")
    const admitted = this.#tools.clients.request(this.#identity().address)
    if (typeof admitted === "string") return this.#refuse(edgeAnswers[admitted])
    this.#releases.push(admitted)
    const asked = await this.#askVersion(this.#wish)
    this.#compare(asked)
    const first = await this.#askOtherVersions(asked)
    const substitution = this.#substitutionFor(first)
    this.#deliver(substitution === undefined ? first : await this.#askInstead(substitution))
  }

  /** What only the cookie says holds as long as pages of the version are waited for. */
  get #wish(): string | undefined {
    const { wish, by } = this.#pin
    if (wish === undefined || by !== "cookie") return wish
    return (this.#tools.deadlines.of(wish) ?? Infinity) > this.#tools.now() ? wish : undefined
  }

  /** A file that one version does not have may be one of another's build: whatever page asks, it is found. */
  async #askOtherVersions(first: Verdict): Promise<Verdict> {
    if (first.kind !== "answered" || first.answer.status !== 404 || !safeMethods.has(this.#request.method)) return first
    if (!mayBeAsset(this.#pin, this.#request.header("sec-fetch-dest"))) return first
    for (const other of this.#tools.traffic
      .othersServing(this.#pin.path, first.version, this.#request.head.authority)
      .slice(0, otherVersionsAsked)) {
      const found = await this.#askVersion(other)
      if (found.kind === "client-gone") return found
      if (found.kind !== "answered") continue
      const lacking: Answered = found.answer.status < 400 ? first : found
      lacking.claim.release()
      lacking.answer.drop()
      if (lacking === first) return found
    }
    this.#response.version = first.version
    return first
  }

  async #askVersion(wish: string | undefined): Promise<Verdict> {
    const mayFail = this.#body.declared === "none" && idempotentMethods.has(this.#request.method)
    let connection: "pooled" | "surely-open" | "fresh" = mayFail ? "pooled" : "surely-open"
    for (;;) {
      const claim = this.#tools.traffic.claim(this.#pin.path, wish, this.#tried, this.#request.head.authority)
      if ("version" in claim && this.#claims.length === 0) this.#shadow = Shadow.of(claim, this.#request, this.#pin, this.#tools)
      if ("refused" in claim) {
        if (claim.refused === "no-copy") return this.#unreachable(claim, "noCopy")
        return { kind: "refused", why: whyRefused(claim.refused, this.#tools.settings) }
      }
      this.#claims.push(claim)
      this.#response.version = claim.version
      if (this.#tools.traffic.table?.rescue?.from === claim.version) this.#onProbation.add(claim.version)
      const outcome = await this.#ask(claim, connection)
      if (this.#response.isOver) return { kind: "client-gone" }
      claim.heard(heardOf(outcome))
      if (outcome.kind === "answered") return this.#answered(claim, outcome.answer)

      claim.release()
      this.#note(claim, outcome)
      if (outcome.kind === "not-sent") {
        this.#tried.add(claim.target.copy)
      } else if (outcome.kind === "stale" && connection !== "fresh" && this.#mayBeSentAgain()) {
        connection = "fresh"
      } else {
        return this.#unreachable(claim, outcome.kind === "timed-out" ? "timedOut" : "brokeOff")
      }
    }
  }

  async #ask(claim: Claim, connection: "pooled" | "surely-open" | "fresh"): Promise<Outcome> {
    const asking = this.#tools.upstreams.ask(
      claim.target,
      {
        method: this.#request.method,
        path: this.#pin.url,
        fields: requestFields(this.#request, this.#identity()) + this.#body.framing(),
        body: this.#request.head.framing.kind === "chunked" ? "chunked" : "plain",
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
    return this.#body.declared === "some" || idempotentMethods.has(this.#request.method)
  }

  /** Which version is to answer instead, if any may. */
  #substitutionFor(failed: Verdict): Substitution | undefined {
    if (failed.kind !== "unreachable" && failed.kind !== "answered") return undefined
    if (failed.kind === "answered" && failed.answer.status < 500) return undefined
    const { traffic } = this.#tools
    const nothingSent = failed.kind === "unreachable" && failed.why === "noCopy" && this.#body.untouched
    const isSafe = safeMethods.has(this.#request.method) && this.#body.declared === "none"
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
        return this.#refuse(edgeAnswers[verdict.why])
      case "unreachable":
        if (this.#body.isTooLarge) return answerWith(this.#response, edgeAnswers.tooLarge, "", "closed")
        this.#body.discardRest()
        return answerWith(this.#response, edgeAnswers[verdict.why], `${versionHeader}: ${verdict.version}\r\n`, this.#keeps())
      case "answered":
        return this.#pass(verdict)
    }
  }

  #pass({ version, claim, answer, insteadOf }: Answered): void {
    const [response, { lasting, spools, settings }] = [this.#response, this.#tools]
    if (answer.isBroken) return this.#deliver({ kind: "unreachable", version, route: claim.route, why: "brokeOff" })
    const isEvents = answer.header("content-type")?.startsWith("text/event-stream") === true
    const stream = isEvents ? this.#tools.clients.stream(this.#identity().address) : undefined
    if (typeof stream === "string") {
      answer.cancel()
      return this.#refuse(edgeAnswers[stream])
    }
    if (stream !== undefined) this.#releases.push(stream)
    const trailers = this.#request.head.version === "1.0" ? "dropped" : "passed"
    const pageFields = pageFieldsFor(this.#request, this.#pin, version, this.#tools.pageIds)
    const answerer = { version, pageFields, ...(insteadOf === undefined ? {} : { insteadOf }) }
    const fields = answerFields(answer, this.#pin, answerer, trailers)
    // A short answer is here whole by now, and goes in one write.
    const whole = answer.takeWhole()
    const length = answer.length ?? (this.#request.method === "HEAD" || answer.status === 304 ? undefined : whole?.length)
    response.begin({ status: answer.status, statusText: answer.statusText, fields, length, connection: this.#keeps() })
    this.#body.discardRest()
    if (whole !== undefined) {
      response.write(whole)
      return response.end([])
    }
    response.watchStall()
    if (!answer.hasBegun) response.flush()
    const sink = this.#sinkFor(version, claim.route)
    if (isEvents) {
      response.onDrain = () => answer.resume()
      return answer.passTo(watchEvents(sink, answer, response, version, lasting))
    }
    const copyIsDone = () => {
      claim.release()
      response.version = undefined
    }
    answer.passTo(new SlowReader(response, answer, sink, { spools, spoolAfterMs: settings.spoolAfterMs }, copyIsDone))
  }

  #refuse(answer: EdgeAnswer): void {
    this.#body.discardRest()
    answerWith(this.#response, answer, "", this.#keeps())
  }

  #sinkFor(version: string, route: string): AnswerSink {
    const response = this.#response
    return {
      data: (chunk) => response.write(chunk),
      end: (rawTrailers) => response.end(allowedTrailers(rawTrailers)),
      broke: () => {
        if (response.isOver) return
        this.#tools.counters.brokeOff(version)
        this.#tools.comparing.saw(version, this.#asked(route), "failed")
        // Only a torn connection tells the client that the body is not whole.
        response.destroy()
      },
    }
  }

  /** A client that was never told to send its body may send the next request instead: the connection cannot be read on. */
  #keeps(): "kept" | "closed" {
    return this.#waitsForContinue ? "closed" : "kept"
  }

  #answered(claim: Claim, answer: Answer): Answered {
    this.#tookMs = performance.now() - this.#startedAt
    this.#tools.counters.answered(claim.version, answer.status, this.#tookMs)
    return { kind: "answered", version: claim.version, claim, answer }
  }

  #unreachable({ version, route }: { version: string; route: string }, why: Unreachable["why"]): Unreachable {
    if (!this.#body.isTooLarge) this.#tools.counters.unreachable(version)
    return { kind: "unreachable", version, route, why }
  }

  #identity(): Identity {
    return (this.#knownIdentity ??= this.#tools.identities.of(this.#request))
  }

  #asked(route: string): Asked {
    return { method: this.#request.method, address: this.#identity().address, route }
  }

  /** What the client itself broke off, or left half-sent, says nothing of the version. */
  #compare(first: Verdict): void {
    const isEvidence = first.kind === "answered" || (first.kind === "unreachable" && this.#body.isWhole)
    const [{ comparing }, shadow] = [this.#tools, this.#shadow]
    if (!isEvidence) return shadow instanceof Shadow ? shadow.cancel() : undefined
    const result = first.kind === "answered" ? resultOf(first.answer.status) : "failed"
    const asked = this.#asked(first.kind === "answered" ? first.claim.route : first.route)
    this.#tools.counters.heard(first.version, clientBucket(asked.address), result)
    if (shadow instanceof Shadow) shadow.pairWith({ result, ms: this.#tookMs }, asked)
    else if (shadow === "alone" || !comparing.isSampled(first.version, asked.method)) comparing.saw(first.version, asked, result)
  }

  #note({ version, target }: Claim, outcome: Outcome & { cause?: Error }): void {
    const facts = { version, ...target, outcome: outcome.kind, cause: outcome.cause?.message, path: this.#pin.path }
    this.#tools.failures.note(`${target.copy} ${outcome.kind}`, facts)
  }

  #passInterim(head: AnswerHead): void {
    if (head.status !== 100) return this.#response.interim(head.status, head.statusText, interimFields(head))
    if (!this.#waitsForContinue) return
    this.#waitsForContinue = false
    this.#response.interim(100, "Continue", "")
  }

  /** The client has its answer, or is gone: nothing is in flight any more, and nobody needs an answer still under way. */
  #clear(): void {
    for (const claim of this.#claims) claim.release()
    for (const release of this.#releases) release()
    if (this.#response.isWhole) return
    for (const asking of this.#askings) asking.cancel()
  }
}
