// conveyor change contract: drops what a change has made unused.
import type { Command } from "commander"
import { askForRun, withFollowing } from "../../ask-for-run.ts"
import type { FollowingOptions } from "../../ask-for-run.ts"
import { askerOf } from "../../options.ts"

export function addContract(change: Command): void {
  const command: Command = withFollowing(change.command("contract"))
    .summary("drop what a change has made unused")
    .description(
      "Drops the old columns of a change, the canary shard first. Refused, with every reason, while a version that uses them\n" +
        "runs, is kept warm or has a page open, or while a query that reads them was seen. There is no way back.",
    )
    .argument("<change>", "the change's file name without its ending")
    .action(async (name: string, options: FollowingOptions) => {
      await askForRun(command, {
        ask: (client) => client.ask("contract", { input: { change: name, ...askerOf(command) } }),
        options,
      })
    })
}
