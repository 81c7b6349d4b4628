// expand: additive DDL and sync triggers, canary shard first. Going back leaves it: an expanded schema serves both
// versions, and taking it away could lose what the new version wrote (docs/decisions/0004).
import { fleetOf, fleetStatus } from "../fit/versions.ts"
import { runCommands } from "./commands.ts"
import { fleetRun } from "./fleet-run.ts"
import type { ChangeStatus } from "../../change/engine.ts"
import type { Step } from "./step.ts"

export const expand: Step = {
  async run(context) {
    const { ports, version, config, signal } = context
    const commands = await runCommands(context, "before_expand")
    const fleet = await fleetOf(ports, version(), config)
    if (fleet === undefined) return { changes: [], commands }
    const absent = (await fleetStatus(ports, fleet, signal)).filter(isUnexpanded)
    for (const change of fleet.own) {
      if (absent.some((status) => status.change === change.name)) await fleet.engine.expand(change, fleetRun(context, "expanding"))
    }
    return { commands, changes: fleet.own.map(({ name }) => name).filter((name) => absent.some(({ change }) => change === name)) }
  },
}

/** A silent shard is expanded too, unless it is known to be ready: the engine waits for it, and names it. */
const isUnexpanded = ({ readiness, shards }: ChangeStatus): boolean =>
  readiness !== "ready" && shards.some(({ phase }) => phase === "absent" || phase === "expanding" || phase === "unknown")
