// Where the publication contradicts itself: its own examples fail its own schemas. Each correction is a rule with its reason; it is made
// mechanically, and only where its rule holds. A test proves that without any one of them an own example fails. Called by `validator`.
import { isObject, kindOf } from "./json.ts"
import type { Json } from "./json.ts"
import type { Body } from "./publication.ts"
import { isScalar, typesOf } from "./schema.ts"
import type { Schema } from "./schema.ts"

export type Side = "request" | "answer"

/** Where in a body a schema stands. */
export interface Place {
  side: Side
  /** From the body's root: names of properties, and "[]" for an array's items. */
  steps: readonly string[]
  /** What the body's own examples hold there. */
  shown: readonly Json[]
}

export interface Correction {
  name: string
  reason: string
  /** The schema as it should have been published; undefined where there is nothing to correct. */
  correct(schema: Schema, place: Place): Schema | undefined
}

/** Published as whole numbers and answered with fractions. What is counted, ranked or numbered (revision, linesCount, page) stays whole. */
const moneyOrQuantity = /^(count|discount|markup)$|(amount|price|cost|budget|revenue|qty|quantity)$/i

const numericFormats: readonly unknown[] = ["float", "number", "decimal"]

export const corrections: readonly Correction[] = [
  {
    name: "no value",
    reason: "An attribute or a figure of meta that has no value is null; the publication never says nullable.",
    correct: (schema, place) => (isValue(place) && isScalar(schema) && !hasType(schema, "null") ? nullable(schema) : undefined),
  },
  {
    name: "no linked resource",
    reason: "A relationship to one resource that there is none of holds null, as JSON:API wants it.",
    correct: (schema, place) => (isLinkage(place) && hasType(schema, "object") ? nullable(schema) : undefined),
  },
  {
    name: "one or many",
    reason: "The schema says one resource and the example shows a list, or the other way round.",
    correct: (schema, place) => (lastStep(place) === "data" ? oneOrMany(schema, place.shown) : undefined),
  },
  {
    name: "id is text",
    reason: "Ids are published as whole numbers and shown as text; JSON:API knows only text.",
    correct: (schema, place) => (isId(place) && hasType(schema, "integer") ? { type: "string" } : undefined),
  },
  {
    name: "a client's numeric id",
    reason: "Examples of requests send short ids as numbers where the schema says text.",
    correct: (schema, place) =>
      isId(place) && place.side === "request" && hasType(schema, "string") ? alsoOf(schema, "integer") : undefined,
  },
  {
    name: "fractions of money and quantity",
    reason: "Money and quantities are published as whole numbers and shown with fractions (kopecks, halves of a bunch).",
    correct: (schema, place) =>
      isValue(place) && hasType(schema, "integer") && moneyOrQuantity.test(lastStep(place))
        ? { ...schema, type: typesOf(schema).map((type) => (type === "integer" ? "number" : type)), format: undefined }
        : undefined,
  },
  {
    name: "numbers as text",
    reason: "Text in a number's format is shown as a number.",
    correct: (schema, place) =>
      isValue(place) && hasType(schema, "string") && numericFormats.includes(schema.format)
        ? { ...alsoOf(schema, "number"), format: undefined }
        : undefined,
  },
  {
    name: "text or number as shown",
    reason: "The example shows a number where the schema says text, or a number's digits in text where it says number.",
    correct: (schema, place) => (isValue(place) ? alsoAsShown(schema, place.shown) : undefined),
  },
  {
    name: "a value beyond the list",
    reason:
      "The example shows a value that the list of allowed ones leaves out. Where it shows none of the list, the list is another attribute's.",
    correct: (schema, { shown }) => {
      const { enum: listed, ...open } = schema
      const values = shown.filter((value) => typeof value === "string")
      const beyond = values.filter((value) => listed?.includes(value) === false)
      if (listed === undefined || beyond.length === 0) return undefined
      return beyond.length === values.length ? open : { ...schema, enum: [...new Set([...listed, ...beyond])] }
    },
  },
  {
    name: "moments as shown",
    reason: "The example shows a date with a time where the schema says date, or a date and a time with a space between them.",
    correct: (schema, { shown }) =>
      shown.some((value) => typeof value === "string" && isAnotherMoment(value, schema.format))
        ? { ...schema, format: "moment" }
        : undefined,
  },
  {
    name: "required beyond the properties",
    reason: "A form requires members that neither its properties nor its example have.",
    correct: (schema) => {
      const { required, properties } = schema
      const known = required?.filter((name) => properties?.[name] !== undefined)
      return required === undefined || known?.length === required.length ? undefined : { ...schema, required: known }
    },
  },
]

const spaced = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/
const withTime = /^\d{4}-\d{2}-\d{2}T/

function isAnotherMoment(text: string, format: string | undefined): boolean {
  return (format === "date-time" && spaced.test(text)) || (format === "date" && withTime.test(text))
}

/** The format that a correction gives: a date, a date-time, or a date and a time with a space between. */
export const moment = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?)?$/

export interface Corrected {
  schema: Schema
  /** How many places each correction changed, by its name. */
  made: ReadonlyMap<string, number>
}

/** @param rules all of `corrections`, or fewer to see what each is for. */
export function correct(body: Body, side: Side, rules: readonly Correction[] = corrections): Corrected {
  const made = new Map<string, number>()

  function visit(schema: Schema, place: Place): Schema {
    let corrected = withParts(typed(schema), place, visit)
    for (const rule of rules) {
      const better = rule.correct(corrected, place)
      if (better === undefined) continue
      made.set(rule.name, (made.get(rule.name) ?? 0) + 1)
      corrected = better
    }
    return corrected
  }

  return { schema: visit(body.schema, { side, steps: [], shown: body.examples }), made }
}

function withParts(schema: Schema, { side, steps, shown }: Place, visit: (schema: Schema, place: Place) => Schema): Schema {
  const { properties, items } = schema
  // Examples that hold one resource where the schema says many, or many for one, are looked into all the same.
  const single = shown.flatMap((value) => (Array.isArray(value) ? value : [value]))
  const result = { ...schema }
  if (items !== undefined) result.items = visit(items, { side, steps: [...steps, "[]"], shown: single })
  if (properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, part]) => {
        const held = single.flatMap((value) => (isObject(value) && value[name] !== undefined ? [value[name]] : []))
        return [name, visit(part, { side, steps: [...steps, name], shown: held })]
      }),
    )
  }
  return result
}

/** A few schemas leave out that what has properties is an object: said here, or anything would be right. */
function typed(schema: Schema): Schema {
  if (schema.type !== undefined) return schema
  if (schema.properties !== undefined) return { ...schema, type: "object" }
  return schema.items === undefined ? schema : { ...schema, type: "array" }
}

const lastStep = ({ steps }: Place): string => steps.at(-1) ?? ""
const isId = (place: Place): boolean => lastStep(place) === "id"
const isValue = ({ steps }: Place): boolean => steps.includes("attributes") || steps[0] === "meta"
const isLinkage = (place: Place): boolean => lastStep(place) === "data" && place.steps.at(-3) === "relationships"

const hasType = (schema: Schema, type: string): boolean => typesOf(schema).includes(type)

function alsoOf(schema: Schema, type: string): Schema {
  return { ...schema, type: [...typesOf(schema), type] }
}

function nullable(schema: Schema): Schema {
  const listed = schema.enum === undefined ? {} : { enum: [...schema.enum, null] }
  return { ...alsoOf(schema, "null"), ...listed }
}

/** `properties` speaks of objects alone and `items` of arrays alone, so both may stand in one schema. */
function oneOrMany(schema: Schema, shown: readonly Json[]): Schema | undefined {
  const kinds = shown.map(kindOf)
  if (hasType(schema, "object") && kinds.includes("array")) return { ...alsoOf(schema, "array"), items: { ...schema } }
  if (hasType(schema, "array") && kinds.includes("object")) return { ...schema.items, ...alsoOf(schema, "object") }
  return undefined
}

function alsoAsShown(schema: Schema, shown: readonly Json[]): Schema | undefined {
  const isText = hasType(schema, "string") && !numericFormats.includes(schema.format)
  const isNumber = hasType(schema, "integer") || hasType(schema, "number")
  if (isText && !isNumber && shown.some((value) => typeof value === "number")) return alsoOf(schema, "number")
  if (isNumber && !isText && shown.some((value) => typeof value === "string")) return alsoOf(schema, "string")
  return undefined
}
