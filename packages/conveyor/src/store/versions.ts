// The port of versions: one for each commit, with what its copies are told, that anybody ever wanted released. Every write is fenced by the lease.
import type { ArtifactRef } from "../kernel/artifact.ts"
import type { VersionEnvironment, VersionRecord } from "./records.ts"

export interface Versions {
  /** The commit's version with that environment, made where there is none yet. */
  ensure: (commit: string, subject: string, environment?: VersionEnvironment) => Promise<VersionRecord>
  /** @throws ConveyorError "bad-version" where that is no version's name. */
  find: (name: string) => Promise<VersionRecord | undefined>
  /** The newest of the commit. */
  ofCommit: (commit: string) => Promise<VersionRecord | undefined>
  /** Oldest first. For what is seldom asked: there may be tens of thousands. */
  all: () => Promise<VersionRecord[]>
  /** The newest `count`, oldest of them first. */
  newest: (count: number) => Promise<VersionRecord[]>
  /** The newest that was ever built. */
  newestBuilt: () => Promise<VersionRecord | undefined>
  /** The newest whose commit has the change. */
  newestWith: (change: string) => Promise<VersionRecord | undefined>
  /** Of those that were built the oldest with each list of changes that any has, oldest first: as many as the schema has had states. */
  oneOfEachChanges: () => Promise<VersionRecord[]>
  /** Those whose rollback window was opened and not closed yet, oldest first. */
  warm: () => Promise<VersionRecord[]>
  built: (name: string, artifact: ArtifactRef, changes: readonly string[]) => Promise<void>
  /** Opens the rollback window until `until` (ms since the epoch), or closes it (undefined) because the version is current. */
  keepWarm: (name: string, until: number | undefined) => Promise<void>
  /** Its last copy is gone. */
  stopped: (name: string) => Promise<void>
}
