// What release, rollback and contract have in common: a run is asked for and followed, and the exit code says how it ended.
import { InvalidArgumentError } from "commander"
import type { Command } from "commander"
import { parseDuration } from "../kernel/time/duration.ts"
import { controlPlaneOf } from "../server/installation/state-directory.ts"
import type { Run, RunReport } from "../server/protocol/runs.ts"
import { Client } from "./client.ts"
import { globalOptions } from "./options.ts"
import { exitCodes, exitOf, outcomeOf } from "./outcome.ts"
import { print, printJson } from "./print.ts"

export interface FollowingOptions {
  follow: boolean
  timeout?: number
}

/** The options of every command that asks for a run. */
export function withFollowing(command: Command): Command {
  return command
    .option("--wait", "follow it to its end; so it is unless --no-follow is given")
    .option("--no-follow", "only ask for it")
    .option("--timeout <duration>", "follow it no longer than that, such as 20m; it goes on", duration)
    .addHelpText(
      "after",
      `
Exit codes besides those of every command: 0 promoted, ${Object.entries(exitCodes)
        .slice(1)
        .map(([outcome, code]) => `${code} ${outcome}`)
        .join(", ")}.
Held waits for a person, unfinished goes on (both only with --timeout), unknown: the control plane does not answer.`,
    )
}

export interface RunRequest {
  ask: (client: Client) => Promise<Run>
  options: FollowingOptions
}

export async function askForRun(command: Command, { ask, options }: RunRequest): Promise<void> {
  const { state, json } = globalOptions(command)
  const asked = await ask(new Client(await controlPlaneOf(state)))
  if (!options.follow) {
    if (json) printJson(asked)
    else print(`run ${asked.id}: ${asked.kind} ${asked.change ?? asked.version}; conveyor show ${asked.id}`)
    return
  }
  const [{ follow }, { createRunView, silentView }] = await Promise.all([import("./follow.ts"), import("./render/run-view.ts")])
  const signal = options.timeout === undefined ? new AbortController().signal : AbortSignal.timeout(options.timeout)
  const report = await follow({ state, id: asked.id, view: json ? silentView : createRunView(process.stdout), signal })
  tell(report, json ? "json" : "text")
}

function tell(report: RunReport, as: "json" | "text"): void {
  const outcome = outcomeOf(report)
  process.exitCode = exitOf(report)
  if (as === "json") printJson({ ...report, outcome })
  else if (outcome === "held") print(`→ It waits for a person: conveyor promote ${report.version}, or conveyor rollback`)
  else if (outcome === "unfinished") print(`→ It goes on: conveyor show ${report.id}, or conveyor cancel ${report.id}`)
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError("Write a duration, such as 90s or 20m.")
}
