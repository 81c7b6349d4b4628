// conveyor env: variables of copies that are set by hand, beside those of conveyor.yml.
import type { Command } from "commander"
import { addList } from "./list.ts"
import { addSet, addUnset } from "./set.ts"

export function addEnvCommands(program: Command): void {
  const env = program
    .command("env")
    .summary("set variables of copies without a commit")
    .description(
      "Variables that copies get besides those of conveyor.yml, and before them. They are kept in the state directory for its\n" +
        "owner alone, and never shown. A change is part of the next release: conveyor release makes it a version of its own.",
    )
  for (const add of [addSet, addUnset, addList]) add(env)
}
