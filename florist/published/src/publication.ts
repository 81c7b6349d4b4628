// The published API of POSiFLORA, read from the file that POSIFLORA_OPENAPI names: operations with their parameters, request bodies
// and answers, all references in place. The file is never part of this repository; where the variable is missing, callers are told
// so in words and skip. Called by `validator`, `coverage` and the tests of every service.
import { readFileSync } from "node:fs"
import { z } from "zod"
import { parseJson } from "./json.ts"
import type { Json } from "./json.ts"
import { resolveReferences } from "./references.ts"
import type { OddReference } from "./references.ts"
import { schemaShape } from "./schema.ts"
import type { Schema } from "./schema.ts"

export const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const
export type Method = (typeof methods)[number]

export interface Publication {
  operations: readonly Operation[]
  /** One member of an error answer's `errors`. */
  error: Schema
  oddReferences: readonly OddReference[]
}

export interface Operation {
  method: Method
  /** With its parameters' names: "/v1/orders/{id}". */
  path: string
  /** Seven published operations have none. */
  operationId: string | undefined
  tag: string
  parameters: readonly Parameter[]
  /** By content type; empty where the operation takes no body. */
  request: ReadonlyMap<string, Body>
  /** By status. */
  answers: ReadonlyMap<number, Answer>
}

export interface Parameter {
  name: string
  in: "query" | "path" | "header"
  required: boolean
  schema: Schema
}

export interface Body {
  schema: Schema
  examples: readonly Json[]
}

/** By content type; empty where nothing is said about a body. */
export type Answer = ReadonlyMap<string, Body>

export const variable = "POSIFLORA_OPENAPI"
const howToName = `${variable} does not name the published API's file, so nothing can be held against it`

type Environment = Readonly<Record<string, string | undefined>>

/** What tests pass to `test` as options: they are skipped, with the reason, where there is no publication. */
export function skipWithoutPublication(environment: Environment = process.env): { skip: string | false } {
  return { skip: environment[variable] ? false : howToName }
}

/** @throws Error that says what to do, if the variable is missing or the file cannot be read as an OpenAPI document. */
export function readPublication(environment: Environment = process.env): Publication {
  const file = environment[variable]
  if (!file) throw new Error(`${howToName}. Set it to the path of the OpenAPI document (JSON).`)
  return parsePublication(parseJson(readText(file)))
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch (cause) {
    throw new Error(`${variable} names ${file}, which cannot be read.`, { cause })
  }
}

const content = z.record(
  z.string(),
  z.object({
    schema: schemaShape.default({}),
    example: z.json().optional(),
    examples: z.record(z.string(), z.object({ value: z.json() })).optional(),
  }),
)

const operation = z.object({
  operationId: z.string().optional(),
  tags: z.array(z.string()).default([]),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.enum(["query", "path", "header"]),
        required: z.boolean().default(false),
        schema: schemaShape.default({}),
      }),
    )
    .default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string().regex(/^\d{3}$/), z.object({ content: content.optional() })),
})

const documentShape = z.object({
  openapi: z.string().regex(/^3\.0\./, "only OpenAPI 3.0 is read"),
  // A path's item holds a summary beside its methods.
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ schemas: z.looseObject({ Error: schemaShape }) }),
})

/** @param document the whole OpenAPI document. @throws Error that names what is not as OpenAPI 3.0 wants it. */
export function parsePublication(document: Json): Publication {
  const { document: resolved, odd } = resolveReferences(document)
  const { paths, components } = documentShape.parse(resolved)
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const description = item[method.toLowerCase()]
      return description === undefined ? [] : [readOperation(method, path, description)]
    }),
  )
  return { operations, error: components.schemas.Error, oddReferences: odd }
}

function readOperation(method: Method, path: string, description: unknown): Operation {
  const parsed = operation.safeParse(description)
  if (!parsed.success) throw new Error(`${method} ${path} is not described as OpenAPI 3.0:\n${z.prettifyError(parsed.error)}`)
  const { operationId, tags, parameters, requestBody, responses } = parsed.data
  return {
    method,
    path,
    operationId,
    tag: tags[0] ?? "(no tag)",
    parameters,
    request: readBodies(requestBody?.content),
    answers: new Map(Object.entries(responses).map(([status, answer]) => [Number(status), readBodies(answer.content)])),
  }
}

function readBodies(described: z.output<typeof content> | undefined): ReadonlyMap<string, Body> {
  return new Map(
    Object.entries(described ?? {}).map(([type, { schema, example, examples }]) => {
      const named = Object.values(examples ?? {}).map(({ value }) => value)
      return [type, { schema, examples: example === undefined ? named : [example, ...named] }]
    }),
  )
}

export interface PublishedBody {
  /** "POST /v1/vases request" or "POST /v1/vases 201". */
  place: string
  side: "request" | "answer"
  body: Body
}

/** Every body that the publication describes. */
export function bodiesOf({ operations }: Publication): PublishedBody[] {
  return operations.flatMap((operation) => {
    const name = `${operation.method} ${operation.path}`
    const requests = [...operation.request.values()].map((body) => ({ place: `${name} request`, side: "request" as const, body }))
    const answers = [...operation.answers].flatMap(([status, answer]) =>
      [...answer.values()].map((body) => ({ place: `${name} ${status}`, side: "answer" as const, body })),
    )
    return [...requests, ...answers]
  })
}

/** The same for two spellings of a path that differ only in what they call its parameters: "GET /v1/orders/{}". */
export function keyOf({ method, path }: { method: string; path: string }): string {
  return `${method.toUpperCase()} ${path.replaceAll(/\{[^}]*\}/g, "{}")}`
}
