// The shapes that requests are made of, and the one way to read them. Called by every operation.
import { z } from "zod"
import { told, wordsFor } from "./issue-words.ts"
import { Refusal } from "./refusal.ts"
import type { Problem, Source } from "./refusal.ts"
import { unknownMembers } from "./unknown-members.ts"

/** Numbers that travel as JSON numbers stay within what a number holds exactly. */
export const positiveId = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER)

/** Lower case, as the database gives them back. Made by the client, best as version 7. */
export const uuid = z.uuid().transform((text) => text.toLowerCase())

const int32 = 2_147_483_647

/** What the database keeps in an `integer`. */
export const int = z.number().int().min(-int32).max(int32)

/** Text that PostgreSQL can keep: no zero byte, no lone surrogate. Line breaks and tabs pass. */
export const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => value.isWellFormed() && !unkeepable.test(value), "must not hold control characters")

// oxlint-disable-next-line no-control-regex -- exactly these are meant
const unkeepable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/

/** A name or title: not empty, one line. */
export const title = (most = 200) => text(most).min(1, "must not be empty").regex(/\S/, "must not be blank")

const inReach = (at: Date) => at.getUTCFullYear() >= 1900 && at.getUTCFullYear() < 2100

/** A moment with its offset, or a day, which starts at midnight UTC. */
export const instant = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((value) => new Date(value))
  .refine(inReach, "must lie between 1900 and 2099")

/** A day: "2026-03-08". */
export const day = z.iso.date().refine((value) => inReach(new Date(value)), "must lie between 1900 and 2099")

/** "true", "1" and the like, as query strings carry them. */
export const flag = z.stringbool()

/** Yes or no in a body; published programs send it as text too. */
export const yesNo = z.preprocess((value) => (value === "true" ? true : value === "false" ? false : value), z.boolean())

/** Several values of a query parameter: repeated, with [], or separated by commas. */
export const several = <T extends z.ZodType>(one: T) =>
  z.preprocess((value) => (typeof value === "string" ? value.split(",") : value), z.array(one).min(1).max(200))

export type Part = "body" | "query" | "path"

/** @throws Refusal 422 that names every wrong field (at most twenty). */
export function read<T extends z.ZodType>(schema: T, value: unknown, part: Part): z.output<T> {
  const parsed = schema.safeParse(value ?? {}, { error: wordsFor, reportInput: true })
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues
    .flatMap(told)
    .slice(0, 20)
    .map((issue) => problemOf(issue, part))
  const [first = problemOf(undefined, part), ...others] = problems
  throw new Refusal([first, ...others])
}

/**
 * Nothing that was sent is dropped without a word.
 * @param echoes what the answer shows of the same resource; it may come back, and is not read.
 * @throws Refusal 422 that names every member or parameter that is not known (at most twenty).
 */
export function refuseUnknown(schema: z.ZodType, value: unknown, part: Part, echoes?: z.ZodType): void {
  const [first, ...others] = unknownMembers(schema, value, echoes)
    .slice(0, 20)
    .map(({ path, name, known }): Problem => {
      const where = [...path, name]
      const detail = `${where.join(".")} is not known here, and nothing is left out silently. ${knownWords(known)}`
      return { status: 422, code: "unknown", title: "Not known", detail, source: sourceOf(part, where) }
    })
  if (first !== undefined) throw new Refusal([first, ...others])
}

const knownWords = (known: readonly string[]) =>
  known.length === 0 ? "Nothing may stand here." : `Known are: ${known.slice(0, 60).join(", ")}.`

function problemOf(issue: { path: readonly PropertyKey[]; message: string } | undefined, part: Part): Problem {
  const path = (issue?.path ?? []).map(String)
  const where = path.length === 0 ? part : path.join(".")
  return {
    status: 422,
    code: "invalid",
    title: "Invalid input",
    detail: `${where}: ${issue?.message ?? "cannot be read"}`,
    source: sourceOf(part, path),
  }
}

/** A JSON pointer (RFC 6901) for bodies; the parameter's name otherwise. */
function sourceOf(part: Part, path: readonly string[]): Source {
  if (part === "body") return { pointer: path.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("") }
  return { parameter: path[0] ?? part }
}
