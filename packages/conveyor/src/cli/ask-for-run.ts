// What release, rollback and contract have in common: a run was asked for, follow it, say how it ended.
import type { Command } from "commander"
import { kindOf, knownCode } from "../kernel/error-catalogue.ts"
import { controlPlaneOf } from "../server/state-directory.ts"
import type { Run, RunReport } from "../server/protocol/runs.ts"
import { Client } from "./client.ts"
import { globalOptions } from "./options.ts"
import { printJson } from "./print.ts"

export interface RunRequest {
  ask: (client: Client) => Promise<Run>
  whenAsked: "follow" | "leave"
}

export async function askForRun(command: Command, { ask, whenAsked }: RunRequest): Promise<void> {
  const { state, json } = globalOptions(command)
  const asked = await ask(new Client(await controlPlaneOf(state)))
  if (whenAsked === "leave") {
    if (json) printJson(asked)
    return
  }
  const [{ follow }, { createRunView, silentView }] = await Promise.all([import("./follow.ts"), import("./render/run-view.ts")])
  const report = await follow(state, asked.id, json ? silentView : createRunView(process.stdout))
  if (json) printJson(report)
  if (report.state !== "promoted") process.exitCode = exitOf(report)
}

/** As for any other error: a release that met a full disk may be tried again, one whose tests fail may not. */
function exitOf({ steps }: RunReport): number {
  const code = steps.find(({ facts }) => typeof facts?.["code"] === "string")?.facts?.["code"]
  return typeof code === "string" ? kindOf(knownCode(code)).exit : 1
}
