// Which of a version's changes a step works on: those that were planned, or, where the fleet could not be asked then, those that
// the same rule names now. Called by expand and backfill.
import type { Change } from "../../change/change.ts"
import type { ChangeStatus } from "../../change/engine.ts"
import { fleetStatus } from "../fit/versions.ts"
import type { Fleet } from "../fit/versions.ts"
import type { PlannedChanges } from "../planning/planned.ts"
import type { StepContext } from "./step.ts"

/** Oldest first. */
export async function changesFor(
  { ports, signal }: StepContext,
  fleet: Fleet,
  planned: PlannedChanges,
  which: (status: ChangeStatus) => boolean,
): Promise<readonly Change[]> {
  const names =
    planned.is === "known" ? planned.changes : (await fleetStatus(ports, fleet, signal)).filter(which).map(({ change }) => change)
  return fleet.own.filter(({ name }) => names.includes(name))
}
