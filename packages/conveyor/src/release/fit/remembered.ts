// What this installation's own record says of a shard that is silent: a change that no contract was begun for has lost
// nothing anywhere, and one that a promoted version needed was ready on every shard that version's fleet had. What the
// record cannot prove stays unknown. Pure. Called by versions.ts where a shard does not answer.
import type { ChangeStatus } from "../../change/engine.ts"
import type { ReleaseRecord, VersionRecord } from "../../store/records.ts"

export interface Records {
  releases: readonly ReleaseRecord[]
  versions: readonly VersionRecord[]
  /** The shards in conveyor.yml of a version's commit. */
  shardsOf: (version: string) => readonly string[]
}

export function remembered(status: ChangeStatus, records: Records): ChangeStatus {
  const silent = status.shards.filter(({ phase }) => phase === "unknown").map(({ shard }) => shard)
  if (silent.length === 0) return status
  const wasReady = status.readiness === "unknown" && silent.every((shard) => wasReadyOn(shard, status.change, records))
  return {
    ...status,
    readiness: wasReady ? "ready" : status.readiness,
    contract: status.contract === "unknown" && !wasBegun("contract", status.change, records.releases) ? "pending" : status.contract,
  }
}

/** A run that was refused, or waits in the queue, has touched nothing. */
const wasBegun = (kind: "contract" | "abort", change: string, releases: readonly ReleaseRecord[]): boolean =>
  releases.some((each) => each.kind === kind && each.change === change && each.state !== "refused" && each.state !== "queued")

function wasReadyOn(shard: string, change: string, { releases, versions, shardsOf }: Records): boolean {
  const having = new Set(versions.filter((version) => version.changes?.includes(change) === true).map(({ name }) => name))
  const proof = releases.findLast(
    ({ kind, state, version }) =>
      kind === "release" && (state === "promoted" || state === "rolled-back") && having.has(version) && shardsOf(version).includes(shard),
  )
  if (proof === undefined) return false
  return !wasBegun(
    "abort",
    change,
    releases.filter(({ id }) => id > proof.id),
  )
}
