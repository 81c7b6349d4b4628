// What a bake does about its verdict: promotes, goes back, or looks again, holding until there is evidence or a person's word.
// Pure. Called by the step bake at every look.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { BakePolicy, Verdict } from "./judge.ts"

export interface HoldPolicy extends BakePolicy {
  /** What becomes of a version that too few have used when `at_most` is over. */
  when_quiet: "hold" | "synthetic" | "promote_after"
  /** How long it is held after that, for evidence or for a person's word. */
  hold: number
}

export type Conclusion =
  | { does: "promote"; reason: string }
  | { does: "go-back"; code: "worse-than-before" | "no-evidence" | "superseded"; reason: string; hint: string }
  | { does: "look-again"; message: string }
  /** For so long at the most. */
  | { does: "hold"; reason: string; message: string; leftMs: number }

export interface Circumstances {
  version: string
  elapsedMs: number
  /** Who has taken it as it is, and why. */
  promotedBy: string | undefined
  /** The version that is to be released next, where one waits. */
  next: string | undefined
}

export function conclude({ verdict, reason }: Verdict, policy: HoldPolicy, circumstances: Circumstances): Conclusion {
  const { version, promotedBy } = circumstances
  if (promotedBy !== undefined) return { does: "promote", reason: `taken as it is by ${promotedBy}; ${reason}` }
  if (verdict === "good") return { does: "promote", reason }
  if (verdict === "bad") return { does: "go-back", code: "worse-than-before", reason, hint: `See what failed: conveyor logs ${version}` }
  if (verdict === "wait") return { does: "look-again", message: reason }
  if (verdict === "quiet" && policy.when_quiet === "promote_after") {
    return { does: "promote", reason: `${reason}; promoted without, as when_quiet says` }
  }
  return hold(reason, policy, circumstances)
}

function hold(reason: string, policy: HoldPolicy, { version, elapsedMs, next }: Circumstances): Conclusion {
  if (next !== undefined) {
    const hint = `What ${version} brought is in ${next} too, where its commit is built upon; otherwise release it again.`
    return { does: "go-back", code: "superseded", reason: `${reason}; gave way to ${next}, which waits`, hint }
  }
  const leftMs = policy.at_most + policy.hold - elapsedMs
  const word = `conveyor promote ${version} takes it as it is, conveyor rollback takes it back`
  if (leftMs > 0)
    return {
      does: "hold",
      leftMs,
      reason: `${reason}; ${word}`,
      message: `holding for evidence, or for your word: ${reason}; ${word}; held for ${formatDuration(leftMs)} more`,
    }
  return {
    does: "go-back",
    code: "no-evidence",
    reason: `${reason}; nobody has said to promote it`,
    hint: "Nothing is promoted on missing evidence. Where a site is quiet: release.bake.when_quiet, release.bake.synthetic, or at_least: 0.",
  }
}
