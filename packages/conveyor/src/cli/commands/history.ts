// conveyor history: the runs of the past, a page at a time.
import type { Command } from "commander"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { dim } from "../render/paint.ts"
import { runRows } from "../render/run-rows.ts"

export function addHistory(program: Command): void {
  const command: Command = program
    .command("history")
    .summary("the runs of the past, the newest first")
    .description("Every run that was asked for, the newest first: what it was, how it ended, who asked, and why.")
    .option("-n, --limit <count>", "how many, at most 500", "20")
    .option("--before <run>", "those before this run: the number that the page before ends with")
    .action(async (options: { limit: string; before?: string }) => {
      const { state, json } = globalOptions(command)
      const runs = await new Client(await controlPlaneOf(state)).ask("runs", { input: options })
      if (json) return printJson(runs)
      const last = runs.at(-1)
      if (last === undefined) return print("no run yet, or none before that one")
      for (const line of runRows(runs)) print(line)
      if (last.id > 1) print(dim(`older: conveyor history --before ${last.id}`))
    })
}
