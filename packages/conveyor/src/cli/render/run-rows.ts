// Runs as rows: what was asked for, how it ended, how long it took, who asked, and why. Called by status and history.
import { formatDuration } from "../../kernel/time/duration.ts"
import type { RunReport, StepReport } from "../../server/protocol/runs.ts"
import { aheadWords } from "./ahead-words.ts"
import { columns, cyan, dim, green, red, yellow } from "./paint.ts"

export const runRows = (runs: readonly RunReport[]): string[] =>
  columns([["run", "", "outcome", "took", "by", ""].map(dim), ...runs.map(runRow)])

/** What makes a version another one than that before it, besides its commit. */
export const toldWords = ({ toldDifferently }: RunReport): string | undefined =>
  toldDifferently === undefined ? undefined : `its copies are told otherwise: ${toldDifferently.join(", ")}`

const aboutStep = ({ name, holding }: StepReport): string => (holding === undefined ? name : `${name} holds: ${holding}`)

function runRow(run: RunReport): string[] {
  const busy = run.steps.find((step) => step.state === "begun" || step.state === "undoing")
  const outcome = {
    queued: dim,
    running: cyan,
    promoted: green,
    "rolled-back": yellow,
    failed: red,
    refused: red,
    superseded: dim,
    cancelled: yellow,
  }[run.state](run.state)
  const took = run.endedAt === undefined ? "" : formatDuration(run.endedAt - run.requestedAt)
  const asked = run.requests[0]
  const why =
    run.state === "running" && busy !== undefined
      ? aboutStep(busy)
      : (aheadWords(run.ahead) ?? run.reason?.split("\n")[0] ?? asked?.reason ?? toldWords(run) ?? "")
  return [String(run.id), `${run.kind} ${run.change ?? run.version}`, outcome, took, asked?.actor ?? "", dim(why.slice(0, 160))]
}
