// conveyor show: one run, step by step.
import type { Command } from "commander"
import { formatDuration } from "../../kernel/time/duration.ts"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import type { RunReport, StepReport } from "../../server/protocol/runs.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { bold, columns, dim } from "../render/paint.ts"
import { runRows, toldWords } from "../render/run-rows.ts"
import { warmUpLines } from "../render/warm-up-lines.ts"
import { stepMarks } from "../render/run-view.ts"

export function addShow(program: Command): void {
  const command: Command = program
    .command("show")
    .summary("one run, step by step")
    .description("What was asked for and by whom, how far each step is and how long it took, and why it ended as it did.")
    .argument("<run>", "the number of the run, as conveyor status and conveyor history show it")
    .action(async (id: string) => {
      const { state, json } = globalOptions(command)
      const run = await new Client(await controlPlaneOf(state)).ask("run", { params: { id } })
      if (json) printJson(run)
      else for (const line of linesOf(run)) print(line)
    })
}

function* linesOf(run: RunReport): Generator<string> {
  yield* runRows([run])
  yield ""
  yield* columns(run.steps.map((step) => [`  ${stepMarks[step.state]}`, bold(step.name), timeOf(step), dim(step.holding ?? "")]))
  yield* warmUpLines(run.steps)
  const told = toldWords(run)
  if (told !== undefined) yield `\n${told}`
  if (run.reason !== undefined) yield `\n${run.reason}`
  if (run.requests.length > 0) yield ""
  for (const { at, action, actor = "somebody without a name", reason } of run.requests) {
    yield dim(`  ${new Date(at).toISOString()}  ${action} by ${actor}${reason === undefined ? "" : `: ${reason}`}`)
  }
}

function timeOf({ state, startedAt, ms }: StepReport): string {
  if (ms !== undefined) return formatDuration(ms)
  return startedAt === undefined || state === "pending" ? "" : `since ${formatDuration(Date.now() - startedAt)}`
}
