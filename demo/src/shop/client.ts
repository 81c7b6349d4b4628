// A shop's programs as they ask the platform: signed in as a worker, a key of its own for every write, and nothing goes wrong unseen. Called by the season.
import { z } from "zod"

export interface Asking {
  query?: Readonly<Record<string, string | number | boolean>>
  body?: object
  /** Repeating with the same key has no second effect; a new one where it is left out. */
  key?: string
}

export interface Seen {
  id: string
  attributes: Record<string, unknown>
  relationships: Record<string, { data?: unknown }>
}

export interface ShopClientOptions {
  signal: AbortSignal
  exchange: Exchange
}

export interface Request {
  method: string
  /** Below /api, with its query: "/v1/orders?search=rose". */
  address: string
  body: object | undefined
  /** An access token. */
  token: string | undefined
  key: string | undefined
  signal: AbortSignal
}

/** How a request gets there and what comes back; `body` is parsed, undefined where there is none. */
export type Exchange = (request: Request) => Promise<{ status: number; body: unknown }>

/** By HTTP. @param url the gateway: "http://127.0.0.1:8080" */
export function exchangeOver(url: string, onAnswer: () => void = () => {}): Exchange {
  return async ({ method, address, body, token, key, signal }) => {
    const response = await fetch(`${url}/api${address}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
        ...(body === undefined ? {} : { "content-type": "application/vnd.api+json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    })
    const text = await response.text()
    onAnswer()
    return { status: response.status, body: text === "" ? undefined : parsed(text) }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What was asked and what came, in words that can be pasted. */
class UnexpectedAnswer extends Error {
  readonly status: number

  constructor({ method, address, body }: Pick<Request, "method" | "address" | "body">, status: number, answer: unknown) {
    const asked = body === undefined ? "" : `\n${JSON.stringify(body)}`
    super(`${method} ${address} answered ${status}.${asked}\n${typeof answer === "string" ? answer : JSON.stringify(answer)}`)
    this.name = "UnexpectedAnswer"
    this.status = status
  }
}

const resource = z.object({
  id: z.coerce.string(),
  attributes: z.record(z.string(), z.unknown()).default({}),
  relationships: z.record(z.string(), z.object({ data: z.unknown() }).partial()).default({}),
})
const oneDocument = z.object({ data: resource })
const listDocument = z.object({ data: z.array(resource) })
const sessionDocument = z.object({
  data: z.object({ attributes: z.object({ accessToken: z.string(), refreshToken: z.string() }) }),
})

/** Access tokens live for a quarter of an hour. */
const refreshAfterMs = 10 * 60_000
const triesWhenUnavailable = 5

/** One worker's session. */
export class ShopClient {
  readonly #options: ShopClientOptions
  #tokens: { access: string; refresh: string; since: number }
  #refreshing: Promise<void> | undefined

  private constructor(options: ShopClientOptions, tokens: { access: string; refresh: string }) {
    this.#options = options
    this.#tokens = { ...tokens, since: Date.now() }
  }

  /** @throws UnexpectedAnswer */
  static async signIn(options: ShopClientOptions, username: string, password: string): Promise<ShopClient> {
    const body = { data: { type: "sessions", attributes: { username, password } } }
    return new ShopClient(options, tokensIn(await ask(options, { method: "POST", address: "/v1/sessions", body })))
  }

  /** The token that it asks with now. */
  get token(): string {
    return this.#tokens.access
  }

  /** Whoever renews the session with it ends this client's own way to do so. */
  get refreshToken(): string {
    return this.#tokens.refresh
  }

  /** One resource. @throws UnexpectedAnswer */
  async get(path: string, query: Asking["query"] = {}): Promise<Seen> {
    return oneDocument.parse(await this.ask("GET", path, { query })).data
  }

  async list(path: string, query: Asking["query"] = {}): Promise<Seen[]> {
    return listDocument.parse(await this.ask("GET", path, { query })).data
  }

  /** Creates or changes one resource. @throws UnexpectedAnswer */
  async send(method: "POST" | "PATCH" | "PUT", path: string, body: object): Promise<Seen> {
    return oneDocument.parse(await this.ask(method, path, { body })).data
  }

  /** @returns the answer's document, whatever it is. @throws UnexpectedAnswer */
  async ask(method: string, path: string, { query = {}, body, key = crypto.randomUUID() }: Asking = {}): Promise<unknown> {
    await this.#keepFresh()
    const search = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]))
    const address = search.size === 0 ? path : `${path}?${search.toString()}`
    return ask(this.#options, { method, address, body, token: this.#tokens.access, key: method === "GET" ? undefined : key })
  }

  async #keepFresh(): Promise<void> {
    if (Date.now() - this.#tokens.since < refreshAfterMs) return
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  async #refresh(): Promise<void> {
    const body = { data: { type: "sessions", attributes: { refreshToken: this.#tokens.refresh } } }
    this.#tokens = { ...tokensIn(await ask(this.#options, { method: "PATCH", address: "/v1/sessions", body })), since: Date.now() }
  }
}

function tokensIn(document: unknown): { access: string; refresh: string } {
  const { accessToken, refreshToken } = sessionDocument.parse(document).data.attributes
  return { access: accessToken, refresh: refreshToken }
}

type Asked = Pick<Request, "method" | "address"> & Partial<Request>

/** What is unavailable for a moment is asked again with the same key, as a shop's programs do. */
async function ask({ exchange, signal }: ShopClientOptions, { method, address, body, token, key }: Asked): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await exchange({ method, address, body, token, key, signal })
    if (answer.status < 300) return answer.body
    if (answer.status !== 503 || attempt === triesWhenUnavailable)
      throw new UnexpectedAnswer({ method, address, body }, answer.status, answer.body)
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt))
  }
}
