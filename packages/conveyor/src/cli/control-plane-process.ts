// The control plane as a process: started in the background, waited for, and stopped. Called by up, down, supervise and service.
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { closeSync, fstatSync, openSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { extname, join } from "node:path"
import { systemClock } from "../kernel/time/clock.ts"
import { seconds } from "../kernel/time/duration.ts"
import { kindOf } from "../kernel/errors/error-catalogue.ts"
import { ConveyorError } from "../kernel/errors/errors.ts"
import { isAlive, signalProcess } from "../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../kernel/process/process-identity.ts"
import { until } from "../kernel/time/until.ts"
import { findControlPlane } from "../server/installation/state-directory.ts"
import type { ControlAddress, StateDirectory } from "../server/installation/state-directory.ts"
import { tellSystemd } from "./service/managed.ts"
import type { Unit } from "./service/managed.ts"

const startsWithinMs = seconds(60)
const stopsWithinMs = seconds(60)
const forever = new AbortController().signal

/** What runs one command of this Conveyor, as a process of its own. */
export const commandLine = (state: StateDirectory, ...argv: readonly string[]): string[] => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, `main${extname(import.meta.filename)}`),
  "--state",
  state.root,
  ...argv,
]

/** In the background, its output at the end of the log; where that was before is `from`. */
export function spawnBehind(state: StateDirectory, logFile: string, ...argv: readonly string[]): { child: ChildProcess; from: number } {
  const log = openSync(logFile, "a", 0o600)
  try {
    const from = fstatSync(log).size
    const [program = "", ...rest] = commandLine(state, ...argv)
    const child = spawn(program, rest, { detached: true, stdio: ["ignore", log, log] })
    child.unref()
    return { child, from }
  } finally {
    closeSync(log)
  }
}

export const spawnControlPlane = (state: StateDirectory, configFile: string) =>
  spawnBehind(state, controlPlaneLog(state), "serve", "--config", configFile)

const controlPlaneLog = (state: StateDirectory) => join(state.logs, "control-plane.log")

/** Running when this resolves. @throws ConveyorError "cannot-start", "not-started" with the last of what it has said */
export async function startControlPlane(state: StateDirectory, configFile: string): Promise<ControlAddress> {
  const logFile = controlPlaneLog(state)
  const { child, from } = spawnControlPlane(state, configFile)
  const address = await announced(state, () => child.exitCode !== null)
  if (address !== undefined) return address
  const said = (await readFile(logFile)).subarray(from).toString("utf8")
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
}

/** Undefined where it `hasEnded` before it said where it is. @throws TimedOutError */
export function announced(state: StateDirectory, hasEnded: () => boolean): Promise<ControlAddress | undefined> {
  return until(
    async () => {
      const address = await findControlPlane(state)
      if (address !== undefined) return { done: address }
      return hasEnded() ? { done: undefined } : { notYet: "it has not announced itself" }
    },
    { what: "the control plane is up", everyMs: 50, withinMs: startsWithinMs, clock: systemClock, signal: forever },
  )
}

/**
 * SIGTERM, by systemd where that has started it, and a bounded wait; SIGKILL is safe too, because everything is journaled, but it is
 * left to the person. Gives the unit, of which another start is asked.
 */
export async function stopControlPlane(state: StateDirectory): Promise<{ was: "gone" | "running"; unit?: Unit }> {
  const address = await findControlPlane(state)
  if (address === undefined) return { was: "gone" }
  const { unit } = address
  if (unit !== undefined) await tellSystemd("stop", unit)
  await stopped("the control plane", address.identity)
  return unit === undefined ? { was: "running" } : { was: "running", unit }
}

export async function stopped(what: string, identity: ProcessIdentity): Promise<void> {
  signalProcess(identity, "SIGTERM")
  await until(() => (isAlive(identity) ? { notYet: `process ${identity.pid} still runs` } : { done: true }), {
    what: `${what} has stopped`,
    everyMs: 50,
    withinMs: stopsWithinMs,
    clock: systemClock,
    signal: forever,
  })
}
