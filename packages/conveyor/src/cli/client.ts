// The command line's side of the control plane's API: asks only what the protocol lists, and takes only answers of the
// shapes that it names.
import { knownCode } from "../kernel/errors/error-catalogue.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { pathWith } from "../server/protocol/endpoint.ts"
import type { AnswerOf, InputOf, ParamsOf, PathOf } from "../server/protocol/endpoint.ts"
import { commandNews, commandsPath } from "../server/protocol/commands.ts"
import type { CommandInput, CommandNews } from "../server/protocol/commands.ts"
import { endpoints } from "../server/protocol/endpoints.ts"
import type { Endpoints } from "../server/protocol/endpoints.ts"
import { event, eventsPath } from "../server/protocol/events.ts"
import type { Event } from "../server/protocol/events.ts"
import { logNews, logsFollowedPath } from "../server/protocol/logs.ts"
import type { LogNews } from "../server/protocol/logs.ts"
import { refusal } from "../server/protocol/refusal.ts"
import type { ControlAddress } from "../server/installation/state-directory.ts"
import { jsonOf } from "../kernel/json.ts"

/** Nothing in it is required; an object without any keys is one with every key to TypeScript. */
type MayBeLeftOut<T> = string extends keyof T ? true : Partial<T> extends T ? true : false
type Asked<E> = (MayBeLeftOut<InputOf<E>> extends true ? { input?: InputOf<E> } : { input: InputOf<E> }) &
  (keyof ParamsOf<PathOf<E>> extends never ? { params?: undefined } : { params: ParamsOf<PathOf<E>> })
type AskedArguments<E> = MayBeLeftOut<Asked<E>> extends true ? [asked?: Asked<E>] : [asked: Asked<E>]

interface Shape<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: Error }
}

export class Client {
  readonly #address: ControlAddress

  constructor(address: ControlAddress) {
    this.#address = address
  }

  /** @throws ConveyorError as the control plane refuses, "not-reachable", or "not-understood" */
  async ask<Name extends keyof Endpoints>(name: Name, ...[asked]: AskedArguments<Endpoints[Name]>): Promise<AnswerOf<Endpoints[Name]>> {
    const { method, path, answer } = endpoints[name]
    const { params = {}, input = {} }: { params?: Readonly<Record<string, string>> | undefined; input?: object } = asked ?? {}
    const at = pathWith(path, params)
    const response = await (method === "GET"
      ? this.#fetch(withQuery(at, input), { method })
      : this.#fetch(at, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(input) }))
    return understood(answer as Shape<AnswerOf<Endpoints[Name]>>, await response.json())
  }

  /** Every event after that one, or all that are remembered and come, until the signal aborts or the control plane ends. */
  async *events(signal: AbortSignal, after?: string): AsyncGenerator<Event> {
    const response = await this.#fetch(eventsPath, { signal, ...(after !== undefined && { headers: { "last-event-id": after } }) })
    const decoder = new TextDecoder()
    let rest = ""
    for await (const chunk of response.body ?? []) {
      const blocks = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n\n")
      rest = blocks.pop() ?? ""
      for (const data of blocks.flatMap(dataOf)) yield understood(event, JSON.parse(data))
    }
  }

  /** A one-off command, as it goes; aborting the signal ends it. @throws ConveyorError as the control plane refuses, "not-reachable" */
  async *command(input: CommandInput, signal: AbortSignal): AsyncGenerator<CommandNews> {
    const headers = { "content-type": "application/json" }
    const response = await this.#fetch(commandsPath, { method: "POST", headers, body: JSON.stringify(input), signal })
    yield* newsIn(response, commandNews)
  }

  /** The output of copies as it comes, until the signal aborts or the control plane ends. */
  async *logs(input: InputOf<Endpoints["logs"]>, signal: AbortSignal): AsyncGenerator<LogNews> {
    yield* newsIn(await this.#fetch(withQuery(logsFollowedPath, input), { signal }), logNews)
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
    const { code, message, hint, facts } = refusal.catch({ code: "unexpected", message: text }).parse(jsonOf(text))
    throw new ConveyorError(knownCode(code), message, { ...(facts !== undefined && { facts }), ...(hint !== undefined && { hint }) })
  }
}

/** Gives the answer as it came: what a newer control plane says besides is kept. */
function understood<T>(shape: Shape<T>, answer: unknown): T {
  const result = shape.safeParse(answer)
  if (result.success) return answer as T
  throw new ConveyorError("not-understood", "the control plane gives an answer that this command does not understand", {
    hint: "They are of different releases: conveyor up --restart starts the control plane anew with this one.",
    cause: result.error,
  })
}

/** An answer that has a line of JSON for each piece of news. */
async function* newsIn<T>(response: Response, shape: Shape<T>): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) yield understood(shape, JSON.parse(line))
  }
}

function withQuery(path: string, input: object): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(input)) if (value !== undefined) query.set(key, String(value))
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

function dataOf(block: string): string[] {
  return block.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice("data: ".length)] : []))
}
