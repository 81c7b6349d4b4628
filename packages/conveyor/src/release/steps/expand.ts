// expand: additive DDL and sync triggers, canary shard first. Going back leaves it: an expanded schema serves both
// versions, and taking it away could lose what the new version wrote (docs/decisions/0004).
import { fleetOf } from "../fit/versions.ts"
import { isUnexpanded } from "../planning/plan-run.ts"
import { plannedFor } from "../planning/planned.ts"
import { runCommands } from "./commands.ts"
import { changesFor } from "./fleet-changes.ts"
import { fleetRun } from "./fleet-run.ts"
import type { Step } from "./step.ts"

export const expand: Step = {
  async run(context) {
    const { ports, version, config, planned } = context
    const commands = await runCommands(context, "before_expand")
    const fleet = await fleetOf(ports, version(), config)
    if (fleet === undefined) return { changes: [], commands }
    const changes = await changesFor(context, fleet, plannedFor("expand", planned).of, isUnexpanded)
    for (const change of changes) await fleet.engine.expand(change, fleetRun(context, "expanding"))
    return { commands, changes: changes.map(({ name }) => name) }
  },
}
