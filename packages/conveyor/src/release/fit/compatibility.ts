// The compatibility rule, asked before a version starts, is rolled back to, or loses its schema to a contract:
// a version may run on a fleet iff every change in its commit is ready and no change outside its commit is contracted.
// A shard that is silent may make the answer unknown, which is neither yes nor no. Pure.
import type { ChangeStatus } from "../../change/engine.ts"
import { ConveyorError } from "../../kernel/errors/errors.ts"

export interface Incompatibility {
  change: string
  because: "not-ready" | "contracted"
}

/** What nobody can say of a change while these shards are silent. */
export interface Doubt {
  change: string
  about: Incompatibility["because"]
  shards: readonly string[]
}

export type Fit =
  /** `silent` are the shards that did not answer, and that the version needs nothing of. */
  | { fits: "yes"; silent: readonly string[] }
  | { fits: "no"; because: readonly Incompatibility[] }
  | { fits: "unknown"; doubts: readonly Doubt[] }

/** Whether a version with these changes in its commit may run. What is known to be in the way decides before what is unknown. */
export function fitOf(changesInCommit: readonly string[], fleet: readonly ChangeStatus[]): Fit {
  const known = new Map(fleet.map((status) => [status.change, status]))
  const own = changesInCommit.map((change) => known.get(change) ?? { change, readiness: "not-ready" as const, shards: [] })
  const others = fleet.filter(({ change }) => !changesInCommit.includes(change))

  const because: Incompatibility[] = [
    ...own.filter(({ readiness }) => readiness === "not-ready").map(({ change }) => ({ change, because: "not-ready" as const })),
    ...others.filter(hasLost).map(({ change }) => ({ change, because: "contracted" as const })),
  ]
  if (because.length > 0) return { fits: "no", because }

  const doubts: Doubt[] = [
    ...own.filter(({ readiness }) => readiness === "unknown").map((status) => doubtOf(status, "not-ready")),
    ...others.filter(({ contract }) => contract === "unknown").map((status) => doubtOf(status, "contracted")),
  ]
  return doubts.length > 0 ? { fits: "unknown", doubts } : { fits: "yes", silent: [...new Set(fleet.flatMap(silentShards))] }
}

/** As soon as one shard has lost something, versions from before the change cannot run on the fleet any more. */
const hasLost = ({ contract }: ChangeStatus): boolean => contract === "begun" || contract === "done"

const silentShards = ({ shards }: Pick<ChangeStatus, "shards">): string[] =>
  shards.filter(({ phase }) => phase === "unknown").map(({ shard }) => shard)

const doubtOf = (status: Pick<ChangeStatus, "change" | "shards">, about: Doubt["about"]): Doubt => ({
  change: status.change,
  about,
  shards: silentShards(status),
})

/** The doubts in the reader's words. */
export const describeDoubts = (doubts: readonly Doubt[]): string =>
  doubts
    .map(({ change, about, shards }) => {
      const question = about === "contracted" ? "has been contracted" : "is ready"
      return `nobody can say whether ${change} ${question} on ${shards.join(", ")}, which ${shards.length === 1 ? "does" : "do"} not answer`
    })
    .join("; ")

/** What the version needs is missing, or gone: waiting would not help. */
export function incompatible(version: string, because: readonly Incompatibility[]): ConveyorError {
  const contracted = because.filter((each) => each.because === "contracted").map((each) => each.change)
  const notReady = because.filter((each) => each.because === "not-ready").map((each) => each.change)
  const reasons = [
    contracted.length > 0 ? `${contracted.join(", ")} is contracted: what ${version} reads is gone from the databases` : "",
    notReady.length > 0 ? `${notReady.join(", ")} is not ready on every shard` : "",
  ].filter((reason) => reason !== "")
  return new ConveyorError("incompatible", `${version} cannot run on this fleet: ${reasons.join("; ")}`, {
    facts: { version, contracted, notReady },
    hint:
      contracted.length > 0
        ? "Go forward instead: revert the code in a new commit that keeps the change, and push it."
        : "Release the version's commit; that makes its changes ready.",
  })
}
