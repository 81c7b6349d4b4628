// The same safe request, asked of the older version at the moment at which the newer one is asked. Nobody sees its answer:
// it is there to be compared. Made by the exchange; ends by itself, within the time that any answer may take.
import type { ClientRequest } from "../client/client-request.ts"
import type { Asked, Seen } from "../counting/comparing.ts"
import { resultOf } from "../counting/comparing.ts"
import type { Claim } from "../counting/traffic.ts"
import type { Asking } from "../upstream/asking.ts"
import type { ProxyTools } from "./exchange.ts"
import { requestFields } from "./headers.ts"
import type { Pin } from "./pin.ts"

/** Tells a copy that nobody will see its answer. */
const shadowField = "X-Conveyor-Shadow: 1\r\n"
const none: ReadonlySet<string> = new Set()

export class Shadow {
  readonly #asking: Asking
  readonly #tools: ProxyTools
  readonly #seen: Promise<Seen | undefined>
  #isUnwanted = false

  /** Undefined where this request is not one of those that are compared; "alone" where it would be, and the older version cannot be asked it. */
  static of({ version }: Pick<Claim, "version">, request: ClientRequest, pin: Pin, tools: ProxyTools): Shadow | "alone" | undefined {
    const older = tools.comparing.takePair(version, request.method)
    if (older === undefined) return undefined
    if (request.body.declared === "some" || request.header("accept")?.includes("text/event-stream") === true) {
      tools.comparing.pairOver()
      return "alone"
    }
    const claim = tools.traffic.claim(pin.path, older, none, request.head.authority)
    if (!("refused" in claim) && claim.version === older) return new Shadow(claim, request, pin, tools)
    if (!("refused" in claim)) claim.release()
    tools.comparing.pairOver()
    return "alone"
  }

  private constructor(claim: Claim, request: ClientRequest, pin: Pin, tools: ProxyTools) {
    this.#tools = tools
    tools.comparing.pairBegun(this)
    const startedAt = performance.now()
    const fields = requestFields(request, tools.identities.of(request)) + shadowField
    this.#asking = tools.upstreams.ask(
      claim.target,
      { method: request.method, path: pin.url, fields, body: "plain", purpose: "answer", send: (sending) => sending.end([]) },
      "pooled",
    )
    this.#seen = this.#asking.outcome.then((outcome) => {
      claim.release()
      tools.comparing.pairOver(this)
      const ms = performance.now() - startedAt
      if (outcome.kind === "answered") {
        outcome.answer.drop()
        return { result: resultOf(outcome.answer.status), ms }
      }
      // A connection that the copy had let go of says nothing; asking again would no longer be at the same moment.
      return outcome.kind === "stale" || outcome.kind === "switched" || this.#isUnwanted ? undefined : { result: "failed", ms }
    })
  }

  pairWith(newer: Seen, asked: Asked): void {
    void this.#compare(newer, asked)
  }

  cancel(): void {
    this.#isUnwanted = true
    this.#asking.cancel()
  }

  async #compare(newer: Seen, asked: Asked): Promise<void> {
    const older = await this.#seen
    if (older !== undefined) this.#tools.comparing.sawPair(asked, newer, older)
  }
}
