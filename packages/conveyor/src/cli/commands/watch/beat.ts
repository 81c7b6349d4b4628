// conveyor watch beat: what has to report by itself says that it has run.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { askerOf, globalOptions } from "../../options.ts"
import { printJson } from "../../print.ts"

export function addBeat(watch: Command): void {
  const command: Command = watch
    .command("beat")
    .summary("say that a heartbeat's job has run")
    .description("For the last line of a nightly job: says nothing where it was heard. The name is a heartbeat's under watch.checks.")
    .argument("<name>", "the heartbeat's name")
    .action(async (name: string) => {
      const { state, json } = globalOptions(command)
      const heard = await new Client(await controlPlaneOf(state)).ask("beat", { params: { name }, input: askerOf(command) })
      if (json) printJson(heard)
    })
}
