// conveyor rollback: the version before, or a named one, serves again.
import type { Command } from "commander"
import { askForRun, withFollowing } from "../ask-for-run.ts"
import type { FollowingOptions } from "../ask-for-run.ts"
import { askerOf } from "../options.ts"

export function addRollback(program: Command): void {
  const command: Command = withFollowing(program.command("rollback"))
    .summary("let an earlier version serve again")
    .description(
      "Switches back to the version that was current before, or to the one named. A warm version serves within a second;\n" +
        "one whose rollback window has closed is started first. Nothing that the newer version wrote is lost. Refused where a\n" +
        "contracted change has taken away what the earlier version reads.",
    )
    .argument("[version]", "the version to go back to; default: the one before the current")
    .action(async (version: string | undefined, options: FollowingOptions) => {
      await askForRun(command, {
        ask: (client) => client.ask("rollback", { input: { to: version, ...askerOf(command) } }),
        options,
      })
    })
}
