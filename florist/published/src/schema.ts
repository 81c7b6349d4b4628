// A schema of the publication: the part of JSON Schema that OpenAPI 3.0 knows. Read by `publication`, changed by `corrections`,
// compiled by `validator`, drawn from by `arbitraries`.
import { z } from "zod"

export interface Schema {
  type?: string | string[] | undefined
  format?: string | undefined
  enum?: unknown[] | undefined
  default?: unknown
  required?: string[] | undefined
  properties?: Record<string, Schema> | undefined
  items?: Schema | undefined
  anyOf?: Schema[] | undefined
  oneOf?: Schema[] | undefined
  allOf?: Schema[] | undefined
  readOnly?: boolean | undefined
  [keyword: string]: unknown
}

export const schemaShape: z.ZodType<Schema> = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  format: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), schemaShape).optional()
  },
  get items() {
    return schemaShape.optional()
  },
  get anyOf() {
    return z.array(schemaShape).optional()
  },
  get oneOf() {
    return z.array(schemaShape).optional()
  },
  get allOf() {
    return z.array(schemaShape).optional()
  },
  readOnly: z.boolean().optional(),
})

export function typesOf(schema: Schema): readonly string[] {
  if (schema.type === undefined) return []
  return typeof schema.type === "string" ? [schema.type] : schema.type
}

export const isScalar = (schema: Schema): boolean => {
  const types = typesOf(schema)
  return types.length > 0 && types.every((type) => type !== "object" && type !== "array")
}

/** The schema one step down: a property's, or with "[]" an array's items'. */
export function stepInto(schema: Schema | undefined, step: string): Schema | undefined {
  return step === "[]" ? schema?.items : schema?.properties?.[step]
}

/** The forms of which a value has one; empty where it has but one. */
export const choicesOf = (schema: Schema): readonly Schema[] => schema.anyOf ?? schema.oneOf ?? []

/** Data that is published as one resource or as a list of them. */
export const oneOf = (schema: Schema | undefined): Schema | undefined => schema?.items ?? schema
