// conveyor watch ledger: for how much of the time each thing was up, and whether the goal was kept.
import { InvalidArgumentError } from "commander"
import type { Command } from "commander"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"
import { ledgerRows } from "../../render/ledger-rows.ts"

export function addLedger(watch: Command): void {
  const command: Command = watch
    .command("ledger")
    .summary("for how much of the time things were up")
    .description(
      "Up is told as a range: what nobody saw may have been either. Whether the goal was kept is said only where that could not change it.",
    )
    .argument("[check]", "of this check alone")
    .option("--days <count>", "so many days back from now", days, 30)
    .action(async (check: string | undefined, options: { days: number }) => {
      const { state, json } = globalOptions(command)
      const input = { days: String(options.days), ...(check !== undefined && { check }) }
      const uptimes = await new Client(await controlPlaneOf(state)).ask("ledger", { input })
      if (json) return printJson(uptimes)
      for (const line of ledgerRows(uptimes)) print(line)
    })
}

function days(text: string): number {
  const count = Number(text)
  if (count > 0 && count <= 400) return count
  throw new InvalidArgumentError("Write a number of days, up to 400.")
}
