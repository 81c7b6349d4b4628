// Holds requests and answers against the publication, with its corrections. Called by `exchange` and the tests of every service.
import assert from "node:assert/strict"
import { compile } from "./compile.ts"
import type { Check } from "./compile.ts"
import { correct } from "./corrections.ts"
import type { Side } from "./corrections.ts"
import { isObject } from "./json.ts"
import { documentFaults, errorFaults, mediaType } from "./jsonapi.ts"
import { keyOf } from "./publication.ts"
import type { Answer, Body, Operation, Publication } from "./publication.ts"
import { oneOf } from "./schema.ts"

export interface SeenRequest {
  method: string
  /** The template, not the address: "/v1/orders/{id}". */
  path: string
  contentType: string
  body: unknown
}

export interface SeenAnswer {
  method: string
  /** The template, not the address: "/v1/orders/{id}". */
  path: string
  status: number
  contentType: string | null
  /** Parsed; undefined where the answer had none. */
  body: unknown
}

export interface Verdict {
  /** "extension": the operation or this status of it is ours, the publication does not list it. */
  standing: "published" | "extension"
  /** Empty where the answer is right. */
  faults: readonly string[]
}

export class Validator {
  readonly #operations: ReadonlyMap<string, Operation>
  readonly #checks = new Map<Body, Check>()
  readonly #error: Check

  /** @param publication undefined where there is none: then only the form of JSON:API is checked, and everything is an extension. */
  constructor(publication: Publication | undefined) {
    this.#operations = new Map(publication?.operations.map((operation) => [keyOf(operation), operation]))
    this.#error = publication === undefined ? () => [] : compile(publication.error)
  }

  operation(method: string, path: string): Operation | undefined {
    return this.#operations.get(keyOf({ method, path }))
  }

  /** The check of a published answer's body by its schema alone; undefined where the publication says nothing of it. */
  validatorFor(method: string, path: string, status: number): Check | undefined {
    const body = jsonBody(this.operation(method, path)?.answers.get(status))
    return body === undefined ? undefined : this.#checkOf(body, "answer")
  }

  /** What is wrong with a request's body, by the published schema. An operation of ours has none, so nothing is wrong. */
  requestFaults({ method, path, contentType, body }: SeenRequest): readonly string[] {
    const operation = this.operation(method, path)
    if (operation === undefined) return []
    if (operation.request.size === 0) return body === undefined ? [] : [`${keyOf(operation)} is published without a body`]
    const published = operation.request.get(essence(contentType))
    if (published === undefined) return [`${contentType} is not among ${[...operation.request.keys()].join(", ")}`]
    return this.#checkOf(published, "request")(body)
  }

  judge(answer: SeenAnswer): Verdict {
    const { method, path, status } = answer
    const listed = this.operation(method, path)?.answers
    const standing = listed?.has(status) === true ? "published" : "extension"
    if (status >= 500) return { standing, faults: [`${status} is the server's fault`, ...this.#refusalFaults(answer)] }
    if (status >= 400) return { standing, faults: this.#refusalFaults(answer) }
    return { standing, faults: this.#successFaults(answer, listed?.get(status) ?? successOf(listed)) }
  }

  /** @throws AssertionError that names the operation, the status and each fault with its place. */
  assertAnswer(answer: SeenAnswer): Verdict {
    const verdict = this.judge(answer)
    assert.ok(
      verdict.faults.length === 0,
      faultReport(`${answer.method} ${answer.path} answered ${answer.status}`, verdict.faults, answer.body),
    )
    return verdict
  }

  /** 503 is right where a test took something away; its form is the same. */
  outageFaults(answer: SeenAnswer): readonly string[] {
    return this.#refusalFaults(answer)
  }

  #refusalFaults({ status, contentType, body }: SeenAnswer): string[] {
    const faults = [...contentTypeFaults(contentType), ...errorFaults(body)]
    if (!isObject(body) || !Array.isArray(body.errors)) return faults
    const members = body.errors.flatMap((error, n) => this.#error(error).map((fault) => `/errors/${n}: ${fault}`))
    const tellsStatus = body.errors.some((error) => isObject(error) && error.status === String(status))
    return [...faults, ...members, ...(tellsStatus ? [] : [`no error has the status "${status}" of the answer`])]
  }

  #successFaults({ status, contentType, body }: SeenAnswer, published: Answer | undefined): readonly string[] {
    if (status === 204) return body === undefined ? [] : ["a 204 has no body"]
    const described = jsonBody(published)
    // Published as just an object, as deletions are: it may as well be empty.
    const isBare = described !== undefined && described.schema.properties === undefined
    if (isBare && body === undefined) return []
    const bySchema = described === undefined ? [] : this.#checkOf(described, "answer")(body)
    const byForm = isBare ? [] : documentFaults(body)
    return [
      ...new Set([
        ...contentTypeFaults(contentType),
        ...bySchema,
        ...byForm,
        ...(described === undefined ? [] : partFaults(described, body)),
      ]),
    ]
  }

  #checkOf(body: Body, side: Side): Check {
    const known = this.#checks.get(body)
    if (known !== undefined) return known
    const check = compile(correct(body, side).schema)
    this.#checks.set(body, check)
    return check
  }
}

/** The faults with the body that has them, cut to what a person reads. */
export function faultReport(what: string, faults: readonly string[], body: unknown): string {
  const text = JSON.stringify(body, null, 1) ?? "(no body)"
  return `${what}, not as published:\n${faults.map((fault) => `  - ${fault}`).join("\n")}\n${text.slice(0, 2_000)}`
}

export function essence(contentType: string | null): string {
  return (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
}

const contentTypeFaults = (contentType: string | null): string[] =>
  essence(contentType) === mediaType ? [] : [`the content type is ${contentType ?? "missing"}, published as ${mediaType}`]

const jsonBody = (answer: Answer | undefined): Body | undefined => answer?.get(mediaType)

/** What an unlisted success (200 for a published 201) is held against. */
function successOf(answers: Operation["answers"] | undefined): Answer | undefined {
  return [...(answers ?? [])].find(([status]) => status < 300)?.[1]
}

/** The schemas require nearly nothing: that data is there, and is of the published type, is asked here. */
function partFaults({ schema, examples }: Body, body: unknown): string[] {
  const published = schema.properties?.data
  if (published === undefined) return []
  if (!isObject(body) || !("data" in body)) return ['the body lacks "data"']
  const types = new Set(
    [oneOf(published)?.properties?.type?.default, ...examples.flatMap(typesIn)].filter((type) => typeof type === "string"),
  )
  const strange = typesIn(body).filter((type) => !types.has(type))
  return types.size === 0
    ? []
    : [...new Set(strange)].map((type) => `/data is of type "${type}", published as "${[...types].join('" or "')}"`)
}

function typesIn(document: unknown): string[] {
  if (!isObject(document)) return []
  const resources = Array.isArray(document.data) ? document.data : [document.data]
  return resources.flatMap((resource) => (isObject(resource) && typeof resource.type === "string" ? [resource.type] : []))
}
