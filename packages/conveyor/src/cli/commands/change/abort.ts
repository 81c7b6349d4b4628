// conveyor change abort: takes an expanded change away again.
import type { Command } from "commander"
import { askForRun, withFollowing } from "../../ask-for-run.ts"
import type { FollowingOptions } from "../../ask-for-run.ts"
import { askerOf } from "../../options.ts"

export function addAbort(change: Command): void {
  const command: Command = withFollowing(change.command("abort"))
    .summary("take an expanded change away again")
    .description(
      "Takes away what a change has added: triggers, new columns, new tables. A release that is bringing it goes back first.\n" +
        "Refused while a version that needs the change can still serve, and once anything of it is contracted.",
    )
    .argument("<change>", "the change's file name without its ending")
    .action(async (name: string, options: FollowingOptions) => {
      await askForRun(command, {
        ask: (client) => client.ask("abortChange", { params: { name }, input: askerOf(command) }),
        options,
      })
    })
}
