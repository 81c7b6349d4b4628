// The command line's side of the control plane's API.
import { z } from "zod"
import { ConveyorError, describe } from "../kernel/errors.ts"
import type { Stamped } from "../server/events.ts"
import type { ControlAddress } from "../server/state-directory.ts"

const refusal = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
})

export class Client {
  readonly #address: ControlAddress

  constructor(address: ControlAddress) {
    this.#address = address
  }

  get<T>(path: string): Promise<T> {
    return this.#ask<T>(path, { method: "GET" })
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this.#ask<T>(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
  }

  /** Every event from now on, until the signal aborts or the control plane ends. */
  async *events(signal: AbortSignal): AsyncGenerator<Stamped> {
    const response = await this.#fetch("/events", { signal })
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n\n")
      rest = blocks.pop() ?? ""
      for (const block of blocks) {
        if (block.startsWith("data: ")) yield JSON.parse(block.slice("data: ".length)) as Stamped
      }
    }
  }

  async #ask<T>(path: string, request: RequestInit): Promise<T> {
    const response = await this.#fetch(path, request)
    return (await response.json()) as T
  }

  async #fetch(path: string, request: RequestInit): Promise<Response> {
    const url = new URL(path, this.#address.url)
    const headers = new Headers(request.headers)
    headers.set("authorization", `Bearer ${this.#address.token}`)
    const response = await fetch(url, { ...request, headers }).catch((cause: unknown) => {
      request.signal?.throwIfAborted()
      throw new ConveyorError(
        "not-reachable",
        `the control plane does not answer: ${describe(cause instanceof Error ? (cause.cause ?? cause) : cause)}`,
        {
          facts: { url: this.#address.url },
          hint: "conveyor up starts it again; what was under way is carried on.",
          cause,
        },
      )
    })
    if (response.ok) return response
    const text = await response.text()
    const { code, message, hint, facts } = refusal.catch({ code: "unexpected", message: text }).parse(parsed(text))
    throw new ConveyorError(code, message, { ...(facts !== undefined && { facts }), ...(hint !== undefined && { hint }) })
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
