// conveyor change plan: the exact SQL of the work tree's changes on every shard, changing nothing.
import type { Command } from "commander"
import type { PlannedStatement } from "../../../change/engine.ts"
import { configFileName } from "../../../config/load-config.ts"
import { systemClock } from "../../../kernel/clock.ts"
import { formatDuration } from "../../../kernel/duration.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { bold, columns, dim } from "../../render/paint.ts"
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
        else for (const line of planLines(statements)) print(line)
      } finally {
        await engine.close()
      }
    })
}

function* planLines(statements: readonly PlannedStatement[]): Generator<string> {
  if (statements.length === 0) yield dim("nothing is left to do on any shard")
  for (const [shard, own] of Map.groupBy(statements, (statement) => statement.shard)) {
    yield bold(shard)
    for (const { phase, lock, estimatedMs, estimatedBytes, sql } of own) {
      yield* columns([
        [
          `  ${phase}`,
          `lock ${lock}`,
          `about ${formatDuration(estimatedMs)}`,
          estimatedBytes > 0 ? `${formatBytes(estimatedBytes)} of disk` : "",
        ],
      ]).map(dim)
      yield* sql.split("\n").map((line) => `    ${line}`)
    }
  }
}

const units = ["B", "kB", "MB", "GB", "TB"]

function formatBytes(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${Math.round(bytes / 1_000 ** power)} ${units[power] ?? "B"}`
}
