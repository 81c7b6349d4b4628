// conveyor change repack: gives back the room of what a contract dropped.
import type { Command } from "commander"
import { askForRun, withFollowing } from "../../ask-for-run.ts"
import type { FollowingOptions } from "../../ask-for-run.ts"
import { askerOf } from "../../options.ts"

export function addRepack(change: Command): void {
  const command: Command = withFollowing(change.command("repack"))
    .summary("give back the room of what was dropped")
    .description(
      "Writes the rows anew that still carry dropped columns, in batches beside the users and as carefully as a backfill, so that\n" +
        "their room can be used again. Needed only where a contract dropped much.",
    )
    .argument("<change>", "the contracted change's file name without its ending")
    .action(async (name: string, options: FollowingOptions) => {
      await askForRun(command, {
        ask: (client) => client.ask("repackChange", { params: { name }, input: askerOf(command) }),
        options,
      })
    })
}
