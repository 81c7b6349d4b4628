// conveyor run and exec: one command with all that an application has, in a process of its own or beside a copy.
import { InvalidArgumentError } from "commander"
import type { Command } from "commander"
import { parseDuration } from "../../kernel/time/duration.ts"
import { controlPlaneOf } from "../../server/installation/state-directory.ts"
import { askerOf, globalOptions } from "../options.ts"
import { commandLine, follow } from "../one-off.ts"

const words =
  "Its output is shown as it comes, and its exit code is this command's. It ends with this command (Ctrl-C), with the control plane,\n" +
  "and after --timeout. It reads nothing: there is no console."

interface Options {
  service?: string
  at?: string
  timeout: number
}

export function addRun(program: Command): void {
  const command: Command = program
    .command("run")
    .summary("run one command with the artifact and the environment of a version")
    .description(`Runs a command in a process of its own, as what a service's copies are started from. ${words}`)
    .argument("<command...>", "after --, such as: conveyor run -- node scripts/tidy.js; one in quotes may have pipes")
    .option("--service <name>", "whose environment; needed where there are several services")
    .option("--at <version>", "of this version, such as v42; default: the current one")
    .option("--timeout <time>", "how long it may take", time, time("1h"))
    .action(async (argv: string[], { service, at, timeout }: Options) => {
      const asked = { ...askerOf(command), service, version: at, command: commandLine(argv), withinMs: timeout }
      const { state } = globalOptions(command)
      process.exitCode = await follow(await controlPlaneOf(state), asked)
    })
}

export function addExec(program: Command): void {
  const command: Command = program
    .command("exec")
    .summary("run one command beside a copy, as that copy")
    .description(`Runs a command where a copy runs, with all that the copy was started with. ${words}`)
    .argument("<copy>", "the copy's id, as conveyor status --json tells it")
    .argument("<command...>", "after --, such as: conveyor exec v2-web-0-1a2b3c4d -- env")
    .option("--timeout <time>", "how long it may take", time, time("1h"))
    .action(async (copy: string, argv: string[], { timeout }: Options) => {
      const asked = { ...askerOf(command), copy, command: commandLine(argv), withinMs: timeout }
      const { state } = globalOptions(command)
      process.exitCode = await follow(await controlPlaneOf(state), asked)
    })
}

function time(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && Number.isInteger(ms) && ms > 0 && ms <= 20 * 86_400_000) return ms
  throw new InvalidArgumentError("Write a duration up to 20d, such as 30s or 2h.")
}
