// What a run waits for where that may take long: a condition with a name, since when, until when at the longest, and why. In
// the journal from the moment it stands, and again when it is over. Pure. Read by status and history.
import { z } from "zod"
import type { Facts } from "../../kernel/errors/errors.ts"
import type { JournalEvent } from "../../store/records.ts"

/**
 * "evidence": requests, or a person's word, to tell whether a version is good. "latency back": users wait no longer than before
 * the release began.
 */
export const holdConditions = ["shards reachable", "latency back", "evidence", "pages gone"] as const
export type HoldCondition = (typeof holdConditions)[number]

/** "bound": the time was up first. */
export type HoldEnd = "met" | "bound"

const hold = z.object({
  until: z.enum(holdConditions),
  /** Milliseconds since the Unix epoch, as `bound`, when the hold ends whatever is by then. */
  since: z.number(),
  bound: z.number(),
  reason: z.string(),
})
export type Hold = z.infer<typeof hold>

const over = z.object({ until: z.enum(holdConditions), how: z.enum(["met", "bound"]), heldMs: z.number() })
export type HoldOver = z.infer<typeof over>

export const standsAs = (standing: Hold): Facts => ({ hold: standing })
export const isOverAs = (end: HoldOver): Facts => ({ holdOver: end })

/** Those that stand by a step's events, oldest first: what was begun and is not over, while the step has only begun. */
export function standingHolds(events: readonly JournalEvent[], step: string): Hold[] {
  const standing = new Map<HoldCondition, Hold>()
  for (const { event, facts } of events.filter((each) => each.step === step)) {
    if (event !== "started") standing.clear()
    const [begun, ended] = [hold.safeParse(facts["hold"]), over.safeParse(facts["holdOver"])]
    if (begun.success) standing.set(begun.data.until, begun.data)
    if (ended.success) standing.delete(ended.data.until)
  }
  return [...standing.values()]
}
