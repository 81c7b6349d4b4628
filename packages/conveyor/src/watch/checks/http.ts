// A service asked over HTTP, in one step or several: each answer's code and what its JSON has to say. What one step's answer holds
// the next can use. Made by kinds.ts.
import { fine, problem } from "./check.ts"
import type { Finding } from "./check.ts"
import { ask, whyNoAnswer } from "./asked.ts"
import type { Answered } from "./asked.ts"
import { at, parseJsonPath } from "../../kernel/json-path.ts"
import type { Clock } from "../../kernel/time/clock.ts"
import { jsonOf } from "../../kernel/json.ts"

export interface HttpStep {
  url: string
  method: string
  headers: Readonly<Record<string, string>>
  body?: string | undefined
  /** Codes that are right. */
  expect: readonly number[]
  /** By JSON path: what has to be there, exactly. */
  json: Readonly<Record<string, string | number | boolean | null>>
  /** A text that the body has to have. */
  contains?: string | undefined
  /** By name: a JSON path whose value later steps use as {{name}}. */
  keep: Readonly<Record<string, string>>
}

const longestQuote = 120

export async function askHttp(steps: readonly HttpStep[], clock: Clock, signal: AbortSignal): Promise<Finding> {
  const kept = new Map<string, string>()
  const startedAt = clock.now()
  for (const [i, step] of steps.entries()) {
    const filled = fillIn(step, kept)
    const where = `${steps.length > 1 ? `step ${i + 1}, ` : ""}${step.method} ${withoutSecrets(step.url)}`
    const answered = await ask(filled, signal).catch((thrown: unknown) => whyNoAnswer(thrown))
    if (typeof answered === "string") return problem(`${where}: ${answered}`)
    const wrong = objection(step, answered) ?? keep(step, answered, kept)
    if (wrong !== undefined) return problem(`${where}: ${wrong}`, { answer_ms: clock.now() - startedAt })
  }
  const ms = clock.now() - startedAt
  return fine(`answered as it should in ${ms} ms`, { answer_ms: ms })
}

function objection({ expect, json, contains }: HttpStep, answered: Answered): string | undefined {
  if (!expect.includes(answered.status)) return `answered ${answered.status} where ${expect.join(" or ")} is right: ${quote(answered.body)}`
  if (contains !== undefined && !answered.body.includes(contains))
    return `${JSON.stringify(contains)} is not in the answer: ${quote(answered.body)}`
  if (Object.keys(json).length === 0) return undefined
  const value = jsonOf(answered.body)
  if (value === undefined) return `the answer is no JSON${answered.isWhole ? "" : ", or too long to tell"}: ${quote(answered.body)}`
  for (const [path, right] of Object.entries(json)) {
    const found = at(value, parseJsonPath(path) ?? [])
    if (found !== right) return `${path} is ${quote(JSON.stringify(found) ?? "not there")}, and should be ${JSON.stringify(right)}`
  }
  return undefined
}

function keep(step: HttpStep, answered: Answered, kept: Map<string, string>): string | undefined {
  for (const [name, path] of Object.entries(step.keep)) {
    const found = at(jsonOf(answered.body), parseJsonPath(path) ?? [])
    if (typeof found !== "string" && typeof found !== "number") return `${path}, which a later step needs, is not in the answer`
    kept.set(name, String(found))
  }
  return undefined
}

/** Into a URL as one segment or value of it, into headers and body as it is. */
function fillIn(step: HttpStep, kept: ReadonlyMap<string, string>): HttpStep {
  const fill = (text: string, as: (value: string) => string) =>
    text.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => as(kept.get(name) ?? whole))
  const asItIs = (value: string) => value
  return {
    ...step,
    url: fill(step.url, encodeURIComponent),
    headers: Object.fromEntries(Object.entries(step.headers).map(([name, value]) => [name, fill(value, asItIs)])),
    body: step.body === undefined ? undefined : fill(step.body, (value) => JSON.stringify(value).slice(1, -1)),
  }
}

const quote = (text: string) => (text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text)

/** Queries and passwords in a URL are nobody's who reads a message. */
function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return url
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
