// conveyor service: the control plane from boot on, and again wherever it ends, by systemd.
import { existsSync } from "node:fs"
import { mkdir, rm } from "node:fs/promises"
import { homedir, userInfo } from "node:os"
import { dirname, resolve } from "node:path"
import { Option } from "commander"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { readConfig } from "../../config/read-config.ts"
import { writeDurably } from "../../kernel/disk/durable-file.ts"
import { ConveyorError, describe } from "../../kernel/errors/errors.ts"
import { commandLine, stopControlPlane } from "../control-plane-process.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { carryOut } from "../service/managed.ts"
import { planService } from "../service/plan.ts"
import type { ServicePlan } from "../service/plan.ts"
import { unitText } from "../service/unit.ts"
import { stopSupervisor } from "../supervisor-process.ts"

interface ServiceOptions {
  config: string
  user?: boolean
  runAs?: string
  dryRun?: boolean
}

export function addService(program: Command): void {
  const service = program
    .command("service")
    .summary("run the control plane by systemd, from boot on")
    .description(
      "Writes, removes and looks at a systemd unit that runs the control plane from boot on and starts it again wherever it ends.",
    )

  addAction(service, "install", "Writes the unit, and starts the control plane by it; traffic goes on meanwhile.").action(install(service))
  addAction(service, "uninstall", "Stops the control plane and removes the unit. Edge and copies serve on until conveyor down.").action(
    uninstall(service),
  )
  addAction(service, "status", "What systemd says of the unit.").action(status(service))
}

function addAction(service: Command, name: string, description: string): Command {
  const command = service
    .command(name)
    .description(description)
    .option("--config <file>", "the installation's conveyor.yml", configFileName)
    .option("--user", "of this user's own systemd, and not of the machine's")
  if (name === "status") return command
  command.option("--dry-run", "print what would be done, and do nothing")
  return name === "install" ? command.addOption(new Option("--run-as <user>", "who runs it; default: the user who installs it")) : command
}

const planOf = async (action: "install" | "uninstall" | "status", { config, user }: ServiceOptions) => {
  const configFile = resolve(config)
  const { name } = await readConfig(configFile, process.env)
  const scope = user === true ? "user" : "system"
  return { configFile, name, scope, plan: planService(action, name, scope, homedir()) } as const
}

const install = (service: Command) => async (options: ServiceOptions) => {
  const { state, json } = globalOptions(service)
  const { configFile, name, scope, plan } = await planOf("install", options)
  const text = unitText({
    name,
    scope,
    command: commandLine(state, "serve", "--config", configFile),
    folder: dirname(configFile),
    user: scope === "user" ? undefined : (options.runAs ?? userInfo().username),
    path: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
  })
  if (options.dryRun === true) {
    if (json) printJson({ ...plan, text })
    else print(`# ${plan.file}\n${text}${plan.commands.map((argv) => `# then: ${argv.join(" ")}`).join("\n")}`)
    return
  }
  assertSystemd()
  await write(plan.file, text)
  // The lease is one: what was started otherwise makes way, and the edge serves on.
  await stopSupervisor(state)
  await stopControlPlane(state)
  for (const argv of plan.commands) await carryOut(argv)
  report(json, plan, `${plan.unit} runs the control plane, from boot on`)
}

const uninstall = (service: Command) => async (options: ServiceOptions) => {
  const { json } = globalOptions(service)
  const { plan } = await planOf("uninstall", options)
  if (options.dryRun === true) {
    if (json) printJson(plan)
    else for (const line of [...plan.commands.map((argv) => argv.join(" ")), `rm ${plan.file}`]) print(line)
    return
  }
  assertSystemd()
  const [stop = [], ...rest] = plan.commands
  await carryOut(stop)
  await rm(plan.file, { force: true })
  for (const argv of rest) await carryOut(argv)
  report(json, plan, `${plan.unit} is gone; edge and copies serve on until conveyor down`)
}

const status = (service: Command) => async (options: ServiceOptions) => {
  const { json } = globalOptions(service)
  const { plan } = await planOf("status", options)
  assertSystemd()
  const said = (await Promise.all(plan.commands.map(carryOut))).join("").trim()
  const properties = Object.fromEntries(said.split("\n").map((line) => line.split("=", 2) as [string, string]))
  if (json) printJson({ unit: plan.unit, file: plan.file, ...properties })
  else for (const [key, value] of [["unit", plan.unit], ["file", plan.file], ...Object.entries(properties)]) print(`${key}  ${value}`)
}

function report(json: boolean, { unit, file }: ServicePlan, words: string): void {
  if (json) printJson({ unit, file })
  else print(words)
}

function assertSystemd(): void {
  if (existsSync("/run/systemd/system")) return
  throw new ConveyorError("no-systemd", "systemd does not run this machine", {
    hint: "conveyor up --supervised starts the control plane again wherever it ends; --dry-run prints the unit for another machine.",
  })
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeDurably(file, text, 0o644)
  } catch (cause) {
    throw new ConveyorError("cannot-write", `${file} cannot be written: ${describe(cause)}`, {
      facts: { file },
      hint: "Run as root (sudo), or with --user for a service of this user's own.",
      cause,
    })
  }
}
