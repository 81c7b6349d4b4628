// conveyor change: schema changes on the fleet, from the file to the contract.
import type { Command } from "commander"
import { addAbort } from "./abort.ts"
import { addContract } from "./contract.ts"
import { addLint } from "./lint.ts"
import { addNew } from "./new.ts"
import { addPause, addResume } from "./pause.ts"
import { addPlan } from "./plan.ts"
import { addRepack } from "./repack.ts"
import { addStatus } from "./status.ts"

export function addChangeCommands(program: Command): void {
  const change = program
    .command("change")
    .summary("write, see and finish schema changes")
    .description("Schema changes: files in the repository, and how far each has come on every shard of the fleet.")
  for (const add of [addNew, addLint, addPlan, addStatus, addPause, addResume, addAbort, addContract, addRepack]) add(change)
}
