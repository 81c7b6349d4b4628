// Why a request is not done, as the client is told it. Thrown by routes and turned into an answer by the app.

export interface Problem {
  status: number
  code: string
  title: string
  detail: string
  /** Which part of the request it is about: "body.amount". */
  source?: string
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

export function notFound(what: string, source: string): Refusal {
  return new Refusal([{ status: 404, code: "not-found", title: "Not found", detail: `There is no ${what}.`, source }])
}

export function conflict(detail: string, source: string): Refusal {
  return new Refusal([{ status: 409, code: "conflict", title: "Conflict", detail, source }])
}

export function tooLarge(detail: string): Refusal {
  return new Refusal([{ status: 413, code: "too-large", title: "Too large", detail, source: "body" }])
}

/** The service is well, but a database that the request needs is not. The same request may succeed later. */
export function unavailable(what: string, cause: unknown): Refusal {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new Refusal([{ status: 503, code: "unavailable", title: "Unavailable", detail: `${what} does not answer: ${reason}` }], { cause })
}
