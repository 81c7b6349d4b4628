// What does not fit a request's shape, in words: where, what was found, what belongs there. Called by the API for every
// request, before anything is done.
import type { z } from "zod"
import { ConveyorError } from "../../kernel/errors/errors.ts"

/** Where a request's input stands. */
export type Part = "body" | "query"

const longestShown = 60

/** @throws ConveyorError "bad-request", with all places */
export function fitting<T>(schema: z.ZodType<T>, input: unknown, part: Part): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const misfits = result.error.issues.flatMap((issue) => misfitsOf(issue, input, part))
  throw new ConveyorError("bad-request", misfits.map(({ place, message }) => `${place}: ${message}`).join("\n"), {
    facts: { misfits },
    hint: "What each request takes is in packages/conveyor/src/server/protocol/endpoints.ts.",
  })
}

function misfitsOf(issue: z.core.$ZodIssue, input: unknown, part: Part): { place: string; message: string }[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ place: [part, ...issue.path, key].join("."), message: "there is no such key" }))
  const found = at(input, issue.path)
  if (issue.path.length === 0) return [{ place: part, message: `found ${shown(found)}; a JSON object belongs here` }]
  return [{ place: [part, ...issue.path].join("."), message: `found ${shown(found)}; ${issue.message} belongs here` }]
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined), input)
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing"
  const text = JSON.stringify(value)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
