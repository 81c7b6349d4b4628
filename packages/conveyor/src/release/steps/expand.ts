// expand: additive DDL and sync triggers, canary shard first. Going back leaves it: an expanded schema serves both
// versions, and taking it away could lose what the new version wrote (docs/decisions/0004).
import { fleetOf } from "../versions.ts"
import { fleetRun } from "./fleet-run.ts"
import type { Step } from "./step.ts"

export const expand: Step = {
  async run(context) {
    const { ports, version, config, signal } = context
    const fleet = await fleetOf(ports, version(), config)
    if (fleet === undefined) return { changes: [] }
    const absent = (await fleet.engine.status(fleet.own, signal)).filter((status) =>
      status.shards.some((shard) => shard.phase === "absent" || shard.phase === "expanding"),
    )
    for (const change of fleet.own) {
      if (absent.some((status) => status.change === change.name)) await fleet.engine.expand(change, fleetRun(context, "expanding"))
    }
    return { changes: absent.map((status) => status.change) }
  },
}
