import assert from "node:assert/strict"
import { test } from "node:test"
import type { Command } from "commander"
import { askerOf, globalOptions } from "./options.ts"
import { createProgram } from "./program.ts"

/** Every command with its path: "change status". */
function commandsOf(parent: Command, path = ""): { path: string; command: Command }[] {
  return parent.commands.flatMap((command) => {
    const own = `${path}${command.name()}`
    return [{ path: own, command }, ...commandsOf(command, `${own} `)]
  })
}

test("every command says in full what it is for, and every argument and option what it means", () => {
  for (const { path, command } of commandsOf(createProgram())) {
    assert.match(command.description(), /^[A-Z].*\.$/s, path)
    for (const argument of command.registeredArguments) assert.notEqual(argument.description, "", `${path} <${argument.name()}>`)
    for (const option of command.options) assert.notEqual(option.description, "", `${path} ${option.flags}`)
  }
})

test("in the list of commands each has one short line", () => {
  const help = createProgram().helpInformation()
  for (const command of createProgram().commands) {
    const line = help.split("\n").find((each) => each.trimStart().startsWith(`${command.name()} `))
    assert.ok(line !== undefined && line.trim().length > command.name().length + 2, command.name())
  }
})

test("the commands that the documents name are there", () => {
  const paths = commandsOf(createProgram()).map(({ path }) => path)
  const named = [
    "up",
    "release",
    "status",
    "plan",
    "promote",
    "rollback",
    "retire",
    "logs",
    "down",
    "init",
    "serve",
    "change status",
    "change contract",
  ]
  assert.deepEqual(
    named.filter((path) => !paths.includes(path)),
    [],
  )
})

for (const argv of [
  ["--state", "/srv/shop", "--json", "status"],
  ["status", "--state", "/srv/shop", "--json"],
]) {
  test(`the options of every command are read wherever they stand: ${argv.join(" ")}`, async () => {
    const program = createProgram()
    let read: ReturnType<typeof globalOptions> | undefined
    program.commands
      .find((command) => command.name() === "status")
      ?.action((_options: object, command: Command) => {
        read = globalOptions(command)
      })
    await program.parseAsync(argv, { from: "user" })
    assert.deepEqual([read?.state.root, read?.state.database, read?.json], ["/srv/shop", "/srv/shop/state.db", true])
  })
}

test("without options the state lies beside conveyor.yml, and the answer is text", async () => {
  const program = createProgram()
  let read: ReturnType<typeof globalOptions> | undefined
  program.commands
    .find((command) => command.name() === "status")
    ?.action((_options: object, command: Command) => {
      read = globalOptions(command)
    })
  await program.parseAsync(["status"], { from: "user" })
  assert.match(read?.state.root ?? "", /\/\.conveyor$/)
  assert.equal(read?.json, false)
})

test("a request says who asks and why in one line each, whatever was given", async () => {
  const asked = async (...argv: string[]) => {
    const program = createProgram()
    let read: ReturnType<typeof askerOf> | undefined
    program.commands
      .find((command) => command.name() === "retire")
      ?.action((_version: string, _options: object, command: Command) => {
        read = askerOf(command)
      })
    await program.parseAsync(["retire", "v1", ...argv], { from: "user" })
    return read
  }
  assert.deepEqual(await asked("--actor", "anna", "--reason", "it\n  \u001B[1mrains "), { actor: "anna", reason: "it [1mrains" })
  assert.deepEqual(await asked("--actor", " "), { actor: (await asked())?.actor, reason: undefined })
  assert.notEqual((await asked())?.actor, "")
})
