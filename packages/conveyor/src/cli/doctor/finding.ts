// One thing that was looked at, and what came of it. Made by the looks beside, shown by `conveyor doctor`.

/** "attention": it works, and something is to be known. "unknown": nothing says how it is, which is neither good nor bad. */
export type Verdict = "fine" | "attention" | "fails" | "unknown"

export interface Finding {
  what: string
  verdict: Verdict
  says: string
  /** The way out. */
  next?: string
}

export const fine = (what: string, says: string): Finding => ({ what, verdict: "fine", says })
export const attention = (what: string, says: string, next: string): Finding => ({ what, verdict: "attention", says, next })
export const fails = (what: string, says: string, next: string): Finding => ({ what, verdict: "fails", says, next })
export const unknown = (what: string, says: string, next: string): Finding => ({ what, verdict: "unknown", says, next })

/** 1 where something would fail, 3 where something could not be found out, 0 otherwise. */
export function exitOfFindings(findings: readonly Finding[]): 0 | 1 | 3 {
  const has = (wanted: Verdict) => findings.some(({ verdict }) => verdict === wanted)
  if (has("fails")) return 1
  return has("unknown") ? 3 : 0
}
