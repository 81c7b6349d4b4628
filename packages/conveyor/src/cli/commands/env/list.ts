// conveyor env list: names of what is set by hand.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import type { EnvironmentReport } from "../../../server/protocol/environment.ts"
import { Client } from "../../client.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"

export function addList(env: Command): void {
  const command: Command = env
    .command("list")
    .description("Names of the variables that are set, and never their values.")
    .action(async () => {
      const { state, json } = globalOptions(command)
      const report = await new Client(await controlPlaneOf(state)).ask("environment")
      if (json) printJson(report)
      else for (const line of environmentLines(report)) print(line)
    })
}

function environmentLines({ all, services }: EnvironmentReport): string[] {
  const own = Object.entries(services).flatMap(([service, names]) => names.map((name) => `${name} (${service})`))
  const lines = [...all, ...own].toSorted()
  return lines.length === 0 ? ["nothing is set"] : lines
}
