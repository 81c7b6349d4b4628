// What a schema found wrong, in words for people: what was found, and what would be right. Handed to zod as its error map,
// so a schema's own message (which says what would be right) goes first. Called by the reader of YAML.
import type { z } from "zod"

type RawIssue = Parameters<z.core.$ZodErrorMap>[0]

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list, such as [a, b]",
  tuple: "a list",
  object: "keys with values",
  record: "names with values",
  null: "nothing",
}

/** Where a schema has several forms and says nothing of its own about them. */
export const anyForm = "one of the forms that the reference shows"

/** A schema's message about something else that stands where keys with values should; of what is wrong inside of those it says nothing. */
export const inPlaceOf = (right: string) => ({ error: ({ code }: { code: string }) => (code === "invalid_type" ? right : undefined) })

/** What would be right, without what was found. */
export const inWords = (issue: RawIssue): string => {
  switch (issue.code) {
    case "invalid_type":
      return kinds[issue.expected] ?? issue.expected
    case "too_small":
      return bound(issue, "at least", "more than", Number(issue.minimum), issue.inclusive ?? true)
    case "too_big":
      return bound(issue, "at most", "less than", Number(issue.maximum), issue.inclusive ?? true)
    case "invalid_value":
      return oneOf(issue.values.map(String))
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`
    case "invalid_format":
      return `something of the form ${issue.format}`
    case "invalid_union":
      return anyForm
    case "invalid_key":
      return "a name that may stand here"
    default:
      return issue.message ?? "something else"
  }
}

export const oneOf = (values: readonly string[]): string => {
  const last = values.at(-1) ?? ""
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`
}

const units: Readonly<Record<string, readonly [one: string, many: string]>> = {
  string: ["character", "characters"],
  array: ["item", "items"],
  set: ["item", "items"],
}

function bound({ origin }: { origin: string }, inclusive: string, exclusive: string, limit: number, includes: boolean): string {
  const [one, many] = units[origin] ?? ["", ""]
  return `${includes ? inclusive : exclusive} ${limit} ${limit === 1 ? one : many}`.trimEnd()
}

/** A value of the file, as short as a line wants it. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing"
  if (value === null) return "no value"
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  if (typeof value === "object") return Object.keys(value).length === 0 ? "nothing in it" : "keys with values"
  if (typeof value === "number" && !Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf"
  // A password in a URL is nobody's business, right or wrong.
  const text = JSON.stringify(typeof value === "string" ? value.replaceAll(/:[^:@/\s]*@/g, ":…@") : value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

const longest = 60
