// conveyor change pause and resume: a person's hand on a backfill.
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { askerOf, globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { changeLines } from "./status.ts"

export function addPause(change: Command): void {
  addSwitch(
    change,
    "pause",
    "Stops the change's backfill before its next batch, on every shard, until it is resumed. Both versions go on serving.",
  )
}

export function addResume(change: Command): void {
  addSwitch(change, "resume", "Lets a paused backfill go on from the row where it stopped.")
}

function addSwitch(change: Command, name: "pause" | "resume", description: string): void {
  const command: Command = change
    .command(name)
    .description(description)
    .argument("<change>", "the change's file name without its ending")
    .action(async (of: string) => {
      const { state, json } = globalOptions(command)
      const status = await new Client(await controlPlaneOf(state)).ask(`${name}Change`, { params: { name: of }, input: askerOf(command) })
      if (json) printJson(status)
      else for (const line of changeLines([status])) print(line)
    })
}
