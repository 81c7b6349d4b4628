// The records of state.db as the program sees them.
import type { ArtifactRef } from "../kernel/artifact.ts"
import type { Facts } from "../kernel/errors/errors.ts"

/** "contract" drops what a change has made unused; "abort" takes an expanded change away again; "repack" gives back the room of what a contract dropped. */
export type ReleaseKind = "release" | "rollback" | "contract" | "abort" | "repack"

/**
 * "promoted": done, its version serves (or its change is contracted). "rolled-back": it was switched to and went back.
 * "failed": it never got that far. "refused": nothing was begun. "cancelled": a person took it back before it was begun.
 * "superseded": while it waited, a newer push of its branch took its place.
 */
export type ReleaseState = "queued" | "running" | "promoted" | "rolled-back" | "failed" | "refused" | "superseded" | "cancelled"

export const hasEnded = (state: ReleaseState): boolean => state !== "queued" && state !== "running"

export interface ReleaseRecord {
  id: number
  kind: ReleaseKind
  /** "v42" */
  version: string
  commit: string
  /** The change that a contract, an abort or a repack is about. */
  change: string | undefined
  /** The branch that was pushed, where a push asked for it. */
  branch?: string | undefined
  /** The run that took its place. */
  supersededBy?: number | undefined
  requestedAt: number
  state: ReleaseState
  reason: string | undefined
  endedAt: number | undefined
}

/** Who asks. `actor` and `reason` are what it says of itself; `proof` is what let it in. */
export interface Asker {
  actor: string | undefined
  reason: string | undefined
  proof: string
}

export interface RequestRecord extends Asker {
  seq: number
  at: number
  /** "release", "promote", "retire", ... */
  action: string
  /** The version, the change or the run that it is about. */
  subject: string
  /** The run that it began or touched. */
  run: number | undefined
}

/** What copies of a version are told, as far as anybody may know it. */
export interface VersionEnvironment {
  id: string
  /** A keyed digest of each value, by "service/NAME". */
  names: Readonly<Record<string, string>>
}

export interface VersionRecord {
  /** "v42" */
  name: string
  commit: string
  /** First line of the commit's message. */
  subject: string
  createdAt: number
  /** Undefined where its copies are told nothing, and of versions from before it was kept: then it is as the commit says. */
  environment?: VersionEnvironment | undefined
  artifact: ArtifactRef | undefined
  /** Names of the changes in its commit; undefined until it was built. */
  changes: readonly string[] | undefined
  warmUntil: number | undefined
  stoppedAt: number | undefined
}

export type JournalEventName = "started" | "succeeded" | "failed" | "undo_started" | "undo_finished" | "undo_failed"

export interface JournalEvent {
  seq: number
  release: number
  step: string
  event: JournalEventName
  at: number
  fence: number
  facts: Facts
}

/** Why an event cannot be the next of a run's journal; undefined where it can. The rules are the release layer's. */
export type WhyIllegal = (
  run: ReleaseRecord,
  before: readonly JournalEvent[],
  next: Pick<JournalEvent, "step" | "event">,
) => string | undefined
