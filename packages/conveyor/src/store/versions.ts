// The port of versions: one for each commit that anybody ever wanted released. Every write is fenced by the lease.
import type { ArtifactRef } from "../kernel/artifact.ts"
import type { VersionRecord } from "./records.ts"

export interface Versions {
  /** The commit's version, made where it has none yet. */
  ensure: (commit: string, subject: string) => Promise<VersionRecord>
  /** @throws ConveyorError "bad-version" where that is no version's name. */
  find: (name: string) => Promise<VersionRecord | undefined>
  /** Oldest first. */
  all: () => Promise<VersionRecord[]>
  /** Those whose rollback window was opened and not closed yet, oldest first. */
  warm: () => Promise<VersionRecord[]>
  built: (name: string, artifact: ArtifactRef, changes: readonly string[]) => Promise<void>
  /** Opens the rollback window until `until` (ms since the epoch), or closes it (undefined) because the version is current. */
  keepWarm: (name: string, until: number | undefined) => Promise<void>
  /** Its last copy is gone. */
  stopped: (name: string) => Promise<void>
}
