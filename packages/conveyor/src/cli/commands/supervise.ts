// conveyor supervise: starts the control plane again wherever it ends; in the foreground, for `conveyor up --supervised` and for containers.
import { resolve } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { readConfig } from "../../config/read-config.ts"
import { systemClock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { identify, isAlive, signalProcess } from "../../kernel/process/process-identity.ts"
import type { ProcessIdentity } from "../../kernel/process/process-identity.ts"
import { claimState } from "../../server/installation/installation.ts"
import { findControlPlane, makeStateDirectory } from "../../server/installation/state-directory.ts"
import { spawnControlPlane } from "../control-plane-process.ts"
import { globalOptions } from "../options.ts"

export function addSupervise(program: Command): void {
  const command: Command = program
    .command("supervise")
    .summary("start the control plane again wherever it ends")
    .description(
      "Starts the control plane where none runs, and again within a second where it ends, with longer pauses where it does not last;\nin the foreground, for machines and containers without a service manager. `conveyor up --supervised` does it in the background. SIGTERM ends\nthe supervision and nothing else.",
    )
    .option("--config <file>", "the installation's conveyor.yml", configFileName)
    .action(async (options: { config: string }) => {
      const { state } = globalOptions(command)
      const configFile = resolve(options.config)
      await readConfig(configFile, process.env)
      const [{ createLogger }, { findSupervisor, forgetSupervisor, recordSupervisor, supervise }] = await Promise.all([
        import("../../kernel/logger.ts"),
        import("../../server/installation/supervisor.ts"),
      ])
      await makeStateDirectory(state)
      await claimState(state)
      const other = await findSupervisor(state)
      const own = identify(process.pid)
      if (other !== undefined || own === undefined) throw occupied(other)
      const stop = new AbortController()
      for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => stop.abort())
      await recordSupervisor(state, own)

      let begun: ProcessIdentity | undefined
      await supervise({
        find: async () => (await findControlPlane(state))?.identity,
        start: async () => {
          const { child } = spawnControlPlane(state, configFile)
          child.on("error", () => {})
          return (begun = child.pid === undefined ? undefined : identify(child.pid))
        },
        isAlive,
        clock: systemClock,
        logger: createLogger("supervisor"),
        signal: stop.signal,
      })
      // Whoever stops this one looks for the control plane next, and must not miss one that is only beginning.
      if (begun !== undefined && (await findControlPlane(state)) === undefined) signalProcess(begun, "SIGTERM")
      await forgetSupervisor(state)
    })
}

function occupied(other: ProcessIdentity | undefined): ConveyorError {
  if (other === undefined) return new ConveyorError("no-identity", "this process cannot find itself in the process table")
  return new ConveyorError("in-use", `process ${other.pid} watches over this installation already`, {
    facts: { pid: other.pid },
    hint: "conveyor down ends it and everything else; `kill -TERM` ends the supervision alone.",
  })
}
