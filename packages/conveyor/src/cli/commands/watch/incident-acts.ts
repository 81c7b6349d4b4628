// conveyor watch ack, comment and close: what a person does about an incident.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { askerOf, globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { incidentRows } from "../../render/watch-rows.ts"
import type { IncidentReport } from "../../../server/protocol/watch.ts"

export function addAcknowledge(watch: Command): void {
  const command: Command = watch
    .command("ack")
    .summary("say that you see to an incident")
    .description("Nobody else is called for it then. Who you are is --actor, or the user of this machine.")
    .argument("<incident>", "its number")
    .action((id: string) => tell(command, (client) => client.ask("acknowledge", { params: { id }, input: askerOf(command) })))
}

export function addComment(watch: Command): void {
  const command: Command = watch
    .command("comment")
    .summary("add to an incident's timeline")
    .description("What you know of it, in one line; with --cause, why it came, which its report names.")
    .argument("<incident>", "its number")
    .argument("<text...>", "what you know")
    .option("--cause", "it is the cause")
    .action((id: string, text: string[], { cause }: { cause?: true }) =>
      tell(command, (client) =>
        client.ask("comment", {
          params: { id },
          input: { ...askerOf(command), text: text.join(" "), kind: cause === true ? "cause" : "comment" },
        }),
      ),
    )
}

export function addClose(watch: Command): void {
  const command: Command = watch
    .command("close")
    .summary("close an incident by hand")
    .description("It closes by itself once its check is fine again. Where the check is still bad, the next findings open another.")
    .argument("<incident>", "its number")
    .action((id: string) => tell(command, (client) => client.ask("closeIncident", { params: { id }, input: askerOf(command) })))
}

async function tell(command: Command, ask: (client: Client) => Promise<IncidentReport>): Promise<void> {
  const { state, json } = globalOptions(command)
  const incident = await ask(new Client(await controlPlaneOf(state)))
  if (json) return printJson(incident)
  for (const line of incidentRows([incident], Date.now())) print(line)
}
