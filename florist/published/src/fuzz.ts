// Tries every operation of a running service with right, broken and senseless requests. The promise: a refusal as published, or a right
// success; never a 5xx, never an answer that a client could not read. Called by the tests of every service.
import assert from "node:assert/strict"
import fc from "fast-check"
import { rawBody, rawParameter, strangeSegment } from "./arbitraries.ts"
import type { Known, RawBody } from "./arbitraries.ts"
import { correct } from "./corrections.ts"
import type { PublishedClient } from "./exchange.ts"
import { mediaType } from "./jsonapi.ts"
import { offeredBy } from "./offered.ts"
import type { OfferedOperation } from "./offered.ts"
import { keyOf, readPublication, skipWithoutPublication } from "./publication.ts"
import type { Publication } from "./publication.ts"
import type { Schema } from "./schema.ts"

export interface FuzzOptions {
  client: PublishedClient
  /** All of the service; those between services are left out. */
  operations: readonly OfferedOperation[]
  /** For each operation. */
  numRuns: number
  seed: number
  token?: string
  /** Ids of what the shop has, by resource type: relationships point at them. */
  known?: Known
  /** Values for the braces of a path, of what the shop has: half of the requests use them. */
  params?: (path: string) => Readonly<Record<string, string>>
  /** Something that changes with every write (sums and counts of the tables). Given, a refused request must leave it as it was. */
  fingerprint?: () => Promise<string>
  /** Left out: the one that the environment names, or the service's own shapes alone where it names none. */
  publication?: Publication
}

export interface FuzzReport {
  requests: number
  /** Count of answers by operation and status: { "GET /v1/orders/{id}": { 200: 12, 404: 8 } }. */
  answers: Readonly<Record<string, Readonly<Record<number, number>>>>
}

interface Attempt {
  address: string
  body: RawBody | undefined
}

/** @throws AggregateError with the smallest bad request of every operation that broke the promise, and the seed that finds it again. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const publication = options.publication ?? (skipWithoutPublication().skip === false ? readPublication() : undefined)
  const answers: Record<string, Record<number, number>> = {}
  const broken: Error[] = []
  for (const operation of options.operations) {
    if (operation.access === "peer") continue
    const counts: Record<number, number> = {}
    answers[`${operation.method} ${operation.path}`] = counts
    const property = fc.asyncProperty(attemptAt(operation, publication, options), async (attempt) => {
      const status = await tryOnce(operation, attempt, options)
      counts[status] = (counts[status] ?? 0) + 1
    })
    const outcome = await fc.check(property, { numRuns: options.numRuns, seed: options.seed })
    if (outcome.failed) broken.push(failureOf(operation, outcome))
  }
  if (broken.length > 0) throw new AggregateError(broken, broken.map(({ message }) => message).join("\n\n"))
  const counts = Object.values(answers).flatMap((byStatus) => Object.values(byStatus))
  return { requests: counts.reduce((sum, count) => sum + count, 0), answers }
}

function failureOf({ method, path }: OfferedOperation, outcome: fc.RunDetails<[Attempt]>): Error {
  const { errorInstance: cause } = outcome
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`${method} ${path}\n${reason}\n${fc.defaultReportMessage(outcome) ?? ""}`, { cause })
}

async function tryOnce({ method, path, access }: OfferedOperation, { address, body }: Attempt, options: FuzzOptions): Promise<number> {
  const { client, token, fingerprint } = options
  const before = await fingerprint?.()
  const answer = await client.call(method, path, {
    request: "malformed",
    address,
    ...(body === undefined ? {} : { body: body.text, contentType: body.contentType }),
    ...(token === undefined || access === "public" ? {} : { token }),
  })
  if (answer.status >= 400)
    assert.equal(await fingerprint?.(), before, `${method} ${address} was refused (${answer.status}) and wrote all the same`)
  return answer.status
}

function attemptAt(
  operation: OfferedOperation,
  publication: Publication | undefined,
  { known = {}, params }: FuzzOptions,
): fc.Arbitrary<Attempt> {
  const { query, body } = shapesOf(operation, publication)
  return fc.record({
    address: fc.tuple(pathAt(operation.path, params?.(operation.path) ?? {}), queryOf(query)).map((parts) => parts.join("")),
    body: body === undefined ? fc.constant(undefined) : rawBody(body.schema, body.contentType, known),
  })
}

/** As published where it is, with the service's own parameters beside; else as the service says. */
function shapesOf(operation: OfferedOperation, publication: Publication | undefined) {
  const offered = offeredBy(operation)
  const published = publication?.operations.find((one) => keyOf(one) === keyOf(operation))
  const inQuery = published?.parameters.filter((parameter) => parameter.in === "query") ?? []
  const query: Readonly<Record<string, Schema>> = {
    ...offered.query,
    ...Object.fromEntries(inQuery.map(({ name, schema }) => [name, schema])),
  }
  const [request] = published?.request ?? []
  if (request !== undefined) return { query, body: { contentType: request[0], schema: correct(request[1], "request").schema } }
  return { query, body: offered.body === undefined ? undefined : { contentType: mediaType, schema: offered.body } }
}

function pathAt(template: string, known: Readonly<Record<string, string>>): fc.Arbitrary<string> {
  const segments = template.split("/").map((segment) => {
    const name = /^\{(.*)\}$/.exec(segment)?.[1]
    if (name === undefined) return fc.constant(segment)
    const value = known[name]
    return value === undefined ? strangeSegment : fc.oneof(fc.constant(encodeURIComponent(value)), strangeSegment)
  })
  return fc.tuple(...segments).map((parts) => parts.join("/"))
}

function queryOf(parameters: Readonly<Record<string, Schema>>): fc.Arbitrary<string> {
  const known = Object.entries(parameters).map(([name, schema]) =>
    rawParameter(schema).map((value) => `${encodeURIComponent(name)}=${value}`),
  )
  const unknown = fc.constantFrom(
    "page[number]=0",
    "page[size]=-1",
    "page[size]=1e9",
    "include=..,x",
    "sort=-%00",
    "filter=1",
    "filter[]=1",
    "__proto__=1",
    "a[b][c][d]=e",
    "=&&=",
  )
  const some =
    known.length === 0
      ? fc.array(unknown, { maxLength: 1 })
      : fc.array(fc.oneof({ weight: 4, arbitrary: fc.oneof(...known) }, { weight: 1, arbitrary: unknown }), { maxLength: 4 })
  return some.map((pairs) => (pairs.length === 0 ? "" : `?${pairs.join("&")}`))
}
