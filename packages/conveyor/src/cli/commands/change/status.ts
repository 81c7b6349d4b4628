// conveyor change status: how far each change has come on each shard.
import type { Command } from "commander"
import type { ChangeReport } from "../../../server/protocol/changes.ts"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { bold, dim, green, yellow } from "../../render/paint.ts"
import { shardLines } from "../../render/run-view.ts"

export function addStatus(change: Command): void {
  const command: Command = change
    .command("status")
    .description("How far each change has come on each shard, why a backfill waits, and what there is to contract.")
    .action(async () => {
      const { state, json } = globalOptions(command)
      const statuses = await new Client(await controlPlaneOf(state)).ask("changes")
      if (json) printJson(statuses)
      else for (const line of changeLines(statuses)) print(line)
    })
}

const readinessWords: Readonly<Record<ChangeReport["readiness"], string>> = {
  ready: green("ready"),
  "not-ready": yellow("not ready"),
  unknown: yellow("unknown: a shard does not answer"),
}

const contractWords: Readonly<Record<ChangeReport["contract"], string>> = {
  none: dim("nothing to contract"),
  pending: yellow("old columns kept for rollback"),
  begun: yellow("contract under way"),
  done: dim("contracted"),
  unknown: yellow("whether it is contracted is unknown"),
}

export function* changeLines(statuses: readonly ChangeReport[]): Generator<string> {
  if (statuses.length === 0) yield dim("no change is known yet")
  for (const status of statuses) {
    yield `${bold(status.change)}  ${readinessWords[status.readiness]}  ${contractWords[status.contract]}`
    yield* shardLines(status.shards.map((shard) => ({ ...shard, change: status.change })))
  }
}
