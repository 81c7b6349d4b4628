// What is wrong with a field, in words for whoever sent it, and where. The schema's own words come first. Called by input.ts.
import type { z } from "zod"

type Issue = Omit<z.core.$ZodIssue, "message"> & { message?: string | undefined }
type Path = readonly PropertyKey[]

export interface Told {
  path: Path
  message: string
}

const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  record: "an object",
  date: "a date",
  null: "null",
}
const formats: Readonly<Record<string, string>> = {
  uuid: "a UUID",
  datetime: 'a moment with its offset, as "2026-03-08T09:00:00+03:00"',
  date: 'a day, as "2026-03-08"',
  time: 'a time of day, as "09:30"',
  email: "an e-mail address",
  url: "a URL",
}
const units: Readonly<Record<string, string>> = { string: " characters", array: " entries", set: " entries" }

/** For schemas without words of their own. */
export function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  const unit = units[String(issue.origin)] ?? ""
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : `must be ${kinds[issue.expected] ?? issue.expected}`
    case "invalid_value":
      return issue.input === undefined ? "is missing" : `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`
    case "invalid_format":
      return `must be ${formats[issue.format] ?? "of the form that the description of the API gives"}`
    case "too_big":
      return `must be at most ${String(issue.maximum)}${unit}`
    case "too_small":
      return `must be at least ${String(issue.minimum)}${unit}`
    case "not_multiple_of":
      return `must be a multiple of ${String(issue.divisor)}`
    case "unrecognized_keys":
      return `must not hold ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}, which is not known here`
    default:
      return undefined
  }
}

/** Of a choice between shapes: what is wrong in the one that comes nearest, at its own place; all of them, where none comes nearer. */
export function told(issue: Issue): Told[] {
  if (issue.code !== "invalid_union") return [{ path: issue.path, message: issue.message ?? "cannot be read" }]
  const branches = (issue as z.core.$ZodIssueInvalidUnion).errors.map((errors) => errors.flatMap(told))
  const depth = (branch: readonly Told[]) => Math.max(0, ...branch.map(({ path }) => path.length))
  const deepest = Math.max(0, ...branches.map(depth))
  const nearest = branches.find((branch) => depth(branch) === deepest) ?? []
  if (deepest > 0) return nearest.map(({ path, message }) => ({ path: [...issue.path, ...path], message }))
  const words = [...new Set(branches.flat().map(({ message }) => message))]
  return [{ path: issue.path, message: words.length === 0 ? "cannot be read" : words.join(", or ") }]
}
