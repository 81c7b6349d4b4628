// From one finding after the other to a verdict: a pure step, so that the same findings always say the same. Called by the
// rounds, which keep the state between findings, over restarts too.
import type { Outcome } from "../checks/check.ts"
import { flapWindow } from "./rule.ts"
import type { Rule } from "./rule.ts"

/**
 * "unseen": nothing was found yet. "fine", "problem", "unknown": as told. "flapping": goes to and fro so often that its
 * incident stays open until it holds still.
 */
export type Standing = "unseen" | "fine" | "problem" | "unknown" | "flapping"

export interface Judged {
  standing: Standing
  last: Outcome | undefined
  /** How often each came since the last that ends its row. What is fine ends both others; what nobody knows ends only that. */
  row: Readonly<Record<Outcome, number>>
  /** The newest outcomes that were known, oldest first: "+" fine, "-" problem. At most `flapWindow`. */
  window: string
}

export const unseen: Judged = { standing: "unseen", last: undefined, row: { fine: 0, problem: 0, unknown: 0 }, window: "" }

export function judge(before: Judged, outcome: Outcome, rule: Rule): Judged {
  const row = rowAfter(before.row, outcome)
  const window = outcome === "unknown" ? before.window : (before.window + (outcome === "fine" ? "+" : "-")).slice(-flapWindow)
  return { standing: standingAfter(before.standing, outcome, row, window, rule), last: outcome, row, window }
}

// Two problems with an unknown between them are two in a row: else who answers every other time were never told of.
const rowAfter = (row: Judged["row"], outcome: Outcome): Judged["row"] =>
  outcome === "fine" ? { fine: row.fine + 1, problem: 0, unknown: 0 } : { ...row, fine: 0, [outcome]: row[outcome] + 1 }

function standingAfter(was: Standing, outcome: Outcome, row: Judged["row"], window: string, rule: Rule): Standing {
  // Who stops answering in the middle of a problem still has it.
  if (outcome === "unknown") return row.unknown >= rule.unknownAfter && row.problem < rule.openAfter ? "unknown" : was
  if (was === "flapping") return holdsStill(window, rule) ? (outcome === "fine" ? "fine" : "problem") : "flapping"
  if (was === "problem" && turns(window) >= rule.flapsFrom) return "flapping"
  if (outcome === "problem") return row.problem >= rule.openAfter ? opened(window, rule) : was
  return row.fine >= needed(was, rule) ? "fine" : was
}

/** What was never bad needs no proof that it recovered. */
const needed = (was: Standing, rule: Rule) => (was === "problem" || was === "unknown" ? rule.closeAfter : 1)

const opened = (window: string, rule: Rule): Standing => (turns(window) >= rule.flapsFrom ? "flapping" : "problem")

/** Half of the window without a turn. */
const holdsStill = (window: string, rule: Rule) =>
  turns(window.slice(-Math.max(rule.closeAfter, rule.openAfter, Math.ceil(flapWindow / 2)))) === 0

const turns = (window: string): number => window.match(/\+(?=-)|-(?=\+)/g)?.length ?? 0

/** Whether somebody has to be told of it. */
export const isBad = (standing: Standing): boolean => standing === "problem" || standing === "unknown" || standing === "flapping"
