// The verdict on a new version: what was found against it, whether that is more than one client's word, and whether enough
// was seen to speak for it. Pure. Called by the step bake at every look.
import type { Comparison, ComparisonCell } from "../../edge/edge.ts"
import { formatDuration } from "../../kernel/time/duration.ts"
import { isMoreThanOneWord } from "./clients.ts"
import { describeFinding, describeSeen, whyUnproven } from "./describe.ts"
import { findings, isBeyondChance } from "./findings.ts"
import type { Finding } from "./findings.ts"

export interface Evidence {
  /** Undefined for the first release, which has nothing to be compared with. */
  comparison: Comparison | undefined
  /** The cells, less what they had when the new version was warm; before that, none. */
  sinceWarm: readonly ComparisonCell[]
  /** All that the new version was asked. */
  requests: number
  elapsedMs: number
  /** Members of the edge that did not answer. */
  silent: readonly string[]
}

export interface BakePolicy {
  for: number
  at_least: number
  at_most: number
}

export interface Verdict {
  /** "quiet": too little was asked to say anything. "unknown": something is wrong, and nobody can say whose it is. */
  verdict: "good" | "bad" | "wait" | "quiet" | "unknown"
  reason: string
  findings: readonly Finding[]
}

/** One client's failures are no verdict; where they are so many of all, they are no good sign either. */
const tooManyToPass = 0.05

/** The first requests compile the code and fill the caches; how long they take says nothing of those that follow. */
export const warmUpMs = ({ for: duration }: Pick<BakePolicy, "for">): number => Math.min(10_000, duration / 2)

export function judge(evidence: Evidence, policy: BakePolicy): Verdict {
  const { comparison, sinceWarm, requests, elapsedMs, silent } = evidence
  if (comparison === undefined) return { verdict: "good", reason: "the first version has nothing to be compared with", findings: [] }

  const found = findings(comparison, sinceWarm)
  const believed = found.filter((each) => !each.isShared && isBelieved(each, comparison, policy))
  const proven = believed.find(isBeyondChance)
  if (proven !== undefined) return { verdict: "bad", reason: describeFinding(proven, comparison), findings: found }

  const seen = describeSeen(comparison, requests)
  if (elapsedMs < policy.for)
    return { verdict: "wait", reason: `${formatDuration(policy.for - elapsedMs)} to go; ${seen}`, findings: found }

  const unproven = found.filter((each) => !believed.includes(each) && isBeyondChance(each))
  const doubts = [
    ...silent.map((member) => `edge ${member} does not answer`),
    ...believed.map((each) => `${describeFinding(each, comparison)}; but that may be chance yet`),
    ...unproven.filter((each) => each.share >= tooManyToPass).map((each) => `${describeFinding(each, comparison)}; ${whyUnproven(each)}`),
  ]
  const isOver = elapsedMs >= policy.at_most
  if (doubts.length > 0) {
    return isOver
      ? { verdict: "unknown", reason: doubts.join("; "), findings: found }
      : { verdict: "wait", reason: `holding for evidence: ${doubts.join("; ")}`, findings: found }
  }
  if (requests < policy.at_least) {
    const few = `${requests} requests seen, ${policy.at_least} needed`
    return isOver
      ? { verdict: "quiet", reason: few, findings: found }
      : { verdict: "wait", reason: `holding for evidence: ${few}`, findings: found }
  }
  const leftOut = unproven.map((each) => `left out: ${describeFinding(each, comparison)}; ${whyUnproven(each)}`)
  return { verdict: "good", reason: [seen, ...leftOut].join("; "), findings: found }
}

/** What the conveyor has asked itself needs no other witness. */
function isBelieved({ clients }: Finding, { cells }: Comparison, policy: BakePolicy): boolean {
  const everybody = new Set(cells.map(({ client }) => client)).size
  const said = { failing: clients.failing, asking: clients.seen, everybody, requests: allRequests(cells) }
  return clients.own === "own" || isMoreThanOneWord(said, Math.min(policy.at_least, 100))
}

const allRequests = (cells: readonly ComparisonCell[]) => cells.reduce((sum, cell) => sum + cell.pairs + cell.newer.requests, 0)
