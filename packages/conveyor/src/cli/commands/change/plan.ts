// conveyor change plan: the exact SQL of the work tree's changes on every shard, changing nothing.
import type { Command } from "commander"
import { configFileName } from "../../../config/load-config.ts"
import { systemClock } from "../../../kernel/time/clock.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { plannedLines } from "../../render/planned-lines.ts"
import { workingChanges } from "./working-changes.ts"

export function addPlan(change: Command): void {
  const command: Command = change
    .command("plan")
    .summary("show the exact SQL on every shard, changing nothing")
    .description(
      "Asks every shard how far it has come, and shows each statement that is left with its lock, its estimated time and its disk.\nReads the work tree; needs no control plane.",
    )
    .option("--config <file>", "the conveyor.yml whose changes are meant", configFileName)
    .action(async (options: { config: string }) => {
      const { json } = globalOptions(command)
      const [{ silentLogger }, { openFleet }] = await Promise.all([
        import("../../../kernel/logger.ts"),
        import("../../../wiring/wiring.ts"),
      ])
      const { config, root, changes } = await workingChanges(options.config)
      const engine = openFleet(config, root, systemClock, silentLogger)
      try {
        const statements = await engine.plan(changes, new AbortController().signal)
        if (json) printJson(statements)
        else for (const line of plannedLines(statements)) print(line)
      } finally {
        await engine.close()
      }
    })
}
