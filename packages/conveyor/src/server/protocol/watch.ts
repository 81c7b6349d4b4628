// The watch as the API tells it: how each check stands, incidents with their timelines, silences, uptime.
import { z } from "zod"
import { asking } from "./requests.ts"
import { line, list, moment } from "./words.ts"

export const checkReport = z.object({
  name: z.string(),
  kind: z.string(),
  /** "unseen": not asked yet. "unknown": asked, and nobody can say. */
  standing: z.enum(["unseen", "fine", "problem", "unknown", "flapping"]),
  summary: z.string().optional(),
  since: moment.optional(),
  foundAt: moment.optional(),
  everyMs: z.number(),
  severity: z.enum(["page", "ticket"]),
  dependsOn: list(z.string()),
  /** The incident that is open. */
  incident: z.number().optional(),
})
export type CheckReport = z.infer<typeof checkReport>

export const incidentReport = z.object({
  id: z.number(),
  check: z.string(),
  state: z.enum(["open", "acknowledged", "closed"]),
  trouble: z.enum(["problem", "unknown", "flapping"]),
  severity: z.enum(["page", "ticket"]),
  summary: z.string(),
  openedAt: moment,
  acknowledgedBy: z.string().optional(),
  closedAt: moment.optional(),
  cause: z.string().optional(),
  explainedBy: z.string().optional(),
  /** What was changed before it, the likeliest cause first. `weight`: 0 to 1; nothing is proven by it. */
  suspects: list(z.object({ what: z.string(), at: moment, weight: z.number(), because: z.string() })),
})
export type IncidentReport = z.infer<typeof incidentReport>

export const incidentStory = incidentReport.extend({
  notes: list(z.object({ at: moment, kind: z.string(), text: z.string(), by: z.string().optional() })),
  /** Who was told of it, and who could not be yet. */
  messages: list(z.object({ notifier: z.string(), transition: z.string(), sentAt: moment.optional(), lastError: z.string().optional() })),
})
export type IncidentStory = z.infer<typeof incidentStory>

export const silence = z.object({
  id: z.number(),
  pattern: z.string(),
  from: moment,
  until: moment,
  by: z.string(),
  reason: z.string(),
})

export const watchReport = z.object({
  checks: list(checkReport),
  open: list(incidentReport),
  silences: list(silence),
  notifiers: list(z.object({ name: z.string(), kind: z.string(), waiting: z.number(), lastError: z.string().optional() })),
})
export type WatchReport = z.infer<typeof watchReport>

export const uptimeReport = z.object({
  check: z.string(),
  fromMs: moment,
  untilMs: moment,
  upMs: z.number(),
  downMs: z.number(),
  unknownMs: z.number(),
  /** 0 to 1: were all that nobody saw down, or up. */
  least: z.number(),
  most: z.number(),
  seen: z.number(),
  outages: list(z.object({ from: moment, until: moment })),
  goal: z.number(),
  kept: z.enum(["kept", "broken", "not known"]),
})
export type UptimeReport = z.infer<typeof uptimeReport>

const who = "who you are"
const aDuration = "milliseconds, from 1000 (1 s) to 2592000000 (30 days)"

/** What changes an incident is signed. */
export const signed = { ...asking, actor: line(who) }
export const inputs = {
  comment: z.strictObject({ ...signed, text: line("what you know", 2_000), kind: z.enum(["comment", "cause"]).default("comment") }),
  silence: z.strictObject({
    ...signed,
    reason: line("why nobody is to be told", 500),
    pattern: line('a check, or a pattern with "*"'),
    forMs: z.number(aDuration).int(aDuration).min(1_000, aDuration).max(2_592_000_000, aDuration),
  }),
  ledger: z.strictObject({
    check: line("a check").optional(),
    days: z.coerce.number("a number of days, up to 400").positive("more than no days").max(400, "at most 400 days").default(30),
  }),
}

/** What became of a letter sent to try a notifier. */
export const tried = z.object({ notifier: z.string(), kind: z.enum(["sent", "later", "never"]), reason: z.string().optional() })
