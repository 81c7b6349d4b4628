// A place in a shop's list of payments, newest first, and its text form in the API. Called by the list and by the event stream.
import { instant, uuid } from "@florist/kit/input"
import { z } from "zod"

export interface Place {
  occurredAt: Date
  id: string
}

/** Later than any payment. */
export const theEnd: Place = { occurredAt: new Date("2100-01-01T00:00:00Z"), id: "ffffffff-ffff-ffff-ffff-ffffffffffff" }

/** "2026-03-08T09:30:00.000Z~0198f2aa-..." */
export const place = z
  .string()
  .transform((text) => ({ occurredAt: text.slice(0, text.indexOf("~")), id: text.slice(text.indexOf("~") + 1) }))
  .pipe(z.object({ occurredAt: instant, id: uuid }))

export function placeText({ occurredAt, id }: { occurredAt: string; id: string }): string {
  return `${occurredAt}~${id}`
}
