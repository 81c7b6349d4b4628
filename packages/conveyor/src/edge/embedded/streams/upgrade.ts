// An upgrade request (WebSocket): claimed like any other, asked of one copy after the other until one can be reached, and
// joined to the copy that agrees. Called by the proxy for each upgrade.
import type { Duplex } from "node:stream"
import type { ClientRequest } from "../client/client-request.ts"
import type { Conclusion, Upgrading } from "../client/upgrading.ts"
import { edgeAnswers, whyRefused } from "../requests/answers.ts"
import type { ProxyTools } from "../requests/exchange.ts"
import { answerFields, requestFields } from "../requests/headers.ts"
import { heardOf } from "../requests/heard-of.ts"
import type { Pin } from "../requests/pin.ts"
import { readPin } from "../requests/pin.ts"
import type { Claim } from "../counting/traffic.ts"
import { join } from "./tunnel.ts"
import type { Answer } from "../upstream/answer.ts"
import type { Outcome, Question } from "../upstream/asking.ts"

const upgradeField = "Upgrade: websocket\r\n"

/** Resolves when the two sides are joined, or the client has been told why not. */
export async function carryUpgrade(request: ClientRequest, upgrading: Upgrading, tools: ProxyTools): Promise<void> {
  const client = upgrading.stream
  client.on("error", () => client.destroy())
  const startedAt = performance.now()
  const pin = readPin(request)
  const stream = tools.clients.stream(tools.identities.of(request).address)
  if (typeof stream === "string") return upgrading.refuse(edgeAnswers[stream])
  client.once("close", stream)
  const first = await askVersion(request, client, pin, pin.wish, tools)
  const substitute = first.kind === "no-copy" ? tools.traffic.substituteFor(first.version) : undefined
  if (first.kind !== "no-copy" || substitute === undefined) return conclude(first)

  tools.counters.unreachable(first.version)
  const second = await askVersion(request, client, pin, substitute, tools)
  if (second.kind === "reached") tools.counters.rescued(first.version)
  return conclude(second, first.version)

  function conclude(reply: Reply, insteadOf?: string): void {
    switch (reply.kind) {
      case "client-gone":
        return
      case "no-table":
      case "no-host":
      case "no-route":
        return upgrading.refuse(edgeAnswers[whyRefused(reply.kind, tools.settings)])
      case "no-copy":
        tools.counters.unreachable(reply.version)
        return upgrading.refuse(edgeAnswers.noCopy)
      case "reached":
        return settle(reply, insteadOf)
    }
  }

  function settle({ claim, outcome }: Reached, insteadOf: string | undefined): void {
    const { version } = claim
    if (outcome.kind !== "switched" && outcome.kind !== "answered") {
      tools.counters.unreachable(version)
      return upgrading.refuse(outcome.kind === "timed-out" ? edgeAnswers.timedOut : edgeAnswers.brokeOff)
    }
    const { answer } = outcome
    tools.counters.answered(version, answer.status, performance.now() - startedAt)
    const fields = answerFields(answer, pin, { version, pageFields: "", ...(insteadOf === undefined ? {} : { insteadOf }) }, "dropped")
    const head = { status: answer.status, statusText: answer.statusText, fields }
    if (outcome.kind === "answered") return passRefusal(upgrading, answer, head)
    upgrading.accept(head)
    return join({
      client,
      clientHead: upgrading.early,
      upstream: outcome.socket,
      upstreamHead: outcome.head,
      version,
      lasting: tools.lasting,
    })
  }
}

interface Reached {
  kind: "reached"
  claim: Claim
  outcome: Outcome
}

type Reply = Reached | { kind: "no-copy"; version: string } | { kind: "no-table" | "no-host" | "no-route" | "client-gone" }

/** Asks the copies of one version until one can be reached; the claim on it lasts as long as the client's connection. */
async function askVersion(request: ClientRequest, client: Duplex, pin: Pin, wish: string | undefined, tools: ProxyTools): Promise<Reply> {
  const tried = new Set<string>()
  for (;;) {
    const claim = tools.traffic.claim(pin.path, wish, tried, request.head.authority)
    if ("refused" in claim) return claim.refused === "no-copy" ? { kind: "no-copy", version: claim.version } : { kind: claim.refused }
    client.once("close", claim.release)
    const outcome = await ask(request, client, pin, claim, tools)
    if (client.destroyed) {
      discard(outcome)
      return { kind: "client-gone" }
    }
    claim.heard(heardOf(outcome))
    if ("cause" in outcome) {
      tools.failures.note(`${claim.target.copy} ${outcome.kind}`, { ...claim.target, version: claim.version, cause: outcome.cause.message })
    }
    if (outcome.kind !== "not-sent") return { kind: "reached", claim, outcome }
    claim.release()
    tried.add(claim.target.copy)
  }
}

async function ask(
  request: ClientRequest,
  client: Duplex,
  pin: Pin,
  { target }: Claim,
  { upstreams, identities }: ProxyTools,
): Promise<Outcome> {
  const question: Question = {
    method: "GET",
    path: pin.url,
    fields: requestFields(request, identities.of(request)) + upgradeField,
    body: "plain",
    purpose: "upgrade",
    send: (sending) => sending.end([]),
  }
  const asking = upstreams.ask(target, question, "fresh")
  const cancel = () => asking.cancel()
  client.once("close", cancel)
  const result = await asking.outcome
  client.off("close", cancel)
  return result
}

/** The copy answered the upgrade like a plain request ("401"): its answer goes to the client, which reads to the end of the connection. */
function passRefusal(upgrading: Upgrading, answer: Answer, head: Conclusion): void {
  const client = upgrading.stream
  upgrading.answerPlainly(head)
  client.once("close", () => answer.cancel())
  client.on("drain", () => answer.resume())
  answer.passTo({ data: (chunk) => client.write(chunk), end: () => client.end(), broke: () => client.destroy() })
}

function discard(outcome: Outcome): void {
  if (outcome.kind === "switched") outcome.socket.destroy()
  else if (outcome.kind === "answered") outcome.answer.cancel()
}
