// conveyor release: carries a commit, or a version that was released before, to the users.
import type { Command } from "commander"
import { askForRun, withFollowing } from "../ask-for-run.ts"
import type { FollowingOptions } from "../ask-for-run.ts"
import { askerOf } from "../options.ts"
import { showPlan } from "./plan.ts"

export function addRelease(program: Command): void {
  const command: Command = withFollowing(program.command("release"))
    .summary("carry a commit to the users")
    .description(
      "Builds, tests and releases a commit that was pushed, and follows it. A version that was released before (v42) is\n" +
        "released again from the artifact it has. Stopping this command does not stop the release.",
    )
    .argument("[revision]", "a commit, a branch or a version", "main")
    .option("--branch <name>", "the branch that was pushed: this takes the place of its older pushes that still wait")
    .option("--dry-run", "say what it would do, as conveyor plan does, and change nothing")
    .action(async (revision: string, { branch, dryRun, ...options }: FollowingOptions & { branch?: string; dryRun?: boolean }) => {
      if (dryRun === true) return showPlan(command, revision, "first-line")
      await askForRun(command, {
        ask: (client) => client.ask("release", { input: { revision, ...(branch !== undefined && { branch }), ...askerOf(command) } }),
        options,
      })
    })
}
