// What of the published API the services offer: operation by operation, what is missing and what is ours. Pure. Called by `coverage`.
import { isObject } from "./json.ts"
import type { Json } from "./json.ts"
import { mediaType } from "./jsonapi.ts"
import type { Offered } from "./offered.ts"
import { keyOf } from "./publication.ts"
import type { Body, Operation, Publication } from "./publication.ts"
import { choicesOf } from "./schema.ts"
import type { Schema } from "./schema.ts"

/** Names as "title" (an attribute), "store" (a relationship), "meta.total", "filter[range]" (a parameter). */
export interface Part {
  published: number
  missing: readonly string[]
  extra: readonly string[]
}

export interface OperationCoverage {
  method: string
  path: string
  tag: string
  /** Undefined where no service offers it. */
  service: string | undefined
  parameters: Part
  request: Part
  answer: Part
  /** Shown by the publication's examples alone, and not offered: not counted as missing. */
  shownOnly: readonly string[]
  /** What the service refuses in the publication's own example of a request: not counted as missing. */
  refusedExamples: readonly string[]
  statuses: { missing: readonly number[]; extra: readonly number[] }
}

export interface Comparison {
  operations: readonly OperationCoverage[]
  /** Offered, and not in the publication: "POST /v1/hooks". */
  extensions: readonly { operation: string; service: string }[]
  /** Offered by two services, of which the first is compared: nobody could say which one answers. */
  twice: { operation: string; services: readonly [string, string] }[]
}

export type OfferedBy = Readonly<Record<string, readonly Offered[]>>

export function compare({ operations }: Publication, offered: OfferedBy): Comparison {
  const byKey = new Map<string, { service: string; one: Offered }>()
  const twice: Comparison["twice"] = []
  for (const [service, its] of Object.entries(offered)) {
    for (const one of its) {
      const first = byKey.get(keyOf(one))
      if (first === undefined) byKey.set(keyOf(one), { service, one })
      else twice.push({ operation: `${one.method} ${one.path}`, services: [first.service, service] })
    }
  }
  const published = new Set(operations.map(keyOf))
  return {
    operations: operations.map((operation) => {
      const found = byKey.get(keyOf(operation))
      return compareOne(operation, found?.service, found?.one)
    }),
    extensions: [...byKey].flatMap(([key, { service, one }]) =>
      published.has(key) ? [] : [{ operation: `${one.method} ${one.path}`, service }],
    ),
    twice,
  }
}

/** Whether software written for the published operation finds everything that it may use. */
export function isWhole({ service, parameters, request, answer }: OperationCoverage): boolean {
  return service !== undefined && [parameters, request, answer].every(({ missing }) => missing.length === 0)
}

function compareOne(operation: Operation, service: string | undefined, offered: Offered | undefined): OperationCoverage {
  const [request] = operation.request.values()
  const [status, success] = successOf(operation)
  const offeredSuccess = offered?.answers.get(status) ?? [...(offered?.answers.values() ?? [])].find((schema) => schema !== undefined)
  const answers = namesIn(offeredSuccess)
  const shown = success?.examples.flatMap(namesShownIn) ?? []
  const described = namesIn(success?.schema)
  return {
    method: operation.method,
    path: operation.path,
    tag: operation.tag,
    service,
    parameters: part(queryOf(operation), new Set(Object.keys(offered?.query ?? {}).map(withoutBrackets))),
    request: part(namesIn(request?.schema, "request"), namesIn(offered?.body, "request")),
    answer: part(described, answers),
    shownOnly: [...new Set(shown)].filter((name) => !described.has(name) && !answers.has(name)),
    refusedExamples: offered === undefined ? [] : (request?.examples ?? []).flatMap(offered.refusesIn),
    statuses: {
      missing: [...operation.answers.keys()].filter((listed) => offered !== undefined && !offered.statuses.includes(listed)),
      extra: offered === undefined ? [] : [...new Set(offered.statuses)].filter((ours) => !operation.answers.has(ours)),
    },
  }
}

function part(published: ReadonlySet<string>, offered: ReadonlySet<string>): Part {
  return {
    published: published.size,
    missing: [...published].filter((name) => !offered.has(name)),
    extra: [...offered].filter((name) => !published.has(name)),
  }
}

function queryOf({ parameters }: Operation): ReadonlySet<string> {
  return new Set(parameters.flatMap((parameter) => (parameter.in === "query" ? [withoutBrackets(parameter.name)] : [])))
}

/** `filter[stores][]` and `filter[stores]` are one parameter. */
const withoutBrackets = (name: string): string => name.replace(/\[\]$/, "")

function successOf({ answers }: Operation): [number, Body | undefined] {
  const successes = [...answers]
    .filter(([status]) => status < 300)
    .map(([status, answer]) => [status, answer.get(mediaType)] as [number, Body | undefined])
  return successes.find(([, body]) => body !== undefined) ?? successes[0] ?? [200, undefined]
}

/** Attributes, relationships and meta of a document; of a form or another body its members. */
function namesIn(schema: Schema | undefined, side: "request" | "answer" = "answer"): ReadonlySet<string> {
  const root = membersOf(schema)
  const data = membersOfAll(root.get("data") ?? [])
  if (!root.has("data") && !root.has("meta")) return new Set([...root.keys()].filter((name) => name !== "errors"))
  // A client cannot send what only the server writes.
  const isSent = ([, schemas]: [string, readonly Schema[]]): boolean => side === "answer" || schemas.some((one) => one.readOnly !== true)
  const parts = ["attributes", "relationships"].flatMap((group) =>
    [...membersOfAll(data.get(group) ?? [])].filter(isSent).map(([name]) => name),
  )
  const meta = [...membersOfAll(root.get("meta") ?? []).keys()].map((name) => `meta.${name}`)
  return new Set([...parts, ...meta])
}

type Members = ReadonlyMap<string, readonly Schema[]>

/** What objects of the schema may hold, through lists and choices. */
function membersOf(schema: Schema | undefined): Members {
  return membersOfAll(schema === undefined ? [] : [schema])
}

function membersOfAll(schemas: readonly Schema[]): Members {
  const members = new Map<string, Schema[]>()
  for (const schema of schemas) {
    const { properties = {}, items, allOf } = schema
    for (const [name, part] of Object.entries(properties)) members.set(name, [...(members.get(name) ?? []), part])
    const within = [...choicesOf(schema), ...(items === undefined ? [] : [items]), ...(allOf ?? [])]
    for (const [name, parts] of membersOfAll(within)) members.set(name, [...(members.get(name) ?? []), ...parts])
  }
  return members
}

function namesShownIn(example: Json): string[] {
  if (!isObject(example)) return []
  const resources = Array.isArray(example.data) ? example.data : [example.data]
  const parts = resources.flatMap((resource) =>
    isObject(resource) ? [resource.attributes, resource.relationships].flatMap((group) => (isObject(group) ? Object.keys(group) : [])) : [],
  )
  return [...parts, ...(isObject(example.meta) ? Object.keys(example.meta).map((name) => `meta.${name}`) : [])]
}
