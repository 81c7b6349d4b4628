// What every check is: a name, whom it asks, and one question with a bounded answer. Made by kinds.ts from conveyor.yml and by
// whoever knows what runs; asked by the rounds.

/** "unknown" is no answer to the question, good or bad: nobody may take it for either. */
export type Outcome = "fine" | "problem" | "unknown"

export interface Finding {
  outcome: Outcome
  /** One line for people: what was seen, and what would be right. */
  summary: string
  /** Of one that answers for several modules: what each said. */
  modules?: Readonly<Record<string, { outcome: Outcome; summary: string }>>
  /** What was measured, by name with its unit: "answer_ms", "disk_free_part". */
  values?: Readonly<Record<string, number>>
}

/** Where something is, so that a cause can be near it or far: all that is known of it. */
export interface Place {
  service?: string
  version?: string
  copy?: string
  shard?: string
  node?: string
  route?: string
}

export interface Check {
  /** Unique in an installation. The incident's key: it names the thing, never a version of it where that changes. */
  name: string
  /** "http", "tcp", "postgres", "copy", ... */
  kind: string
  place: Place
  /** Never longer than the signal allows. A throw is unknown, with its message. */
  ask: (signal: AbortSignal) => Promise<Finding>
}

export const fine = (summary: string, values?: Record<string, number>): Finding => ({
  outcome: "fine",
  summary,
  ...(values && { values }),
})
export const problem = (summary: string, values?: Record<string, number>): Finding => ({
  outcome: "problem",
  summary,
  ...(values && { values }),
})
export const unknown = (summary: string): Finding => ({ outcome: "unknown", summary })

/** The worst of several: a problem before what nobody knows, and that before fine. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes("problem")) return "problem"
  return outcomes.includes("unknown") || outcomes.length === 0 ? "unknown" : "fine"
}
