// How one service asks another at once, with a bound: where the other one is down, the caller is told so and goes on without it.
// Under Conveyor the edge brings the request to the same version of the other service.
import { z } from "zod"
import { Refusal, unavailable } from "./refusal.ts"
import type { Problem } from "./refusal.ts"
import type { Tokens } from "./session.ts"

export interface PeerRequest<T extends z.ZodType> {
  service: string
  method: "GET" | "POST"
  /** Below /internal/<service>: "/v1/issues". */
  path: string
  shop: number
  body?: object
  answer: T
  signal?: AbortSignal
}

export interface PeersOptions {
  service: string
  /** Where a service is asked, up to and with /internal/<service>; undefined where this copy was not told. */
  urlOf: (service: string) => string | undefined
  tokens: Tokens
  clock: () => Date
  /** This copy's version under Conveyor, which the edge then asks the other service of. */
  version: string | null
}

const answerWithinMs = 3_000
const refusalBody = z.object({
  errors: z
    .array(
      z.object({
        status: z.coerce.number(),
        code: z.string(),
        title: z.string(),
        detail: z.string(),
        source: z
          .union([z.object({ pointer: z.string() }), z.object({ parameter: z.string() }), z.object({ header: z.string() })])
          .optional(),
      }),
    )
    .min(1),
})

export class Peers {
  readonly #options: PeersOptions

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** What a service says of its own operations; anybody may read that. */
  async describe<T extends z.ZodType>(service: string, answer: T): Promise<z.output<T>> {
    const baseUrl = this.#options.urlOf(service)
    if (baseUrl === undefined) throw unavailable(`The ${service} service`, "this copy was not told where the others are (FLORIST_PEERS)")
    const response = await fetch(`${baseUrl}/openapi.json`, { signal: AbortSignal.timeout(answerWithinMs) })
    return answer.parse(await response.json())
  }

  /** @throws Refusal: the other service's own 4xx as it is; 503 where it does not answer in time or fails. */
  async ask<T extends z.ZodType>({ service, method, path, shop, body, answer, signal }: PeerRequest<T>): Promise<z.output<T>> {
    const { service: own, urlOf, tokens, clock, version } = this.#options
    const baseUrl = urlOf(service)
    if (baseUrl === undefined) throw unavailable(`The ${service} service`, "this copy was not told where the others are (FLORIST_PEERS)")
    const authorization = await tokens.peerAuthorization(own, clock())
    let response: Response
    let text: string
    try {
      response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: {
          authorization,
          "florist-shop": String(shop),
          ...(version === null ? {} : { "x-conveyor-version": version }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([AbortSignal.timeout(answerWithinMs), ...(signal === undefined ? [] : [signal])]),
      })
      text = await response.text()
    } catch (cause) {
      throw unavailable(`The ${service} service`, cause)
    }
    if (response.ok) return answer.parse(parsed(text))
    const refusal = refusalBody.safeParse(parsed(text))
    if (response.status >= 500 || !refusal.success) throw unavailable(`The ${service} service`, `it answered ${response.status}`)
    const [first, ...others] = refusal.data.errors as [Problem, ...Problem[]]
    throw new Refusal([first, ...others])
  }
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
