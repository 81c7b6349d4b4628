// JSON:API documents (jsonapi.org 1.0) as the published API has them: shapes of what comes in and makers of what goes out.
// Called by every operation.
import { z } from "zod"
import { uuid } from "./input.ts"

export interface Reference {
  type: string
  id: string
}

export interface Resource extends Reference {
  attributes: Record<string, unknown>
  relationships?: Record<string, { data: Reference | readonly Reference[] | null }>
  links?: { self: string }
}

export interface Document {
  data: Resource | readonly Resource[] | null
  included?: readonly Resource[]
  meta?: Record<string, unknown>
  links?: Record<string, string | null>
}

// What comes in.

const nothingRelated = (value: unknown) => (value === null ? { data: null } : value)
const noneRelated = (value: unknown) => (value === null ? { data: [] } : value)

/** A relationship to one resource. Absent where the client says nothing of it, null (also for all of it) where it is to be taken away. */
export const toOne = <I extends z.ZodType = typeof uuid>(id?: I) =>
  z
    .preprocess(nothingRelated, z.object({ data: z.object({ type: z.string().optional(), id: (id ?? uuid) as I }).nullable() }))
    .transform(({ data }) => (data === null ? null : (data as { id: z.output<I> }).id))
    .optional()

/** A relationship to several resources; null is none of them. */
export const toMany = <I extends z.ZodType = typeof uuid>(id?: I) =>
  z
    .preprocess(noneRelated, z.object({ data: z.array(z.object({ type: z.string().optional(), id: (id ?? uuid) as I })).max(1_000) }))
    .transform(({ data }) => data.map((each) => (each as { id: z.output<I> }).id))
    .optional()

/** A relationship whose resources come along whole; null is none of them. */
export const manyWhole = <T extends z.ZodType>(one: T) =>
  z
    .preprocess(noneRelated, z.object({ data: z.array(one).max(500) }))
    .transform(({ data }) => data as z.output<T>[])
    .optional()

/** A body with one resource. `id` is made by the client where it is given. */
export const resourceIn = <A extends z.ZodType, R extends z.ZodType>(type: string, attributes: A, relationships: R) =>
  z
    .object({ data: z.object({ type: z.literal(type).optional(), id: uuid.optional(), attributes, relationships }) })
    .transform(({ data }) => ({ id: data.id, ...(data as { attributes: z.output<A>; relationships: z.output<R> }) }))

/** A body that names resources, as bulk deletions have. */
export const references = <I extends z.ZodType = typeof uuid>(id?: I) =>
  z
    .object({
      data: z
        .array(z.object({ type: z.string().optional(), id: (id ?? uuid) as I }))
        .min(1)
        .max(1_000),
    })
    .transform(({ data }) => data.map((each) => (each as { id: z.output<I> }).id))

// What goes out, as schemas for the platform's own OpenAPI document.

const referenceOut = z.object({ type: z.string(), id: z.string() })
export const oneOut = z.object({ data: referenceOut.nullable() })
export const manyOut = z.object({ data: z.array(referenceOut) })
const linksOut = z.object({ self: z.string() })

export const resourceOut = <A extends z.ZodRawShape, R extends z.ZodRawShape>(type: string, attributes: A, relationships: R) =>
  z.object({
    type: z.literal(type),
    id: z.string(),
    attributes: z.object(attributes),
    relationships: z.object(relationships).optional(),
    links: linksOut.optional(),
  })

const includedOut = z.array(z.object({ type: z.string(), id: z.string(), attributes: z.record(z.string(), z.unknown()) }))

export const documentOut = <D extends z.ZodType>(data: D, meta?: z.ZodRawShape) =>
  z.object({
    data,
    included: includedOut.optional(),
    meta: z.object(meta ?? {}).optional(),
    links: z.record(z.string(), z.string().nullable()).optional(),
  })

export const pageMetaOut = { page: z.object({ number: z.int(), size: z.int() }), total: z.int() }

export const errorsOut = z.object({
  errors: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      code: z.string(),
      title: z.string(),
      detail: z.string(),
      source: z.object({ pointer: z.string().optional(), parameter: z.string().optional(), header: z.string().optional() }).optional(),
    }),
  ),
})

// Makers of answers.

export const reference = (type: string, id: unknown): { data: Reference | null } => ({
  data: typeof id === "string" ? { type, id } : null,
})

export const referencesTo = (type: string, ids: readonly string[]): { data: Reference[] } => ({ data: ids.map((id) => ({ type, id })) })

/** A resource with its own link. */
export function resource(
  type: string,
  id: string,
  attributes: Record<string, unknown>,
  relationships?: Resource["relationships"],
): Resource {
  return { type, id, attributes, ...(relationships === undefined ? {} : { relationships }), links: { self: `/${type}/${id}` } }
}

/** "2026-03-08T09:30:00+00:00", as the published API writes moments; null where there is none. */
export function moment(at: unknown): string | null {
  return at instanceof Date ? at.toISOString().replace(/\.\d{3}Z$/, "+00:00") : null
}
