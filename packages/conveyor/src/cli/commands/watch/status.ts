// conveyor watch status: every check, what is open, who could not be told.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { watchRows } from "../../render/watch-rows.ts"

export function addStatus(watch: Command): void {
  const command: Command = watch
    .command("status")
    .summary("every check, and what is open")
    .description("How each check stands and since when, the incidents that are open, the silences that last, and what could not be told.")
    .action(async () => {
      const { state, json } = globalOptions(command)
      const report = await new Client(await controlPlaneOf(state)).ask("watch")
      if (json) return printJson(report)
      for (const line of watchRows(report, Date.now())) print(line)
    })
}
