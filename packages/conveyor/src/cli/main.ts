#!/usr/bin/env node
// The `conveyor` command. The only place that turns errors into text and exit codes: 0 done, 1 not done, 2 asked wrongly.
import { Command, CommanderError } from "commander"
import { ConveyorError, describe } from "../kernel/errors.ts"
import { addChangeCommands } from "./commands/change/change.ts"
import { addDown } from "./commands/down.ts"
import { addInit } from "./commands/init.ts"
import { addLogs } from "./commands/logs.ts"
import { addPlan } from "./commands/plan.ts"
import { addRelease } from "./commands/release.ts"
import { addRetire } from "./commands/retire.ts"
import { addRollback } from "./commands/rollback.ts"
import { addServe } from "./commands/serve.ts"
import { addStatus } from "./commands/status.ts"
import { addUp } from "./commands/up.ts"
import { globalOptions } from "./options.ts"
import { failure } from "./render/failure.ts"

const program = new Command("conveyor")
  .description("Carries a commit to every user of a service that may never close.")
  .option("--state <directory>", "where the installation keeps its state", ".conveyor")
  .option("--json", "print one JSON document instead of text")
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText(
    "after",
    `
First steps:
  conveyor init                 write an annotated conveyor.yml
  conveyor up                   start the control plane and the edge
  git remote add conveyor .conveyor/repository.git
  git push conveyor main        build, test and release the commit
  conveyor status               see what serves

Exit codes: 0 done, 1 not done (the reason is printed), 2 asked wrongly.`,
  )

for (const add of [addInit, addUp, addRelease, addStatus, addPlan, addRollback, addRetire, addChangeCommands, addLogs, addDown, addServe])
  add(program)

try {
  await program.parseAsync()
} catch (thrown) {
  process.exitCode = exitCodeOf(thrown)
}

function exitCodeOf(thrown: unknown): number {
  // Commander has printed its own words already; asking for help is no mistake.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2
  const { json } = globalOptions(program)
  if (json && thrown instanceof ConveyorError) {
    const { code, message, hint, facts } = thrown
    process.stdout.write(`${JSON.stringify({ error: { code, message, hint, facts } })}\n`)
  } else {
    process.stderr.write(
      failure(thrown instanceof ConveyorError ? thrown : new ConveyorError("unexpected", describe(thrown), { cause: thrown })),
    )
  }
  return 1
}
