// What an incident is, and what may be done with it in each of its states. Written by the book; shown by the API and in messages.
import type { Place } from "../checks/check.ts"

export type IncidentState = "open" | "acknowledged" | "closed"

/** What it is that somebody has to know: a problem, that nobody can tell, or that it goes to and fro. */
export type Trouble = "problem" | "unknown" | "flapping"

export type Severity = "page" | "ticket"

export interface Incident {
  id: number
  /** The check. At most one incident of a check is not closed. */
  check: string
  trouble: Trouble
  severity: Severity
  /** What was seen when it opened. */
  summary: string
  place: Place
  openedAt: number
  acknowledgedBy: string | undefined
  acknowledgedAt: number | undefined
  closedAt: number | undefined
  /** Why it came, as a person said when it was over. */
  cause: string | undefined
  /** The check that it depends on, and whose incident explains this one: nobody is told of this one. */
  explainedBy: string | undefined
  /** What could have caused it, the likeliest first, as far as was known when it opened. */
  suspects: readonly Suspect[]
}

export interface Suspect {
  /** "v42 became current", "change orders-total: expand". */
  what: string
  at: number
  /** 0 to 1: how near it was in time and place. Nothing is proven by it. */
  weight: number
  /** Why it is suspected, in words. */
  because: string
}

/** One line of an incident's timeline. */
export interface Note {
  at: number
  kind: "opened" | "changed" | "told" | "not-told" | "acknowledged" | "comment" | "closed" | "cause"
  text: string
  by: string | undefined
}

export const incidentMay = {
  open: { acknowledge: "yes", comment: "yes", close: "yes" },
  // A second person who takes it over is named in the timeline.
  acknowledged: { acknowledge: "yes", comment: "yes", close: "yes" },
  // What is over can still be explained.
  closed: { acknowledge: "no", comment: "yes", close: "no" },
} as const satisfies Record<IncidentState, Record<string, "yes" | "no">>

export function stateOf({ closedAt, acknowledgedAt }: Pick<Incident, "closedAt" | "acknowledgedAt">): IncidentState {
  if (closedAt !== undefined) return "closed"
  return acknowledgedAt === undefined ? "open" : "acknowledged"
}
