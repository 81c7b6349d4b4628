// conveyor serve: the control plane in the foreground, for `conveyor up` and for service managers.
import { resolve } from "node:path"
import type { Command } from "commander"
import { configFileName } from "../../config/load-config.ts"
import { systemClock } from "../../kernel/time/clock.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"
import { claimState } from "../../server/installation/installation.ts"
import { makeStateDirectory } from "../../server/installation/state-directory.ts"
import { globalOptions } from "../options.ts"
import { ownUnit } from "../service/managed.ts"

export function addServe(program: Command): void {
  const command: Command = program
    .command("serve")
    .summary("run the control plane in the foreground")
    .description(
      "Runs the control plane in the foreground, for a service manager; `conveyor up` does the same in the background. SIGTERM\nstops it in good order: what is under way is carried on by the next one, and traffic goes on meanwhile.",
    )
    .option("--config <file>", "the installation's conveyor.yml", configFileName)
    .action(async (options: { config: string }) => {
      const { state } = globalOptions(command)
      const [{ createLogger }, { prepareRepository }, { serve }, { Watching }, { wire }] = await Promise.all([
        import("../../kernel/logger.ts"),
        import("../../server/installation/repository.ts"),
        import("../../server/serve.ts"),
        import("../../server/watching/watching.ts"),
        import("../../wiring/wiring.ts"),
      ])
      const stop = new AbortController()
      for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
        process.on(name, () => stop.abort(new ConveyorError("stopped", `stopped by ${name}`)))
      const configFile = resolve(options.config)
      const logger = createLogger("control-plane")

      await makeStateDirectory(state)
      await claimState(state)
      await prepareRepository(state, import.meta.dirname)
      const wired = await wire({ state, configFile, variables: process.env, clock: systemClock, logger, signal: stop.signal })
      try {
        const { ports, lease, edgeUrl, reviveEdge, config, watch, jobs } = wired
        const { name, control } = config
        await serve({
          state,
          configFile,
          name,
          ports,
          lease,
          edgeUrl,
          listen: control.listen,
          unit: ownUnit(process.env),
          watching: new Watching(watch, ports),
          jobs,
          reviveEdge,
          clock: systemClock,
          logger,
          signal: stop.signal,
        })
      } finally {
        await wired.close()
      }
    })
}
