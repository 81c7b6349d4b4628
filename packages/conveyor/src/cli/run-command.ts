// A command from its arguments to its exit code. Loaded by main.ts. The only place that turns errors into text and exit codes: 0 done, and of what is not done the error catalogue says whose fault it is.
// What became of a run is in outcome.ts.
import { CommanderError } from "commander"
import { kindOf } from "../kernel/errors/error-catalogue.ts"
import { ConveyorError, describe } from "../kernel/errors/errors.ts"
import { exitCodes } from "./outcome.ts"
import { globalOptions } from "./options.ts"
import { outliveClosedOutput } from "./output.ts"
import { createProgram } from "./program.ts"
import { printJson } from "./print.ts"
import { failure } from "./render/failure.ts"

const program = createProgram()

export async function runCommand(): Promise<void> {
  outliveClosedOutput([process.stdout, process.stderr], (cause) => {
    process.stderr.write(failure(new ConveyorError("cannot-write", `what was to be shown cannot be written: ${describe(cause)}`)))
    process.exitCode = kindOf("cannot-write").exit
  })

  try {
    await program.parseAsync()
  } catch (thrown) {
    process.exitCode = exitCodeOf(thrown)
  }
}

function exitCodeOf(thrown: unknown): number {
  // Commander has printed its own words already; asking for help is no mistake.
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode !== 0 && process.argv.includes("--json")) printError(wronglyAsked(thrown))
    return thrown.exitCode === 0 ? 0 : 2
  }
  const { json } = globalOptions(program)
  if (json && thrown instanceof ConveyorError) {
    printError(thrown)
  } else {
    process.stderr.write(
      failure(thrown instanceof ConveyorError ? thrown : new ConveyorError("unexpected", describe(thrown), { cause: thrown })),
    )
  }
  if (thrown instanceof ConveyorError && thrown.code === "unknown-outcome") return exitCodes.unknown
  return kindOf(thrown instanceof ConveyorError ? thrown.code : "unexpected").exit
}

function printError({ code, message, hint, facts }: ConveyorError): void {
  printJson({ error: { code, message, hint, facts } })
}

function wronglyAsked({ message }: CommanderError): ConveyorError {
  const hint = "conveyor --help lists the commands, and each has a --help of its own."
  return new ConveyorError("bad-options", message.replace(/^error: /, ""), { hint })
}
