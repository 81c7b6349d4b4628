// Asks a running service as software written for the published API would, and holds every request and every answer against the
// publication. Called by the tests of all services, the end-to-end test and `fuzz`.
import assert from "node:assert/strict"
import { Exercised } from "./exercised.ts"
import { isObject, parseJson } from "./json.ts"
import type { Json, JsonObject } from "./json.ts"
import { mediaType } from "./jsonapi.ts"
import { keyOf, readPublication, skipWithoutPublication } from "./publication.ts"
import { Validator, faultReport } from "./validator.ts"
import type { SeenAnswer } from "./validator.ts"

export interface CallOptions {
  /** For the braces of the path. */
  params?: Readonly<Record<string, string>>
  /** A list repeats its name with "[]", as the published clients do. */
  query?: Readonly<Record<string, string | number | boolean | readonly string[]>>
  /** Made into JSON, unless it is text, bytes or a form already. */
  body?: unknown
  /** Path and query as they are sent, encoded already; in place of `params` and `query`. */
  address?: string
  contentType?: string
  /** An access token. */
  token?: string
  /** An idempotency key. */
  key?: string
  headers?: Readonly<Record<string, string>>
  /** "malformed": the request is wrong on purpose and not held against the publication. */
  request?: "published" | "malformed"
  /** "expected": something that the service needs was taken away, so 503 is right. */
  outage?: "expected"
  signal?: AbortSignal
}

export interface ResourceSeen {
  type: string
  id: string
  attributes: JsonObject
  relationships: Record<string, { data?: Json }>
}

export interface ClientOptions {
  /** Up to and with /api: "http://127.0.0.1:8080/api". */
  base: string
  /** Left out: by the publication that the environment names, or by JSON:API's form alone where it names none. */
  validator?: Validator
  exercised?: Exercised
}

export class PublishedClient {
  readonly exercised: Exercised
  readonly #base: string
  readonly #validator: Validator

  constructor({ base, validator = validatorHere(), exercised = new Exercised() }: ClientOptions) {
    this.#base = base.replace(/\/$/, "")
    this.#validator = validator
    this.exercised = exercised
  }

  /**
   * @param path the template: "/v1/orders/{id}".
   * @throws AssertionError if the request or the answer is not as published. A 5xx never is.
   */
  async call(method: string, path: string, options: CallOptions = {}): Promise<AnswerSeen> {
    const contentType = options.contentType ?? mediaType
    if (options.request !== "malformed") this.#assertRequest(method, path, contentType, options.body)

    const response = await fetch(`${this.#base}${options.address ?? addressOf(path, options)}`, {
      method,
      headers: headersOf(options, contentType),
      redirect: "manual",
      ...bodyOf(options.body),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const text = await response.text()
    const answer = { method, path, status: response.status, contentType: response.headers.get("content-type"), body: parsed(text) }
    const standing = this.#assertAnswer(answer, options)
    this.exercised.add({ operation: keyOf(answer), status: answer.status, standing, body: answer.body })
    return new AnswerSeen(answer, response.headers, standing)
  }

  #assertRequest(method: string, path: string, contentType: string, body: unknown): void {
    // The parts of a form are the service's to read; their names and types are not JSON.
    if (body instanceof FormData) return
    const faults = this.#validator.requestFaults({ method, path, contentType, body })
    assert.ok(faults.length === 0, faultReport(`${method} ${path} was asked with a body`, faults, body))
  }

  #assertAnswer(answer: SeenAnswer, { outage }: CallOptions): "published" | "extension" {
    if (outage !== "expected" || answer.status !== 503) return this.#validator.assertAnswer(answer).standing
    const faults = this.#validator.outageFaults(answer)
    assert.ok(faults.length === 0, faultReport(`${answer.method} ${answer.path} answered ${answer.status}`, faults, answer.body))
    return "extension"
  }
}

/** An answer that was found to be as published. */
export class AnswerSeen {
  readonly status: number
  /** Parsed JSON; text where it is none; undefined where there is no body. */
  readonly body: unknown
  readonly headers: Headers
  readonly standing: "published" | "extension"
  readonly #asked: string

  constructor({ method, path, status, body }: SeenAnswer, headers: Headers, standing: "published" | "extension") {
    this.#asked = `${method} ${path}`
    this.status = status
    this.body = body
    this.headers = headers
    this.standing = standing
  }

  /** The one resource of the answer. @throws AssertionError if it is a list, or a refusal. */
  get one(): ResourceSeen {
    const data = this.#member("data")
    assert.ok(isObject(data), `${this.#asked} answered ${this.status} without one resource: ${brief(this.body)}`)
    return resourceOf(data)
  }

  /** The resources of the answer's list. @throws AssertionError if it is one, or a refusal. */
  get many(): ResourceSeen[] {
    const data = this.#member("data")
    assert.ok(Array.isArray(data), `${this.#asked} answered ${this.status} without a list: ${brief(this.body)}`)
    return data.filter(isObject).map(resourceOf)
  }

  get included(): ResourceSeen[] {
    const included = this.#member("included")
    return Array.isArray(included) ? included.filter(isObject).map(resourceOf) : []
  }

  get meta(): JsonObject {
    const meta = this.#member("meta")
    return isObject(meta) ? meta : {}
  }

  get errors(): JsonObject[] {
    const errors = this.#member("errors")
    return Array.isArray(errors) ? errors.filter(isObject) : []
  }

  #member(name: string): Json | undefined {
    return isObject(this.body) ? this.body[name] : undefined
  }
}

function resourceOf(data: JsonObject): ResourceSeen {
  const relationships = isObject(data.relationships) ? data.relationships : {}
  return {
    type: textOf(data.type),
    id: textOf(data.id),
    attributes: isObject(data.attributes) ? data.attributes : {},
    relationships: Object.fromEntries(Object.entries(relationships).map(([name, link]) => [name, isObject(link) ? link : {}])),
  }
}

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : JSON.stringify(value ?? null))

let kept: Validator | undefined

/** One for the process: compiling its schemas is most of its cost. */
function validatorHere(): Validator {
  kept ??= new Validator(skipWithoutPublication().skip === false ? readPublication() : undefined)
  return kept
}

function addressOf(path: string, { params = {}, query = {} }: CallOptions): string {
  const filled = path.replaceAll(/\{([^}]*)\}/g, (braces, name: string) => {
    const value = params[name]
    assert.ok(value !== undefined, `${path} needs a value for ${braces}`)
    return encodeURIComponent(value)
  })
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === "object") for (const each of value) search.append(name.endsWith("[]") ? name : `${name}[]`, each)
    else search.append(name, String(value))
  }
  return search.size === 0 ? filled : `${filled}?${search.toString()}`
}

function headersOf({ token, key, headers, body }: CallOptions, contentType: string): Record<string, string> {
  return {
    accept: mediaType,
    // A form names its own boundary.
    ...(body === undefined || body instanceof FormData ? {} : { "content-type": contentType }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(key === undefined ? {} : { "idempotency-key": key }),
    ...headers,
  }
}

function bodyOf(body: unknown): { body?: string | Uint8Array<ArrayBuffer> | FormData } {
  if (body === undefined) return {}
  if (typeof body === "string" || body instanceof FormData) return { body }
  return { body: body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body) }
}

function parsed(text: string): unknown {
  if (text === "") return undefined
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

function brief(body: unknown): string {
  return (JSON.stringify(body) ?? "no body").slice(0, 300)
}
