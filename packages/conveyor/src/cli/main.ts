#!/usr/bin/env node
// The `conveyor` command. The only place that turns errors into text and exit codes: 0 done, and of what is not done the error catalogue says whose fault it is.
import { CommanderError } from "commander"
import { kindOf } from "../kernel/error-catalogue.ts"
import { ConveyorError, describe } from "../kernel/errors.ts"
import { globalOptions } from "./options.ts"
import { createProgram } from "./program.ts"
import { failure } from "./render/failure.ts"

const program = createProgram()

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
  return kindOf(thrown instanceof ConveyorError ? thrown.code : "unexpected").exit
}
