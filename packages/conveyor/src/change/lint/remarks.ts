// How the rules of the lint say what they have to say. Used by every rule.
import type { SqlText } from "../operations/operation.ts"
import type { Remark } from "./finding.ts"

export type Use = SqlText["use"]

export const error = (rule: string, message: string, safeWay: string): Remark[] => [{ rule, severity: "error", message, safeWay }]

export const warning = (rule: string, message: string, safeWay: string): Remark[] => [{ rule, severity: "warning", message, safeWay }]

/** Dangers that old code alone would feel: at contract it is gone. */
export const beforeContract = (use: Use, remarks: Remark[]): Remark[] => (use === "contract" || use === "undo" ? [] : remarks)

/** What no rule knows is refused: harmless is only what was looked at. */
export const unknown = (what: string): Remark[] =>
  error(
    "unknown-statement",
    `no rule knows ${what}, so nobody has looked at what it locks or breaks`,
    "Look at it yourself, then say allow: [unknown-statement].",
  )

/** What the lint cannot look into. */
export const opaque = (what: string): Remark[] =>
  error(
    "opaque",
    `${what} may do anything, and the lint cannot see what`,
    "Write its statements out, each one by itself; or look at it yourself and say allow: [opaque].",
  )
