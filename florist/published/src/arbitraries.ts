// Requests to try a service with, made from a published schema: right bodies, right bodies with one thing broken, texts that are no JSON.
// Called by `fuzz`.
import fc from "fast-check"
import { isObject } from "./json.ts"
import type { Json } from "./json.ts"
import { choicesOf, typesOf } from "./schema.ts"
import type { Schema } from "./schema.ts"

/** Ids of what the shop has, by resource type, so that some requests come through to the work itself. */
export type Known = Readonly<Record<string, readonly string[]>>

export interface RawBody {
  contentType: string
  text: string | Uint8Array
}

const year = { min: new Date("2000-01-01T00:00:00Z"), max: new Date("2099-12-31T00:00:00Z"), noInvalidDate: true }

/** A body as the schema has it. Members that it does not require are left out at times, `data` never is. */
export function rightBody(schema: Schema, known: Known = {}): fc.Arbitrary<Json> {
  return valueOf(schema, { known, text: fc.string({ maxLength: 30 }) }, "")
}

/** Right in every type, with free text that no database and no page likes. */
export function oddlyWordedBody(schema: Schema, known: Known = {}): fc.Arbitrary<Json> {
  return valueOf(schema, { known, text: oddText }, "")
}

interface Draw {
  known: Known
  /** Where the schema says text and nothing more. */
  text: fc.Arbitrary<string>
}

function valueOf(schema: Schema, draw: Draw, name: string): fc.Arbitrary<Json> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum.map((value) => value as Json))
  if (schema.const !== undefined) return fc.constant(schema.const as Json)
  const choices = choicesOf(schema)
  // A number that may come as text too: drawn as a number, since text of any kind would nearly never be one.
  const numbers = choices.filter(isNumeric)
  if (choices.length > 0) return fc.oneof(...(numbers.length > 0 ? numbers : choices).map((choice) => valueOf(choice, draw, name)))
  const type = (name === "id" ? undefined : typesOf(schema).find((each) => numeric.includes(each))) ?? typesOf(schema)[0]
  if (name === "type" && typeof schema.default === "string") return fc.constant(schema.default)
  if (type === "object" || schema.properties !== undefined) return objectOf(schema, draw)
  if (type === "array") return fc.array(valueOf(schema.items ?? {}, draw, name), { maxLength: 3 })
  if (type === "boolean") return fc.boolean()
  if (type === "integer") return fc.integer({ min: 0, max: 1_000 })
  if (type === "number") return fc.integer({ min: 0, max: 100_000 }).map((value) => value / 100)
  return textOf(schema, draw, name)
}

const numeric: readonly string[] = ["number", "integer"]
const isNumeric = (schema: Schema): boolean => typesOf(schema).some((type) => numeric.includes(type))

function objectOf(schema: Schema, draw: Draw): fc.Arbitrary<Json> {
  const { properties = {}, required = [] } = schema
  const always = [...required, "data", "type", "attributes"].filter((name) => properties[name] !== undefined)
  const parts = Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, valueOf(part, draw, name)]))
  const resource = properties.type?.default
  const ids = typeof resource === "string" ? draw.known[resource] : undefined
  if (ids !== undefined && ids.length > 0 && properties.id !== undefined && properties.attributes === undefined)
    parts.id = fc.constantFrom(...ids)
  return fc.record(parts, { requiredKeys: always })
}

function textOf({ format }: Schema, { text }: Draw, name: string): fc.Arbitrary<Json> {
  if (name === "id") return fc.uuid({ version: 7 })
  if (format === "date-time") return fc.date(year).map((date) => date.toISOString())
  if (format === "date") return fc.date(year).map((date) => date.toISOString().slice(0, 10))
  if (format === "decimal" || format === "float" || format === "number") return fc.integer({ min: 0, max: 10_000 }).map(String)
  if (format === "uuid") return fc.uuid({ version: 7 })
  if (format === "email") return fc.constantFrom("anna@example.org", "lev@example.org")
  return text
}

const oddText: fc.Arbitrary<string> = fc.oneof(
  // Halves of surrogate pairs, the zero byte, other control characters, directions, marks without end.
  fc.constantFrom("\uD800", "x\uDFFF", "\uDE00\uD83D"),
  fc.constantFrom("\u0000", "a\u0000b", "\u0001\u001B[2J", "\u202Etxt", `e${"\u0301".repeat(200)}`),
  fc.constantFrom("'; --", "%", "\\", "${x}", "<b>", "../..", "__proto__", "", " "),
  fc.integer({ min: 1_000, max: 40_000 }).map((length) => "z".repeat(length)),
)

/** What a client should never send, and some send. */
export const strange: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, "", [], {}, [[]], [null], { data: null }),
  fc.constantFrom<Json>(-1, 0.1, 1e-7, 2 ** 31, 2 ** 53, -(2 ** 63), 1e21, 1e308),
  fc.constantFrom<Json>(
    "null",
    "NaN",
    "-0",
    "1e999",
    "0x10",
    "00000000-0000-0000-0000-000000000000",
    "not-an-id",
    "2026-02-30",
    "9999-99-99T99:99:99Z",
  ),
  oddText,
  fc.integer({ min: 100, max: 2_000 }).map((length) => Array.from({ length }, (_, n) => n)),
  fc.integer({ min: 20, max: 200 }).map(nested),
)

function nested(depth: number): Json {
  let value: Json = "deep"
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { data: value }
  return value
}

type Steps = readonly (string | number)[]

/** A right body with one place replaced, taken away, wrapped in a list, or joined by members that nobody knows. */
export function brokenBody(schema: Schema, known: Known = {}): fc.Arbitrary<Json> {
  const breach = fc.oneof(
    strange.map((value) => () => value),
    fc.constant(() => undefined),
    fc.constant((value: Json): Json => [value]),
    fc.constant((value: Json): Json => (isObject(value) ? { ...value, unknown: value, constructor: 1 } : { value })),
    fc.constant((value: Json): Json => (typeof value === "number" ? String(value) : typeof value === "string" ? value.length : value)),
  )
  return fc.tuple(rightBody(schema, known), fc.nat(), breach).map(([body, place, breakIt]) => {
    const places = stepsIn(body, [])
    return changed(body, places[place % places.length] ?? [], breakIt) ?? null
  })
}

function stepsIn(value: Json, before: Steps): Steps[] {
  const parts: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : []
  return [before, ...parts.flatMap(([step, part]) => stepsIn(part, [...before, step]))]
}

function changed(value: Json, [step, ...rest]: Steps, change: (value: Json) => Json | undefined): Json | undefined {
  if (step === undefined) return change(value)
  if (Array.isArray(value)) return value.flatMap((part, n) => (n === step ? (changed(part, rest, change) ?? []) : [part]))
  if (!isObject(value)) return value
  const part = changed(value[step] ?? null, rest, change)
  const { [step]: _, ...others } = value
  return part === undefined ? others : { ...others, [step]: part }
}

/** Bodies as bytes: right ones, broken ones, and what is no JSON of the published type at all. */
export function rawBody(schema: Schema, contentType: string, known: Known = {}): fc.Arbitrary<RawBody> {
  const right = rightBody(schema, known).map((body) => JSON.stringify(body))
  const as = (type: string) => (text: string | Uint8Array) => ({ contentType: type, text })
  return fc.oneof(
    { weight: 4, arbitrary: right.map(as(contentType)) },
    { weight: 3, arbitrary: oddlyWordedBody(schema, known).map((body) => as(contentType)(JSON.stringify(body))) },
    { weight: 8, arbitrary: brokenBody(schema, known).map((body) => as(contentType)(JSON.stringify(body))) },
    { weight: 1, arbitrary: fc.tuple(right, fc.nat()).map(([text, at]) => as(contentType)(text.slice(0, at % Math.max(text.length, 1)))) },
    { weight: 1, arbitrary: fc.constantFrom(...notJson).map(as(contentType)) },
    { weight: 1, arbitrary: fc.tuple(right, fc.constantFrom(...otherTypes)).map(([text, type]) => as(type)(text)) },
  )
}

const otherTypes = [
  "text/plain",
  "application/xml",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "application/json; charset=utf-7",
  "x",
  "application/json",
]

const notJson: readonly (string | Uint8Array)[] = [
  "",
  " ",
  "{",
  "[]]",
  "nul",
  "{'data': 1}",
  '{"data":1e999}',
  '{"data":NaN}',
  '{"data":{},"data":[]}',
  '{"__proto__":{"data":1},"data":{}}',
  '{"data":{"constructor":{"prototype":{}}}}',
  '{"data":"\u0000"}',
  `\uFEFF{"data":{}}`,
  "[".repeat(20_000),
  `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  // No UTF-8: a lone continuation byte, an overlong slash, half a character.
  new Uint8Array([0x22, 0x80, 0x22]),
  new Uint8Array([0x22, 0xc0, 0xaf, 0x22]),
  new Uint8Array([0x22, 0xf0, 0x9f, 0x22]),
]

/** A parameter of the query, encoded: mostly as published, else strange. */
export function rawParameter(schema: Schema): fc.Arbitrary<string> {
  const right = rightBody(schema).map((value) => (Array.isArray(value) ? value.map(asText).join(",") : asText(value)))
  return fc.oneof(
    { weight: 3, arbitrary: right.map(encoded) },
    { weight: 2, arbitrary: strange.map((value) => encoded(asText(value)).slice(0, 4_000)) },
    { weight: 1, arbitrary: badlyEncoded },
  )
}

/** A parameter of the path, encoded: never empty, so that the operation stays the one that is meant. */
export const strangeSegment: fc.Arbitrary<string> = fc.oneof(
  fc.uuid({ version: 7 }),
  fc.constantFrom("0", "-1", "current", "1e9", "not-an-id", "00000000-0000-0000-0000-000000000000", "9".repeat(40), "a".repeat(3_000)),
  fc.constantFrom("\u0000", "a/b", "é", "'", "*", "\u202E").map(encodeURIComponent),
  fc.constantFrom("%ED%A0%80", "%FF", "%C0%AF"),
)

const badlyEncoded = fc.constantFrom("%ED%A0%80", "%FF%FE", "%", "%zz", "%00", "")

const asText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value))
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())
