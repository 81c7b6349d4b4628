// conveyor watch incidents: those of the past, a page at a time.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { dim } from "../../render/paint.ts"
import { incidentRows } from "../../render/watch-rows.ts"

export function addIncidents(watch: Command): void {
  const command: Command = watch
    .command("incidents")
    .summary("incidents, the newest first")
    .description("Every incident, the newest first: what it was, how long it lasted, who saw to it.")
    .option("-n, --limit <count>", "how many, at most 500", "20")
    .option("--before <incident>", "those before this one: the number that the page before ends with")
    .action(async (options: { limit: string; before?: string }) => {
      const { state, json } = globalOptions(command)
      const incidents = await new Client(await controlPlaneOf(state)).ask("incidents", { input: options })
      if (json) return printJson(incidents)
      const last = incidents.at(-1)
      if (last === undefined) return print("no incident yet, or none before that one")
      for (const line of incidentRows(incidents, Date.now())) print(line)
      if (last.id > 1) print(dim(`older: conveyor watch incidents --before ${last.id}`))
    })
}
