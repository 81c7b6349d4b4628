// conveyor change: schema changes on the fleet.
import type { Command } from "commander"
import type { ChangeStatus } from "../../change/engine.ts"
import { controlPlaneOf } from "../../server/state-directory.ts"
import { askForRun } from "../ask-for-run.ts"
import { Client } from "../client.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { bold, dim, green, yellow } from "../render/paint.ts"
import { shardLines } from "../render/run-view.ts"

export function addChangeCommands(program: Command): void {
  const change = program
    .command("change")
    .summary("see and finish schema changes")
    .description("Schema changes on every shard of the fleet.")
  addStatus(change)
  addContract(change)
}

function addStatus(change: Command): void {
  const command: Command = change
    .command("status")
    .description("How far each change has come on each shard.")
    .action(async () => {
      const { state, json } = globalOptions(command)
      const statuses = await new Client(await controlPlaneOf(state)).get<ChangeStatus[]>("/changes")
      if (json) printJson(statuses)
      else for (const line of changeLines(statuses)) print(line)
    })
}

function addContract(change: Command): void {
  const command: Command = change
    .command("contract")
    .summary("drop what a change has made unused")
    .description(
      "Drops the old columns of a change, the canary shard first. Refused, with every reason, while a version that uses them\n" +
        "runs, is kept warm or has a page open, or while a query that reads them was seen. There is no way back.",
    )
    .argument("<change>", "the change's file name without its ending")
    .option("--no-follow", "only ask for it")
    .action(async (name: string, options: { follow: boolean }) => {
      await askForRun(command, { path: "/contracts", body: { change: name }, whenAsked: options.follow ? "follow" : "leave" })
    })
}

const contractWords: Readonly<Record<ChangeStatus["contract"], string>> = {
  none: dim("nothing to contract"),
  pending: yellow("old columns kept for rollback"),
  begun: yellow("contract under way"),
  done: dim("contracted"),
}

function* changeLines(statuses: readonly ChangeStatus[]): Generator<string> {
  if (statuses.length === 0) yield dim("no change is known yet")
  for (const status of statuses) {
    yield `${bold(status.change)}  ${status.isReady ? green("ready") : yellow("not ready")}  ${contractWords[status.contract]}`
    yield* shardLines(status.shards.map((shard) => ({ ...shard, change: status.change })))
  }
}
