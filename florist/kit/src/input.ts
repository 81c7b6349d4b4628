// The shapes that requests are made of, and the one way to read them. Called by every route.
import { z } from "zod"
import { Refusal } from "./refusal.ts"
import type { Problem } from "./refusal.ts"

/** Ids and amounts travel as JSON numbers, so they stay within what a number holds exactly. */
export const positiveId = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER)

/** Lower case, as the database gives them back. */
export const uuid = z.uuid().transform((text) => text.toLowerCase())

/** Kopecks. A billion roubles is more than any bouquet. */
export const amount = z.number().int().min(1).max(100_000_000_000)

/** Text that PostgreSQL can keep: no control characters, the zero byte least of all. */
export const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u, "must not hold control characters")

export const instant = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()])
  .transform((text) => new Date(text))
  .refine((at) => at.getUTCFullYear() >= 2000 && at.getUTCFullYear() < 2100, "must lie between 2000 and 2099")

/**
 * @param where which part of the request it is: "body", "query", "path".
 * @throws Refusal that names every wrong field.
 */
export function read<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => problemOf(issue, where))
  const [first = problemOf(undefined, where), ...others] = problems
  throw new Refusal([first, ...others])
}

function problemOf(issue: { path: readonly PropertyKey[]; message: string } | undefined, where: string): Problem {
  return {
    status: 422,
    code: "invalid",
    title: "Invalid input",
    detail: issue?.message ?? "cannot be read",
    source: [where, ...(issue?.path ?? []).map(String)].join("."),
  }
}
