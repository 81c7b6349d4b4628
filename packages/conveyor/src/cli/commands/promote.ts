// conveyor promote: a person takes a version that bakes as it is, whatever is known of it.
import type { Command } from "commander"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { askerOf, globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"

export function addPromote(program: Command): void {
  const command: Command = program
    .command("promote")
    .summary("take a version that bakes as it is")
    .description(
      "Ends the bake of a version with your word for it: for one that is held, because hardly anybody uses it or because nobody\n" +
        "can say whose its failures are. Who said so is kept in the journal. To take it back instead: conveyor rollback.",
    )
    .argument("<version>", "the version that bakes, such as v42")
    .action(async (version: string) => {
      const { state, json } = globalOptions(command)
      const client = new Client(await controlPlaneOf(state))
      const release = await client.ask("promote", { params: { name: version }, input: askerOf(command) })
      if (json) printJson(release)
      else print(`${version} is taken as it is; conveyor status shows the end of its run`)
    })
}
