// Schemas of the publication made into functions that say what is wrong with a value. Called by `validator` and the tests of `corrections`.
import { Ajv } from "ajv"
import type { ErrorObject } from "ajv"
import ajvFormats from "ajv-formats"
import { kindOf } from "./json.ts"
import { moment } from "./corrections.ts"
import type { Schema } from "./schema.ts"

/** What is wrong with a value; empty where it is right. Each names its place as a JSON Pointer: "/data/id is number, published as string". */
export type Check = (value: unknown) => readonly string[]

// Not strict: the publication holds formats that nobody defined ("decimal", "in32", "number").
// Its hundreds of schemas are compiled for a few calls each: what compiles fastest is best.
const quick = { validateSchema: false, addUsedSchema: false, code: { optimize: false } }
const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, logger: false, ...quick })
ajvFormats.default(ajv)
ajv.addFormat("moment", moment)

const shownFaults = 20

export function compile(schema: Schema): Check {
  const validate = ajv.compile(schema)
  return (value) => (validate(value) ? [] : (validate.errors ?? []).slice(0, shownFaults).map(describe))
}

function describe({ instancePath, keyword, params, data, message }: ErrorObject): string {
  const place = instancePath || "the body"
  const published: Record<string, () => string> = {
    type: () => `is ${kindOf(data)} (${brief(data)}), published as ${String(params.type)}`,
    enum: () => `is ${brief(data)}, published as one of ${JSON.stringify(params.allowedValues)}`,
    format: () => `is ${brief(data)}, published in the format ${String(params.format)}`,
    required: () => `lacks "${String(params.missingProperty)}"`,
  }
  return `${place} ${published[keyword]?.() ?? message ?? keyword}`
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined"
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
