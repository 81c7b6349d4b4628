// conveyor cancel: takes a run back.
import type { Command } from "commander"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { askerOf, globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"

export function addCancel(program: Command): void {
  const command: Command = program
    .command("cancel")
    .summary("take back a run that is queued or under way")
    .description(
      "A queued run is never begun. One that is under way stops where it is and goes back to where it began, undoing what it\n" +
        "has done. One that was promoted already is not taken back so: conveyor rollback.",
    )
    .argument("<run>", "the number of the run, as conveyor status shows it")
    .action(async (id: string) => {
      const { state, json } = globalOptions(command)
      const run = await new Client(await controlPlaneOf(state)).ask("cancel", { params: { id }, input: askerOf(command) })
      if (json) printJson(run)
      else print(run.state === "cancelled" ? `run ${id} is cancelled` : `run ${id} goes back; conveyor show ${id} tells how it ends`)
    })
}
