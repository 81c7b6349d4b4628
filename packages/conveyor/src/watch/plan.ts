// What is watched, as data: each check with how often, how it is judged and who depends on whom. Given to the rounds by whoever
// knows what is there now: conveyor.yml's own checks, and the copies, shards and edge of the moment.
import type { Check } from "./checks/check.ts"
import type { Severity } from "./incidents/incident.ts"
import type { Rule } from "./judgement/rule.ts"

export interface Watched {
  check: Check
  everyMs: number
  /** A check that takes longer has found out nothing. */
  withinMs: number
  rule: Rule
  severity: Severity
  /** Names of checks whose incidents explain this one's. */
  dependsOn: readonly string[]
}

/** When a check is asked, and how what it finds is judged. */
export type Pace = Pick<Watched, "everyMs" | "withinMs" | "rule">

/** Observations that are missing for longer than this are a gap in the ledger. */
export const silentAfterMs = ({ everyMs, withinMs }: Pick<Watched, "everyMs" | "withinMs">): number => 2 * everyMs + withinMs
