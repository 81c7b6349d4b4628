// Why a request is not done, as the client is told it: JSON:API error objects. Thrown anywhere below an operation and turned into an
// answer by the app.
import { v7 as uuidv7 } from "uuid"

/** Which part of the request it is about, in JSON:API's words. */
export type Source = { pointer: string } | { parameter: string } | { header: string }

export interface Problem {
  status: number
  /** For programs: never changes its meaning. */
  code: string
  title: string
  /** For people: what, where, what to do next. */
  detail: string
  source?: Source
}

export class Refusal extends Error {
  readonly status: number
  readonly problems: readonly Problem[]

  constructor(problems: readonly [Problem, ...Problem[]], options?: ErrorOptions) {
    super(problems[0].detail, options)
    this.name = "Refusal"
    this.status = problems[0].status
    this.problems = problems
  }
}

/** The body of a refusal. Each error has an id of its own, so that a person can name the one that was seen. */
export function errorDocument(problems: readonly Problem[]): object {
  return {
    errors: problems.map(({ status, code, title, detail, source }) => ({
      id: uuidv7(),
      status: String(status),
      code,
      title,
      detail,
      ...(source === undefined ? {} : { source }),
    })),
  }
}

/** 422: the request can be read, and what it asks for cannot be. */
export function invalid(detail: string, source: Source, code = "invalid"): Refusal {
  return new Refusal([{ status: 422, code, title: "Invalid input", detail, source }])
}

export function notFound(what: string, source: Source): Refusal {
  return new Refusal([{ status: 404, code: "not-found", title: "Not found", detail: `There is no ${what}.`, source }])
}

/** 409: what is there already contradicts the request. */
export function conflict(detail: string, source: Source, code = "conflict"): Refusal {
  return new Refusal([{ status: 409, code, title: "Conflict", detail, source }])
}

export function unauthenticated(detail: string): Refusal {
  return new Refusal([{ status: 401, code: "unauthenticated", title: "Not signed in", detail, source: { header: "authorization" } }])
}

export function forbidden(detail: string): Refusal {
  return new Refusal([{ status: 403, code: "forbidden", title: "Not allowed", detail, source: { header: "authorization" } }])
}

export function tooLarge(detail: string): Refusal {
  return new Refusal([{ status: 413, code: "too-large", title: "Too large", detail, source: { pointer: "" } }])
}

/** The service is well, but a database or another service that the request needs is not. The same request may succeed later. */
export function unavailable(what: string, cause: unknown): Refusal {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
  const detail = `${what} does not answer: ${reason}`
  return new Refusal([{ status: 503, code: "unavailable", title: "Unavailable", detail }], { cause })
}
