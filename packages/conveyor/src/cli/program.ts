// The `conveyor` command with all its commands, their options and their help. Made by main.ts, which runs it. A command
// imports what is heavy only when it is carried out, so that the others start at once.
import { Command, InvalidArgumentError } from "commander"
import { addChangeCommands } from "./commands/change/change.ts"
import { addCancel } from "./commands/cancel.ts"
import { addDoctor } from "./commands/doctor.ts"
import { addCertificates } from "./commands/certificates.ts"
import { addDown } from "./commands/down.ts"
import { addEnvCommands } from "./commands/env/env.ts"
import { addHistory } from "./commands/history.ts"
import { addInit } from "./commands/init.ts"
import { addJobs } from "./commands/jobs.ts"
import { addLogs } from "./commands/logs.ts"
import { addPlan } from "./commands/plan.ts"
import { addPromote } from "./commands/promote.ts"
import { addRelease } from "./commands/release.ts"
import { addRetire } from "./commands/retire.ts"
import { addRollback } from "./commands/rollback.ts"
import { addExec, addRun } from "./commands/run.ts"
import { addServe } from "./commands/serve.ts"
import { addService } from "./commands/service.ts"
import { addShow } from "./commands/show.ts"
import { addStatus } from "./commands/status.ts"
import { addSupervise } from "./commands/supervise.ts"
import { addUp } from "./commands/up.ts"
import { addWatchCommands } from "./commands/watch/watch.ts"
import { programVersion } from "../server/installation/program-version.ts"

export function createProgram(): Command {
  const program = new Command("conveyor")
    .version(programVersion, "--version", "print the version")
    .description("Carries a commit to every user of a service that may never close.")
    .option("--state <directory>", "where the installation keeps its state", folder, ".conveyor")
    .option("--json", "print one JSON document instead of text")
    .option("--reason <text>", "why you ask, kept with what is done")
    .option("--actor <name>", "who asks, kept with what is done; default: the user of this machine")
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      `
First steps:
  conveyor init                 write an annotated conveyor.yml
  conveyor doctor               see what would fail here
  conveyor up                   start the control plane and the edge
  git remote add conveyor .conveyor/repository.git
  git push conveyor main        build, test and release the commit
  conveyor status               see what serves

Exit codes: 0 done, 1 not done (the reason is printed), 2 asked wrongly, 3 something around is in the way (a disk, a
database, a port; no control plane), 4 a fault of the conveyor itself. Those of a run are in conveyor release --help.`,
    )

  for (const add of [
    addInit,
    addDoctor,
    addUp,
    addRelease,
    addStatus,
    addHistory,
    addShow,
    addPlan,
    addPromote,
    addRollback,
    addRetire,
    addCancel,
    addCertificates,
    addChangeCommands,
    addJobs,
    addEnvCommands,
    addLogs,
    addRun,
    addExec,
    addWatchCommands,
    addDown,
    addServe,
    addSupervise,
    addService,
  ])
    add(program)
  return program
}

/** A variable that is not set, in a script, is not the folder that one stands in. */
function folder(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Name a directory.")
  return text
}
