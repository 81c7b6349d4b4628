// conveyor down: stops everything that `conveyor up` and the releases have started.
import { existsSync } from "node:fs"
import type { Command } from "commander"
import { systemClock } from "../../kernel/time/clock.ts"
import { claimState } from "../../server/installation/installation.ts"
import { globalOptions } from "../options.ts"
import { print, printJson } from "../print.ts"
import { stopControlPlane } from "../control-plane-process.ts"
import { stopSupervisor } from "../supervisor-process.ts"
import { copiedFrom } from "./up.ts"

export function addDown(program: Command): void {
  const command: Command = program
    .command("down")
    .summary("stop the control plane, the edge and every copy")
    .description(
      "Ends the service for its users: the control plane, the edge and every copy are stopped. What is on disk stays;\n`conveyor up` serves again what served before.",
    )
    .action(async () => {
      const { state, json } = globalOptions(command)
      const { stopEverything } = await import("../../wiring/wiring.ts")
      const stopped: string[] = []
      const claim = existsSync(state.root) ? await claimState(state) : undefined
      if (claim?.was === "copied" && !json) print(copiedFrom(claim.from))
      if ((await stopSupervisor(state)) === "stopped") stopped.push("supervisor")
      if ((await stopControlPlane(state)).was === "running") stopped.push("control plane")
      await stopEverything(state, systemClock, new AbortController().signal, (what) => stopped.push(what))
      if (json) printJson({ stopped })
      else for (const what of stopped) print(`stopped ${what}`)
    })
}
