// conveyor jobs: what a schedule asks for, when it ran last and when it runs next.
import type { Command } from "commander"
import { formatDuration } from "../../kernel/time/duration.ts"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import type { JobReport } from "../../server/protocol/jobs.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { columns, dim, green, red, yellow } from "../render/paint.ts"

const runsOfOne = 20

export function addJobs(program: Command): void {
  const command: Command = program
    .command("jobs")
    .summary("scheduled jobs: when they ran last, and when they run next")
    .description("The scheduled jobs of the current version; with a name, the newest runs of one.")
    .argument("[name]", "only this job")
    .action(async (name: string | undefined) => {
      const { state, json } = globalOptions(command)
      const jobs = await new Client(await controlPlaneOf(state)).ask("jobs", { input: { runs: name === undefined ? 1 : runsOfOne } })
      const shown = jobs.filter((job) => name === undefined || job.name === name)
      if (json) return printJson(shown)
      if (shown.length === 0)
        return print(name === undefined ? "the current version has no jobs" : `the current version has no job ${name}`)
      for (const line of columns([["job", "schedule", "next", "last", "", ""].map(dim), ...shown.flatMap(rows)])) print(line)
    })
}

const paint = { queued: dim, running: dim, done: green, failed: red, interrupted: red, skipped: yellow } as const

function rows({ name, schedule, timeZone, next, runs }: JobReport): string[][] {
  const heads = [name, `${schedule} ${timeZone}`, next === undefined ? "never" : moment(next)]
  const told = runs.map(({ dueAt, state, startedAt, endedAt, reason, version }) => [
    moment(dueAt),
    paint[state](state),
    [
      version,
      startedAt === undefined || endedAt === undefined ? undefined : formatDuration(endedAt - startedAt),
      reason?.split("\n")[0]?.slice(0, 120),
    ]
      .filter((each) => each !== undefined)
      .join(", "),
  ])
  return told.length === 0 ? [[...heads, "not yet", "", ""]] : told.map((run, i) => [...(i === 0 ? heads : ["", "", ""]), ...run])
}

const moment = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z")
