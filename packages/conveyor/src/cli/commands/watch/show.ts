// conveyor watch show: one incident with its timeline, also as a report to be written down.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { incidentLines } from "../../render/incident-story.ts"
import { postMortem } from "../../render/post-mortem.ts"

export function addShowIncident(watch: Command): void {
  const command: Command = watch
    .command("show")
    .summary("one incident, with its timeline")
    .description("What was seen, what was changed before it, who was told and who saw to it, line by line.")
    .argument("<incident>", "its number")
    .option("--markdown", "as a post-mortem in Markdown, to be finished by hand")
    .action(async (id: string, { markdown }: { markdown?: true }) => {
      const { state, json } = globalOptions(command)
      const story = await new Client(await controlPlaneOf(state)).ask("incident", { params: { id } })
      if (json) return printJson(story)
      for (const line of markdown === true ? postMortem(story) : incidentLines(story)) print(line)
    })
}
