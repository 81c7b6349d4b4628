// How a run ended for whoever asked for it, and the exit code that says so. Called by the commands that ask for a run.
import { kindOf, knownCode } from "../kernel/errors/error-catalogue.ts"
import type { RunReport } from "../server/protocol/runs.ts"

/** "superseded": a newer push took its place. "held": it waits for a person. "unfinished": it goes on. "unknown": the control plane does not answer. */
export const exitCodes = {
  promoted: 0,
  failed: 10,
  "rolled-back": 11,
  refused: 12,
  cancelled: 13,
  superseded: 14,
  held: 15,
  unfinished: 16,
  unknown: 17,
} as const

export type Outcome = keyof typeof exitCodes

/** Nobody has to do anything about these. */
const passes = new Set(["pages gone", "latency back"])

export function outcomeOf({ state, steps, requests }: RunReport): Exclude<Outcome, "unknown"> {
  if (state === "queued" || state === "running")
    return steps.some(({ holding, hold }) => holding !== undefined && !passes.has(hold?.until ?? "")) ? "held" : "unfinished"
  const wasCancelled = requests.some(({ action }) => action === "cancel")
  return wasCancelled && state !== "promoted" ? "cancelled" : state
}

/** A run that met a full disk may be tried again, one whose tests fail may not: it ends as any other error of that kind. */
export function exitOf(report: RunReport): number {
  const outcome = outcomeOf(report)
  const code = report.steps.find(({ facts }) => typeof facts?.["code"] === "string")?.facts?.["code"]
  if (outcome !== "failed" || typeof code !== "string") return exitCodes[outcome]
  const { fault, exit } = kindOf(knownCode(code))
  return fault === "environment" || fault === "conveyor" ? exit : exitCodes.failed
}
