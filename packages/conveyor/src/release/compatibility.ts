// The compatibility rule, asked before a version starts, is rolled back to, or loses its schema to a contract:
// a version may run on a fleet iff every change in its commit is ready and no change outside its commit is contracted.
// Pure.
import type { ChangeStatus } from "../change/engine.ts"
import { ConveyorError } from "../kernel/errors.ts"

export interface Incompatibility {
  change: string
  because: "not-ready" | "contracted"
}

/** Everything that keeps a version with these changes in its commit from running; empty: it may run. */
export function incompatibilities(changesInCommit: readonly string[], fleet: readonly ChangeStatus[]): Incompatibility[] {
  const known = new Map(fleet.map((status) => [status.change, status]))
  const notReady = changesInCommit
    .filter((change) => known.get(change)?.isReady !== true)
    .map((change) => ({ change, because: "not-ready" as const }))
  const contracted = fleet
    .filter((status) => !changesInCommit.includes(status.change) && isContracted(status))
    .map((status) => ({ change: status.change, because: "contracted" as const }))
  return [...notReady, ...contracted]
}

/** As soon as one shard has lost something, versions from before the change cannot run on the fleet any more. */
const isContracted = (status: ChangeStatus): boolean => status.contract === "begun" || status.contract === "done"

/** @throws ConveyorError "incompatible" that names every change in the way. */
export function assertMayRun(version: string, changesInCommit: readonly string[], fleet: readonly ChangeStatus[]): void {
  const found = incompatibilities(changesInCommit, fleet)
  if (found.length === 0) return
  const contracted = found.filter((each) => each.because === "contracted").map((each) => each.change)
  const notReady = found.filter((each) => each.because === "not-ready").map((each) => each.change)
  const reasons = [
    contracted.length > 0 ? `${contracted.join(", ")} is contracted: what ${version} reads is gone from the databases` : "",
    notReady.length > 0 ? `${notReady.join(", ")} is not ready on every shard` : "",
  ].filter((reason) => reason !== "")
  throw new ConveyorError("incompatible", `${version} cannot run on this fleet: ${reasons.join("; ")}`, {
    facts: { version, contracted, notReady },
    hint:
      contracted.length > 0
        ? "Go forward instead: revert the code in a new commit that keeps the change, and push it."
        : "Release the version's commit; that makes its changes ready.",
  })
}
