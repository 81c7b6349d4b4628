// conveyor plan: what a release would do, changing nothing.
import type { Command } from "commander"
import { formatDuration } from "../../kernel/time/duration.ts"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import type { PlanReport } from "../../server/protocol/reports.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { bold, columns, dim } from "../render/paint.ts"

export function addPlan(program: Command): void {
  const command: Command = program
    .command("plan")
    .summary("show what a release would do, changing nothing")
    .description("Every step, and every statement on every shard with its lock and its estimated time.")
    .argument("[revision]", "a commit, a branch or a version", "main")
    .option("--sql", "show the statements in full")
    .action(async (revision: string, { sql }: { sql?: boolean }) => {
      await showPlan(command, revision, sql === true ? "in-full" : "first-line")
    })
}

type Statements = "in-full" | "first-line"

/** Also for `conveyor release --dry-run`. */
export async function showPlan(command: Command, revision: string, statements: Statements): Promise<void> {
  const { state, json } = globalOptions(command)
  const plan = await new Client(await controlPlaneOf(state)).ask("plan", { input: { revision } })
  if (json) printJson(plan)
  else for (const line of planLines(plan, statements)) print(line)
}

function* planLines(plan: PlanReport, statements: Statements): Generator<string> {
  yield `${bold(`release ${plan.version ?? "a new version"}`)} ${dim(plan.commit.slice(0, 8))} ${plan.subject}`
  yield* columns(plan.steps.map(({ step, does }) => [`  ${step}`, does]))
  if (plan.statements.length === 0) return
  yield ""
  yield* columns([
    ["shard", "phase", "lock", "about", "statement"].map(dim),
    ...plan.statements.map(({ shard, phase, lock, estimatedMs, sql }) => [
      shard,
      phase,
      lock,
      formatDuration(estimatedMs),
      statements === "in-full" ? sql : firstLine(sql),
    ]),
  ])
}

function firstLine(sql: string): string {
  const line = sql.trim().replaceAll(/\s+/g, " ")
  return line.length > 90 ? `${line.slice(0, 89)}…` : line
}
