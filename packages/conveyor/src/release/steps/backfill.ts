// backfill: every row of every shard filled in batches beside the running system, then old = new proven by checksum.
// Going back only stops it: the rows that are filled stay filled, and a later release carries on from there.
import type { Checksum, Measured } from "../../change/engine.ts"
import { untilItFits } from "../fit/fit.ts"
import { fleetOf, fleetStatus } from "../fit/versions.ts"
import { isUnready } from "../planning/plan-run.ts"
import { plannedFor } from "../planning/planned.ts"
import { changesFor } from "./fleet-changes.ts"
import { fleetRun } from "./fleet-run.ts"
import type { Step } from "./step.ts"

export const backfill: Step = {
  async run(context) {
    const { ports, version, config, planned, signal, report, holds } = context
    const fleet = await fleetOf(ports, version(), config)
    if (fleet === undefined) return { changes: {} }
    const changes: Record<string, Measured & { checksum: Checksum }> = {}
    for (const change of await changesFor(context, fleet, plannedFor("backfill", planned).of, isUnready)) {
      const measured = await fleet.engine.backfill(change, fleetRun(context, "backfilling"))
      const checksum = await fleet.engine.verify(change, fleetRun(context, "comparing old and new of"))
      changes[change.name] = { ...measured, checksum }
    }
    await untilItFits(version(), () => fleetStatus(ports, fleet, signal), { ports, signal, report, holds })
    return { changes }
  },
}
