// conveyor up: the control plane and the edge, as processes of their own, running when this returns.
import { resolve } from "node:path"
import type { Command } from "commander"
import type { Config } from "../../config/config.ts"
import { configFileName } from "../../config/load-config.ts"
import { readConfig } from "../../config/read-config.ts"
import { systemClock } from "../../kernel/time/clock.ts"
import { claimState } from "../../server/installation/installation.ts"
import { findControlPlane, makeStateDirectory } from "../../server/installation/state-directory.ts"
import type { ControlAddress, StateDirectory } from "../../server/installation/state-directory.ts"
import { findSupervisor } from "../../server/installation/supervisor.ts"
import { announced, startControlPlane, stopControlPlane } from "../control-plane-process.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { bold, dim, yellow } from "../render/paint.ts"
import { tellSystemd } from "../service/managed.ts"
import type { Unit } from "../service/managed.ts"
import { startSupervisor, stopSupervisor } from "../supervisor-process.ts"

interface UpOptions {
  config: string
  restart?: boolean
  supervised?: boolean
}

export function addUp(program: Command): void {
  const command: Command = program
    .command("up")
    .summary("start the control plane and the edge")
    .description(
      "Starts what does not run yet, and finds what does: calling it again is harmless. A release that was under way is carried on.",
    )
    .option("--config <file>", "the installation's conveyor.yml", configFileName)
    .option("--restart", "renew the control plane and the edge by the file and the programs of now; traffic goes on meanwhile")
    .option("--supervised", "start the control plane again wherever it ends, where no service manager does")
    .action(async (options: UpOptions) => {
      const { state, json } = globalOptions(command)
      const configFile = resolve(options.config)
      // Mistakes in the file are told here, where a person sees them, before anything is stopped, and not only in the log of a process that cannot start.
      const config = await readConfig(configFile, process.env)
      await makeStateDirectory(state)
      const claim = await claimState(state)
      if (claim.was === "copied" && !json) print(copiedFrom(claim.from))
      const wasSupervised = (await findSupervisor(state)) !== undefined
      const unit = options.restart === true ? await makeWay(state, config) : undefined
      if (unit !== undefined) await tellSystemd("start", unit)
      const address = await runningControlPlane(state, configFile, unit)
      if (options.supervised === true || wasSupervised) await startSupervisor(state, configFile)
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

/** What runs of old goes, the edge's workers last: users find one all the time. */
async function makeWay(state: StateDirectory, config: Config): Promise<Unit | undefined> {
  const { assertEdgeStays, renewOwnEdge } = await import("../../wiring/own-edge.ts")
  await assertEdgeStays(state, config)
  // First, or it starts the old one again.
  await stopSupervisor(state)
  const { unit } = await stopControlPlane(state)
  await renewOwnEdge(state, config, systemClock)
  return unit
}

/** `unit`: the one that was told to start it. */
async function runningControlPlane(state: StateDirectory, configFile: string, unit: Unit | undefined): Promise<ControlAddress> {
  const found = await findControlPlane(state)
  if (found !== undefined) return found
  // Who is about to start one is waited for: two would fight for the lease.
  const keeper = unit ?? (await findSupervisor(state))
  const revived = keeper === undefined ? undefined : await announced(state, () => false)
  return revived ?? startControlPlane(state, configFile)
}
