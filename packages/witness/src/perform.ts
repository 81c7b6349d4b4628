// Sends one request as a browser would and judges what came back. Called for single requests and by pages.
import type { FailureKind } from "./result.ts"
import type { Acknowledgement, Answer, Dialect, RequestSpec } from "./scenario.ts"
import type { Connection, Outcome } from "./wire/connection.ts"
import type { Pool } from "./wire/pool.ts"

export interface Failure {
  kind: FailureKind
  detail: string
}

export interface Performed {
  /** The version that answered. */
  version: string | undefined
  /** The id that the proxy gave the page that starts with this answer. */
  pageId: string | undefined
  /** The version that failed, where another one answered in its place. */
  rescuedFrom: string | undefined
  failure: Failure | undefined
  acknowledged: Acknowledgement | undefined
  /** The request met a connection that the server was closing for idleness, and was sent once more, as a browser does. */
  idleRetried: boolean
  /** Whether the answer was whole is unknown: it ended with its connection, and nothing checks it. */
  unproven: boolean
}

export interface PerformOptions {
  pool: Pool
  dialect: Dialect
  timeoutMs: number
  /** The pin of the page that asks. */
  version?: string
}

const succeeds: readonly number[] = [200, 201, 204]
const repeatable = new Set(["GET", "HEAD", "PUT", "DELETE"])

export async function perform(spec: RequestSpec, { pool, dialect, timeoutMs, version }: PerformOptions): Promise<Performed> {
  const headers = version === undefined ? (spec.headers ?? {}) : { ...spec.headers, [dialect.versionHeader]: version }
  const exchange = async (connection: Connection) => {
    const outcome = await connection.send({ ...spec, headers }, { ms: timeoutMs, since: "sending" })
    pool.giveBack(connection)
    return outcome
  }

  const connection = pool.take(repeatable.has(spec.method) ? "any-idle" : "surely-open")
  const wasIdle = connection.reused
  let outcome = await exchange(connection)
  const idleRetried = wasIdle && repeatable.has(spec.method) && closedBeforeAnswering(outcome)
  if (idleRetried) outcome = await exchange(pool.takeFresh())

  return { ...judge(outcome, spec, dialect), idleRetried }
}

/** Two messages that cross on the wire cross within a round trip, and what a busy machine adds. */
const crossingMs = 500

/** What a client sees where the server's close for idleness crossed its request. Whatever breaks later broke a request in flight. */
function closedBeforeAnswering(outcome: Outcome): boolean {
  if (!("broken" in outcome)) return false
  const { kind, answerBegan, afterMs } = outcome.broken
  return kind === "reset" && !answerBegan && afterMs < crossingMs
}

function judge(outcome: Outcome, spec: RequestSpec, dialect: Dialect): Omit<Performed, "idleRetried"> {
  if ("abandoned" in outcome) return unanswered({ kind: "timeout", detail: "still without an answer when the witness ended" })
  if ("broken" in outcome) return unanswered({ kind: outcome.broken.kind, detail: outcome.broken.detail })
  const { answer, isCloseFramed } = outcome
  const seen = {
    version: answer.headers.get(dialect.versionHeader),
    rescuedFrom: answer.headers.get(dialect.rescuedHeader),
    pageId: dialect.pageIdOf?.((name) => answer.headers.get(name)),
  }
  const failure = judgeStatus(answer, spec.expect)
  const unproven = isCloseFramed && failure === undefined && spec.check === undefined && !isJson(answer)
  return { ...seen, unproven, ...(failure === undefined ? readBody(answer, spec) : { failure, acknowledged: undefined }) }
}

export function judgeStatus({ status, body }: Pick<Answer, "status" | "body">, expect = succeeds): Failure | undefined {
  if (expect.includes(status)) return undefined
  const detail = `${status} ${body.toString("utf8", 0, 200).replaceAll(/\s+/g, " ")}`.trim()
  return { kind: status >= 500 ? "server-error" : "unexpected-status", detail }
}

function readBody(answer: Answer, spec: RequestSpec): Pick<Performed, "failure" | "acknowledged"> {
  try {
    if (spec.check !== undefined) spec.check(answer)
    else if (isJson(answer) && spec.method !== "HEAD" && answer.status === 200) JSON.parse(answer.body.toString())
    return { failure: undefined, acknowledged: spec.acknowledged?.(answer) }
  } catch (thrown) {
    const detail = `the body is not what was asked for: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    return { failure: { kind: "truncated", detail }, acknowledged: undefined }
  }
}

const unanswered = (failure: Failure) => ({
  version: undefined,
  pageId: undefined,
  rescuedFrom: undefined,
  failure,
  acknowledged: undefined,
  unproven: false,
})

/** What says of itself that it is JSON can be checked by anybody. */
const isJson = ({ headers }: Answer) =>
  /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "") && !headers.has("content-encoding")
