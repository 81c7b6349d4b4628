// conveyor env set and unset: variables of copies, from the command line, a file or what comes in.
import { readFile } from "node:fs/promises"
import { text as textOf } from "node:stream/consumers"
import type { Command } from "commander"
import { ConveyorError, describe } from "../../../kernel/errors/errors.ts"
import { controlPlaneOf } from "../../../server/installation/state-directory.ts"
import { Client } from "../../client.ts"
import { askerOf, globalOptions } from "../../options.ts"
import { print, printJson } from "../../print.ts"

interface Change {
  set?: Record<string, string>
  unset?: string[]
}

export function addSet(env: Command): void {
  const command: Command = env
    .command("set")
    .description(
      "Sets variables of copies: NAME=value for each, or one NAME with its value in a file. What stands on a command line can be\n" +
        "seen by others on this machine while the command runs: give a secret by --from-file.",
    )
    .argument("<variables...>", "NAME=value, or one NAME with --from-file")
    .option("--service <name>", "for copies of this service alone")
    .option("--from-file <path>", "where the value stands; - reads what comes in. One line end at its end is left out")
    .action(async (given: string[], options: { service?: string; fromFile?: string }) => {
      await change(command, options.service, { set: await valuesOf(given, options.fromFile) })
    })
}

export function addUnset(env: Command): void {
  const command: Command = env
    .command("unset")
    .description("Takes variables away that were set: copies of the next release get what conveyor.yml says.")
    .argument("<names...>", "the variables, as conveyor env list names them")
    .option("--service <name>", "of copies of this service alone")
    .action(async (names: string[], { service }: { service?: string }) => change(command, service, { unset: names }))
}

async function change(command: Command, service: string | undefined, what: Change): Promise<void> {
  const { state, json } = globalOptions(command)
  const client = new Client(await controlPlaneOf(state))
  const report = await client.ask("changeEnvironment", {
    input: { ...what, ...(service !== undefined && { service }), ...askerOf(command) },
  })
  if (json) return printJson(report)
  const names = [...Object.keys(what.set ?? {}), ...(what.unset ?? [])].join(", ")
  print(`${names}: ${what.unset === undefined ? "set" : "unset"}, for the next release. Roll it out now: conveyor release`)
}

async function valuesOf(given: readonly string[], fromFile: string | undefined): Promise<Record<string, string>> {
  const [name = ""] = given
  if (fromFile !== undefined) {
    if (given.length !== 1 || name.includes("=")) throw notUnderstood("with --from-file one name belongs here, without a value")
    return { [name]: (await contentOf(fromFile)).replace(/\r?\n$/, "") }
  }
  return Object.fromEntries(
    given.map((each) => {
      const equals = each.indexOf("=")
      // What stands there may be a value, and is not repeated.
      if (equals < 1) throw notUnderstood("each variable is written NAME=value")
      return [each.slice(0, equals), each.slice(equals + 1)]
    }),
  )
}

async function contentOf(path: string): Promise<string> {
  if (path === "-") return textOf(process.stdin)
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new ConveyorError("bad-options", `${path} cannot be read: ${describe(cause)}`, {
      hint: "Name a file with the value in it.",
      cause,
    })
  })
}

const notUnderstood = (message: string) => new ConveyorError("bad-options", message, { hint: "conveyor env set --help" })
