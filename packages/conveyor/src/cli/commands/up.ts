// conveyor up: the control plane and the edge, as processes of their own, running when this returns.
import { spawn } from "node:child_process"
import { closeSync, fstatSync, openSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { extname, join, resolve } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { readConfig } from "../../config/read-config.ts"
import { systemClock } from "../../kernel/clock.ts"
import { seconds } from "../../kernel/duration.ts"
import { kindOf } from "../../kernel/error-catalogue.ts"
import { ConveyorError } from "../../kernel/errors.ts"
import { isAlive, signalProcess } from "../../kernel/process-identity.ts"
import { until } from "../../kernel/until.ts"
import { claimState } from "../../server/installation.ts"
import { findControlPlane, makeStateDirectory } from "../../server/state-directory.ts"
import type { ControlAddress, StateDirectory } from "../../server/state-directory.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { bold, dim, yellow } from "../render/paint.ts"

const startsWithinMs = seconds(60)
const stopsWithinMs = seconds(60)
const forever = new AbortController().signal

export function addUp(program: Command): void {
  const command: Command = program
    .command("up")
    .summary("start the control plane and the edge")
    .description(
      "Starts what does not run yet, and finds what does: calling it again is harmless. A release that was under way is carried on.",
    )
    .option("--config <file>", "the installation's conveyor.yml", configFileName)
    .option("--restart", "start the control plane anew; traffic goes on meanwhile")
    .action(async (options: { config: string; restart?: boolean }) => {
      const { state, json } = globalOptions(command)
      const configFile = resolve(options.config)
      // Mistakes in the file are told here, where a person sees them, and not only in the log of a process that cannot start.
      await readConfig(configFile, process.env)
      await makeStateDirectory(state)
      const claim = await claimState(state)
      if (claim.was === "copied" && !json) print(copiedFrom(claim.from))
      if (options.restart === true) await stopControlPlane(state)
      const address = (await findControlPlane(state)) ?? (await start(state, configFile))
      if (json) printJson({ edge: address.edge, repository: state.repository, api: address.url })
      else for (const line of greeting(state, address)) print(line)
    })
}

export const copiedFrom = (path: string) =>
  yellow(`this directory is a copy of the installation at ${path}: that one's processes are left to it`)

function* greeting(state: StateDirectory, { edge, url }: ControlAddress): Generator<string> {
  yield bold("conveyor is up")
  yield `  users    ${edge}`
  yield `  control  ${url}`
  yield `  push to  git remote add conveyor ${state.repository}`
  yield `           git push conveyor main`
  yield dim(`  see      conveyor status · conveyor logs · conveyor down`)
}

async function start(state: StateDirectory, configFile: string): Promise<ControlAddress> {
  const logFile = join(state.logs, "control-plane.log")
  const log = openSync(logFile, "a", 0o600)
  const before = fstatSync(log).size
  const main = join(import.meta.dirname, "..", `main${extname(import.meta.filename)}`)
  const argv = ["--disable-warning=ExperimentalWarning", main, "--state", state.root, "serve", "--config", configFile]
  const child = spawn(process.execPath, argv, { detached: true, stdio: ["ignore", log, log] })
  closeSync(log)
  child.unref()
  return until(
    async () => {
      const address = await findControlPlane(state)
      if (address !== undefined) return { done: address }
      if (child.exitCode !== null) return { done: undefined }
      return { notYet: "it has not announced itself" }
    },
    { what: "the control plane is up", everyMs: 50, withinMs: startsWithinMs, clock: systemClock, signal: forever },
  ).then(async (address) => {
    if (address !== undefined) return address
    const said = (await readFile(logFile)).subarray(before).toString("utf8")
    const tail = said.trimEnd().split("\n").slice(-20).join("\n")
    // What it has ended with says whose fault that was.
    throw new ConveyorError(
      child.exitCode === kindOf("cannot-start").exit ? "cannot-start" : "not-started",
      `the control plane ended at once:\n${tail}`,
      {
        facts: { logFile, exitCode: child.exitCode },
        hint: `Its log: ${logFile}`,
      },
    )
  })
}

/** SIGTERM, and a bounded wait; SIGKILL is safe too, because everything is journaled, but it is left to the person. */
export async function stopControlPlane(state: StateDirectory): Promise<"stopped" | "was-gone"> {
  const address = await findControlPlane(state)
  if (address === undefined) return "was-gone"
  signalProcess(address.identity, "SIGTERM")
  await until(() => (isAlive(address.identity) ? { notYet: `process ${address.identity.pid} still runs` } : { done: true }), {
    what: "the control plane has stopped",
    everyMs: 50,
    withinMs: stopsWithinMs,
    clock: systemClock,
    signal: forever,
  })
  return "stopped"
}
