// What a service offers, in the terms of the publication: its operations' zod shapes as JSON schemas. Called by `comparison` and `fuzz`.
import type { Operation } from "@florist/kit/operation"
import { z } from "zod"
import { isObject } from "./json.ts"
import { resolveReferences } from "./references.ts"
import { schemaShape } from "./schema.ts"
import type { Schema } from "./schema.ts"
import type { Json } from "./json.ts"

/** The part of a service's operation that describes it. */
export type OfferedOperation = Pick<Operation, "method" | "path" | "access" | "query" | "body" | "answers" | "refuses">

export interface Offered {
  method: string
  path: string
  /** Query parameters by name, without a trailing "[]". */
  query: Readonly<Record<string, Schema>>
  body: Schema | undefined
  /** What the service would refuse in a request's body, each with its place; nothing where it takes any. */
  refusesIn: (body: Json) => readonly string[]
  /** Successes by status; undefined where there is no body. */
  answers: ReadonlyMap<number, Schema | undefined>
  statuses: readonly number[]
}

/** Every guarded operation refuses whom it does not know or allow, and says so when it cannot work. */
const refusedByAll = [401, 403, 503]

export function offeredBy({ method, path, query, body, answers, refuses }: OfferedOperation): Offered {
  const successes = Object.entries(answers).map(
    ([status, shape]) => [Number(status), shape === null ? undefined : schemaOf(shape, "output")] as const,
  )
  return {
    method,
    path,
    query: (query === undefined ? undefined : schemaOf(query, "input").properties) ?? {},
    body: body === undefined ? undefined : schemaOf(body, "input"),
    refusesIn: (asked) => (body === undefined ? [] : refusedIn(body, asked)),
    answers: new Map(successes),
    statuses: [...successes.map(([status]) => status), ...refuses, ...refusedByAll],
  }
}

/** Ids of the publication's examples are not always the UUIDs that the platform gives: those are no fault. */
function refusedIn(shape: z.ZodType, body: Json): string[] {
  const issues = shape.safeParse(body).error?.issues ?? []
  return issues.filter(({ path }) => path.at(-1) !== "id").map(({ path, message }) => `${path.join(".") || "the body"}: ${message}`)
}

/** What a transformation makes has no JSON schema: such a part allows everything. Shapes that are used twice stand in place. */
function schemaOf(shape: z.ZodType, io: "input" | "output"): Schema {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: "any", cycles: "ref", reused: "inline" })
  // zod writes plain JSON; its type promises more than `Json` can say.
  const document = schema as unknown as Json
  return schemaShape.parse(isObject(document) ? resolveReferences(document).document : {})
}
