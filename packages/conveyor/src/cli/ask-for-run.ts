// What release, rollback and contract have in common: ask for a run, follow it, say how it ended.
import type { Command } from "commander"
import type { ReleaseRecord } from "../store/records.ts"
import { controlPlaneOf } from "../server/state-directory.ts"
import { Client } from "./client.ts"
import { follow } from "./follow.ts"
import { globalOptions } from "./options.ts"
import { printJson } from "./print.ts"
import { createRunView, silentView } from "./render/run-view.ts"

export interface RunRequest {
  path: string
  body: object
  whenAsked: "follow" | "leave"
}

export async function askForRun(command: Command, { path, body, whenAsked }: RunRequest): Promise<void> {
  const { state, json } = globalOptions(command)
  const asked = await new Client(await controlPlaneOf(state)).post<ReleaseRecord>(path, body)
  if (whenAsked === "leave") {
    if (json) printJson(asked)
    return
  }
  const report = await follow(state, asked.id, json ? silentView : createRunView(process.stdout))
  if (json) printJson(report)
  if (report.state !== "promoted") process.exitCode = 1
}
