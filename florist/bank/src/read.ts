// The one way to read what a request brings. Called by every route of the bank.
import type { z } from "zod"
import { Refused } from "./refused.ts"

/** @throws Refused that names every wrong field. */
export function read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the request"}: ${message}`)
  throw new Refused("ERROR.INVALID_REQUEST", wrong.join("; "))
}
